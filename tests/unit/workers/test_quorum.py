"""How far a quorum has seen the log, and when it is missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from pitboss.kernel.entropy import SeededEntropy
from pitboss.tlog.keys import COSIGNATURE_ED25519, SigningKey
from pitboss.tlog.policy import parse_policy
from pitboss.workers.cosigner import QUORUM_WITHIN, QuorumWatch

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
ONE, TWO, THREE, OTHER = (
    SigningKey.generate(name, SeededEntropy(name), kind=COSIGNATURE_ED25519).verifier
    for name in ("w1.example", "w2.example", "w3.example", "other.example")
)
TWO_OF_THREE = f"""
witness w1 {ONE}
witness w2 {TWO}
witness w3 {THREE}
group g 2 w1 w2 w3
quorum g
"""
LATER = NOW + QUORUM_WITHIN + timedelta(seconds=1)


def test_who_has_cosigned_a_size_counts_for_every_smaller_one() -> None:
    watch = QuorumWatch(parse_policy(TWO_OF_THREE))
    sizes = []
    for key, size in ((ONE, 100), (OTHER, 500), (TWO, 70), (THREE, 90), (TWO, 120)):
        watch.cosigned(key, size, now=NOW)
        sizes.append(watch.size)

    assert sizes == [0, 0, 70, 90, 100]


def test_a_quorum_is_missed_when_it_owes_a_checkpoint_for_a_minute() -> None:
    watch = QuorumWatch(parse_policy(TWO_OF_THREE))
    assert not watch.misses(LATER)
    watch.published(10, now=NOW)
    watch.published(20, now=LATER)
    assert not watch.misses(NOW + QUORUM_WITHIN)
    assert watch.misses(LATER)

    # What it owed is there; what is newer it owes since now.
    for key in (ONE, TWO):
        watch.cosigned(key, 10, now=LATER)
    assert not watch.misses(LATER)
    assert watch.misses(LATER + 2 * QUORUM_WITHIN)
    for key in (ONE, THREE):
        watch.cosigned(key, 20, now=LATER)
    assert not watch.misses(LATER + 2 * QUORUM_WITHIN)


def test_a_policy_that_asks_for_nobody_misses_nobody() -> None:
    watch = QuorumWatch(parse_policy("quorum none\n"))
    watch.published(10, now=NOW)

    assert watch.size == 10
    assert not watch.misses(LATER)
