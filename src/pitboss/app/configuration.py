"""What an instance is started with, said in a fact before anything else happens in it."""

from __future__ import annotations

from pitboss import jurisdictions, messages
from pitboss.app.parts import clock_of, open_database
from pitboss.audit.record.facts import ConfigurationApplied, LicenceInForce
from pitboss.kernel.entropy import SystemEntropy
from pitboss.kernel.ids import derived_id
from pitboss.kernel.shards import SYSTEM_SHARD
from pitboss.kernel.version import VERSION
from pitboss.settings import Settings
from pitboss.sportsbook.settlement.folding import RULE_BOOK

ACTOR = "instance"


async def announce(settings: Settings) -> None:
    """Tell which software and which rules are in force from now on."""
    fact = ConfigurationApplied(
        software=VERSION,
        settlement_rules=RULE_BOOK.current.version,
        licences=tuple(
            LicenceInForce(code=code, rules_version=jurisdictions.get(code).rules_version)
            for code in jurisdictions.codes()
        ),
        changed=tuple(sorted(settings.model_fields_set)),
    )
    async with (
        open_database(settings) as database,
        messages.turn(
            database,
            [SYSTEM_SHARD],
            now=clock_of(settings).now(),
            actor=ACTOR,
            entropy=SystemEntropy(),
        ) as turn,
    ):
        turn.publish(SYSTEM_SHARD, derived_id("system", "configuration"), fact)
