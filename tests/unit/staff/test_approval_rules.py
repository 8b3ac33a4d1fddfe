"""Nobody decides about their own request, nor about what they may do: in whatever roles."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.jurisdictions.model import LiftedBy, LimitKind, Period
from pitboss.kernel.ids import PlayerId, StaffId, derived_id
from pitboss.players.personal.model import PersonalKeys
from pitboss.staff.agents.model import (
    BUILTIN,
    EVERYTHING,
    PERSONAL,
    SERVICE,
    Agent,
    AgentStatus,
    Permission,
    Standing,
)
from pitboss.staff.agents.rules import all_roles, leaves_nobody, permissions_of
from pitboss.staff.approvals import rules
from pitboss.staff.approvals.model import (
    TAKES,
    Adjustment,
    AgentInvitation,
    AgentRemoval,
    AgentRoles,
    Approval,
    ApprovalId,
    Asking,
    LimitOverride,
    NewAgent,
    Refusal,
    Reinstatement,
    RoleChange,
    State,
    Why,
    Wish,
)

NOW = datetime(2026, 8, 1, 12, tzinfo=UTC)
ANN, BOB, CAT = (StaffId(derived_id("staff", name)) for name in ("ann", "bob", "cat"))
PLAYER = PlayerId(derived_id("player"))
KEYS = PersonalKeys(master=bytes(32), index=bytes(range(32)))
WISHES: tuple[Wish, ...] = (
    Adjustment(player_id=PLAYER, currency="EUR", micros=-5),
    LimitOverride(
        player_id=PLAYER,
        kind=LimitKind.DEPOSIT,
        period=Period.MONTH,
        most=7,
        ground=LiftedBy.INCOME_CHECK,
    ),
    Reinstatement(player_id=PLAYER),
    NewAgent(staff_id=CAT, name="cat", roles=("support",)),
    AgentRoles(staff_id=CAT, roles=("support",)),
    AgentRemoval(staff_id=CAT),
    AgentInvitation(staff_id=CAT),
    RoleChange(role="support", permissions=(Permission.SEE_FIGURES,)),
)

permissions = st.frozensets(st.sampled_from(Permission))
roles = st.lists(st.sampled_from(sorted(BUILTIN)), unique=True).map(tuple)
wishes = st.sampled_from(WISHES)


def standing(
    staff_id: StaffId,
    permitted: frozenset[Permission] = EVERYTHING,
    has: tuple[str, ...] = ("administrator",),
) -> Standing:
    """Return an agent who may do this."""
    agent = Agent(id=staff_id, name="x", roles=has, status=AgentStatus.ACTIVE, added_at=NOW)
    return Standing(agent=agent, permissions=permitted)


def approval(wish: Wish, state: State = State.WAITING) -> Approval:
    """Return what Ann asks for."""
    asking = Asking(id=ApprovalId(derived_id("one")), wish=wish, why=Why.MISTAKE, asked_by=ANN)
    return rules.decided(rules.new_approval(asking, NOW), state, BOB, NOW)


def decide(
    wish: Wish, by: Standing | None, asker: Standing | None, *, later: timedelta = timedelta()
) -> Refusal | None:
    """Return why this agent may not decide about what Ann asks for."""
    waiting = rules.new_approval(
        Asking(id=ApprovalId(derived_id("one")), wish=wish, why=Why.MISTAKE, asked_by=ANN), NOW
    )
    return rules.refusal_to_decide(waiting, rules.Decider(decider=by, asker=asker), NOW + later)


@given(wish=wishes, permitted=permissions, has=roles)
def test_whoever_asked_never_decides(
    wish: Wish, permitted: frozenset[Permission], has: tuple[str, ...]
) -> None:
    ann = standing(ANN, permitted, has)

    assert decide(wish, ann, ann) in (Refusal.OWN_REQUEST, Refusal.NOT_PERMITTED)


@given(wish=wishes, permitted=permissions, asks=permissions)
def test_who_decides_may_approve_it_and_who_asked_may_still_ask(
    wish: Wish, permitted: frozenset[Permission], asks: frozenset[Permission]
) -> None:
    to_ask, to_approve = TAKES[type(wish)]

    refusal = decide(wish, standing(BOB, permitted), standing(ANN, asks))

    assert (refusal is None) == (to_approve in permitted and to_ask in asks)


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: type(wish).__name__)
def test_whom_it_concerns_neither_asks_nor_decides(wish: Wish) -> None:
    concerned = standing(CAT, has=("support",))
    of_agents = not isinstance(wish, Adjustment | LimitOverride | Reinstatement)
    asking = Asking(id=ApprovalId(derived_id("one")), wish=wish, why=Why.MISTAKE, asked_by=CAT)

    decided = decide(wish, concerned, standing(ANN))
    asked = rules.refusal_to_ask(asking, concerned, None)

    assert (decided is Refusal.CONCERNS_YOURSELF) == of_agents
    assert (asked is Refusal.CONCERNS_YOURSELF) == of_agents


@pytest.mark.parametrize("state", [state for state in State if state is not State.WAITING])
def test_what_is_decided_is_decided(state: State) -> None:
    who = rules.Decider(decider=standing(BOB), asker=standing(ANN))

    refusal = rules.refusal_to_decide(approval(WISHES[0], state), who, NOW)

    assert refusal is Refusal.ALREADY_DECIDED


def test_a_request_lasts_for_its_time_and_not_a_moment_longer() -> None:
    life = timedelta(hours=24)

    late = decide(WISHES[0], standing(BOB), standing(ANN), later=life)
    in_time = decide(WISHES[0], standing(BOB), standing(ANN), later=life - timedelta.resolution)

    assert (late, in_time) == (Refusal.APPROVAL_EXPIRED, None)
    assert decide(WISHES[0], None, standing(ANN)) is Refusal.NOT_PERMITTED
    assert decide(WISHES[0], standing(BOB), None) is Refusal.ASKER_NOT_PERMITTED


@given(wish=wishes)
def test_a_wish_is_read_as_it_was_written(wish: Wish) -> None:
    assert rules.read_wish(rules.write_wish(wish)) == wish


@given(number=st.integers(0, 1_000))
def test_the_halves_of_a_code_are_different_and_of_one_request(number: int) -> None:
    one, other = (
        rules.halves(KEYS, ApprovalId(derived_id("request", str(number + more)))) for more in (0, 1)
    )

    assert len({*one, *other}) == 4
    assert {len(half) for half in (*one, *other)} == {16}


@given(changed=st.dictionaries(st.sampled_from(sorted(BUILTIN)), st.lists(st.text(max_size=20))))
def test_no_change_of_roles_reaches_administrators_nor_programs(
    changed: dict[str, list[str]],
) -> None:
    found = all_roles({**changed, "administrator": [], SERVICE: [*Permission]})

    assert found["administrator"] == BUILTIN["administrator"]
    assert not found[SERVICE] & PERSONAL


def test_a_removed_agent_may_do_nothing_and_the_last_administrator_stays() -> None:
    gone = Agent(
        id=BOB, name="bob", roles=("administrator",), status=AgentStatus.REMOVED, added_at=NOW
    )
    ann = standing(ANN).agent

    assert permissions_of(gone, all_roles({})) == frozenset()
    assert leaves_nobody([ann, gone], ANN, [])
    assert not leaves_nobody([ann, standing(CAT).agent], ANN, [])
    assert not leaves_nobody([ann, gone], ANN, ["administrator", "support"])
    assert not leaves_nobody([ann, gone], CAT, [])
