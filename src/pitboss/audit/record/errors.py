"""Why the record is not continued, or not believed."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class NotPublishable(PlatformError):
    """The next checkpoint would not follow from the last one; nothing is signed until that is
    looked into."""


class DatabaseBehind(NotPublishable):
    """The database has fewer facts than were recorded: it was restored, or a failover lost some."""


class DatabaseForked(NotPublishable):
    """The database has other facts than were recorded."""


class StoreDamaged(NotPublishable):
    """The tile store does not hold what was recorded."""


class RecordBehind(NotPublishable):
    """The record of the last checkpoint is older than what was published."""


class RecordMoved(NotPublishable):
    """Somebody else has recorded a checkpoint meanwhile: two publish the same log."""


class WitnessDisagrees(NotPublishable):
    """A witness has seen more of the log than we have, or another one: it was rolled back, or
    somebody else signs with its key."""


class Difference(PlatformError):
    """The first place where the record is not what it must be.

    `index` is the entry's index in the log, or the tree's size where no single entry is meant.
    """

    def __init__(self, what: str, *, index: int, wanted: str, found: str) -> None:
        super().__init__(f"{what} at index {index}: {wanted} was to be there, and it is {found}")
        self.what = what
        self.index = index
        self.wanted = wanted
        self.found = found


class FactUnknown(PlatformError):
    """There is no such fact in the log, or it is not in a signed checkpoint yet."""
