"""How often Python looks for garbage in rings, in a process that works in batches."""

from __future__ import annotations

import gc

# A batch makes some thousands of containers that live until its commit and are in no ring; to
# look at them every 700 costs a tenth of the batch.  Rings still go, every hundred batches or so.
_CONTAINERS_BETWEEN_LOOKS = 50_000
_LOOKS_BETWEEN_DEEPER_ONES = 20


def look_rarely() -> None:
    """Let the collector pass over what is there already, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(
        _CONTAINERS_BETWEEN_LOOKS, _LOOKS_BETWEEN_DEEPER_ONES, _LOOKS_BETWEEN_DEEPER_ONES
    )
