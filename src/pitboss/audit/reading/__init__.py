"""Facts read again: from stored bytes of any version to the nouns that they are today."""

from pitboss.audit.reading.queries import find_places, read_mentions, read_shard

__all__ = ["find_places", "read_mentions", "read_shard"]
