"""What the record itself tells: which keys sign it, and which rules were in force."""

from __future__ import annotations

import msgspec

from pitboss.kernel.facts import Fact


class LogKeyAdded(Fact, frozen=True, kw_only=True, tag="log.key_added"):
    """From the next start on, this key signs beside those that did before."""

    verifier_key: str


class LogKeyDropped(Fact, frozen=True, kw_only=True, tag="log.key_dropped"):
    """From the next start on, this key signs no more; what it has signed stays signed."""

    verifier_key: str


class LicenceInForce(msgspec.Struct, frozen=True, kw_only=True):
    """A licence, and the version of its file."""

    code: str
    rules_version: str


class ConfigurationApplied(Fact, frozen=True, kw_only=True, tag="configuration.applied"):
    """An instance was started with this software and these rules; each start tells it.

    `changed` are the settings that are not as they come, by name: their values may be secret.
    """

    software: str
    settlement_rules: str
    licences: tuple[LicenceInForce, ...]
    changed: tuple[str, ...]


# Every type of this room, for who reads facts.
FACTS = (LogKeyAdded, LogKeyDropped, ConfigurationApplied)
