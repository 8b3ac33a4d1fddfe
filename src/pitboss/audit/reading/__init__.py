"""Facts read again: from stored bytes of any version to the nouns that they are today."""

from pitboss.audit.reading.queries import (
    find_places,
    naming,
    read_mentions,
    read_shard,
    read_streams,
)

__all__ = ["find_places", "naming", "read_mentions", "read_shard", "read_streams"]
