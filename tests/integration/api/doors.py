"""Addresses that read a body; those of agents, approvals, cases and notes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pitboss.api.agents import InvitationBody, StaffCodeBody, StaffSessionBody
from pitboss.api.approvals import (
    AdjustmentBody,
    AgentBody,
    AgentRolesBody,
    LimitOverrideBody,
    NewAgentBody,
    RefusalBody,
    ReinstatementBody,
    RoleBody,
)
from pitboss.api.campaigns import CampaignBody
from pitboss.api.cases import AssignmentBody, ClosureBody, NoteBody, NotesBody
from pitboss.api.corrections import CommitBody, CorrectionBody, WriteOffBody
from pitboss.api.feeds import LinkBody, ParkedDecisionBody
from pitboss.api.game_lists import ListedGamesBody
from pitboss.api.games import CertificateWithdrawalBody, GamesBody, GameSuspensionBody
from pitboss.api.persons import UnblockBody
from pitboss.api.referrals import ReferralAnswerBody
from pitboss.api.rewards import RewardBody, RewardDecisionBody
from pitboss.api.rounds import ResolutionBody
from pitboss.api.tokens import Role
from pitboss.api.trading import FactorBody, LimitsBody, SuspensionBody
from pitboss.api.wire import Body
from pitboss.kernel.ids import derived_id

CORRECTION = {
    "market_id": derived_id("no market"),
    "kind": "result",
    "why": "mistake",
    "results": [
        {
            "selection_id": derived_id("no selection"),
            "won": True,
            "void_share": "1/2",
            "dead_heat": "1/3",
            "finish": {"position": 1, "tied": 3},
            "place": "1/3",
            "withdrawn": [
                {
                    "at": "2026-08-15T13:00:00Z",
                    "price": "4.0",
                    "deduction_pence": None,
                    "factor": None,
                }
            ],
        }
    ],
    "selections": [derived_id("no selection")],
    "version": 1,
    "from_at": "2026-08-15T14:00:00Z",
    "until": "2026-08-15T15:00:00Z",
}
GAME = {
    "code": "book",
    "version": "1.0",
    "title": "A Book",
    "kind": "slot",
    "rtp": "96.5",
    "top_win_chance": "1/1250000",
    "cycle_ms_min": 3_000,
    "autoplay": False,
    "stakes": [{"currency": "GBP", "min": "0.10", "max": "2.00"}],
    "certificates": [
        {
            "licence": "demo",
            "laboratory": "Lab",
            "number": "L-1",
            "issued_on": "2026-01-31",
            "expires_on": "2030-01-31",
            "hashes": ["ab" * 32],
        }
    ],
}
NOBODY = f"/v1/staff/players/{derived_id('nobody')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An address that reads a body: who may ask, whether with a key, and a body that is good."""

    path: str
    kind: type[Body]
    sample: Mapping[str, Any]
    role: Role | None
    keyed: bool = False
    # Whether it takes an agent who is logged in, and not just a program.
    person: bool = False
    method: str = "POST"

    @property
    def route(self) -> str:
        """The address as the document describes it."""
        path = self.path.replace(NOBODY, "/v1/staff/players/{player_id}")
        path = path.replace("/limits/stake/day", "/limits/{kind}/{period}")
        path = path.replace("/marketing/email", "/marketing/{channel}")
        path = path.replace(f"/cases/{derived_id('nobody')}", "/cases/{case_id}")
        path = path.replace(f"/approvals/{derived_id('nobody')}", "/approvals/{approval_id}")
        path = path.replace(f"/parked/{derived_id('nobody')}", "/parked/{parked_id}")
        path = path.replace(f"/bets/{derived_id('nobody')}", "/bets/{bet_id}")
        path = path.replace(f"/referrals/{derived_id('nobody')}", "/referrals/{bet_id}")
        path = path.replace(f"/rounds/{derived_id('nobody')}", "/rounds/{round_id}")
        path = path.replace(f"/rewards/{derived_id('nobody')}", "/rewards/{reward_id}")
        path = path.replace("/house/slot/", "/house/{game}/")
        return path.replace("/security-keys/a2V5/", "/security-keys/{credential}/")


STAFF_DOORS = (
    Door(
        path=f"{NOBODY}/rewards",
        kind=RewardBody,
        sample={
            "provider": "acme",
            "game": "book",
            "prepaid": "p1",
            "stake": "0.50",
            "currency": "EUR",
            "count": 3,
            "ends_at": "2026-08-08T12:00:00Z",
            "campaign": "c1",
        },
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/rewards/{derived_id('nobody')}/decision",
        kind=RewardDecisionBody,
        sample={"decision": "granted", "reference": "r1"},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/games/campaigns",
        kind=CampaignBody,
        sample={
            "provider": "acme",
            "name": "Five a day",
            "prepaid": "p1",
            "currency": "EUR",
            "stake": "1.00",
            "count": 5,
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/games/import",
        kind=GamesBody,
        sample={"provider": "acme", "games": [GAME]},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/games/list/import",
        kind=ListedGamesBody,
        sample={
            "provider": "acme",
            "games": ["book"],
            "version": "1.0",
            "cycle_ms_min": 3_000,
            "autoplay": False,
            "rtp": "96.5",
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/games/suspension",
        kind=GameSuspensionBody,
        sample={
            "provider": "acme",
            "suspended": True,
            "why": "fault_suspected",
            "game": "book",
        },
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/games/certificates/withdrawal",
        kind=CertificateWithdrawalBody,
        sample={
            "provider": "acme",
            "game": "book",
            "version": "1.0",
            "licence": "demo",
            "why": "regulator_order",
            "number": "L-1",
        },
        role=Role.STAFF,
    ),
    Door(
        path=f"{NOBODY}/rounds/{derived_id('nobody')}/resolution",
        kind=ResolutionBody,
        sample={"resolution": "void"},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/sessions",
        kind=StaffSessionBody,
        sample={"name": "nobody", "password": "correct horse", "code": "123456"},
        role=None,
    ),
    Door(
        path="/v1/staff/invitations",
        kind=InvitationBody,
        sample={"first": "ABCD", "second": "EFGH", "password": "correct horse battery"},
        role=None,
    ),
    Door(
        path="/v1/staff/me/second-factor/confirmation",
        kind=StaffCodeBody,
        sample={"code": "123456"},
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path="/v1/staff/corrections/preview",
        kind=CorrectionBody,
        sample=CORRECTION,
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path="/v1/staff/corrections",
        kind=CommitBody,
        sample={**CORRECTION, "shown": "ab" * 32, "after": 1},
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path="/v1/staff/debts",
        kind=WriteOffBody,
        sample={"player_id": derived_id("nobody"), "currency": "EUR", "why": "goodwill"},
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path=f"{NOBODY}/deposits/unblock",
        kind=UnblockBody,
        sample={"reason": "player_known"},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/trading/limits",
        kind=LimitsBody,
        sample={
            "limits": [
                {
                    "scope": "kind",
                    "target": "total",
                    "currency": "EUR",
                    "bet_winnings_max": "100.00",
                    "winnings_max": "1000.00",
                    "referral_winnings_max": "500.00",
                }
            ]
        },
        role=Role.STAFF,
    ),
    Door(
        path=f"/v1/staff/trading/referrals/{derived_id('nobody')}/answer",
        kind=ReferralAnswerBody,
        sample={"answer": "reduce", "stake": "5.00"},
        role=Role.STAFF,
    ),
    Door(
        path=f"{NOBODY}/trading-factor",
        kind=FactorBody,
        sample={"factor": "1/10"},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/trading/suspension",
        kind=SuspensionBody,
        sample={"scope": "producer", "target": "nobody", "suspended": False},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/approvals/adjustment",
        kind=AdjustmentBody,
        sample={
            "player_id": derived_id("nobody"),
            "amount": "1.00",
            "currency": "EUR",
            "direction": "to_player",
            "why": "goodwill",
        },
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/limit-override",
        kind=LimitOverrideBody,
        sample={
            "player_id": derived_id("nobody"),
            "kind": "deposit",
            "period": "month",
            "amount": "2000.00",
            "currency": "EUR",
            "ground": "income_check",
            "why": "income_checked",
        },
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/reinstatement",
        kind=ReinstatementBody,
        sample={"player_id": derived_id("nobody"), "why": "mistake"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/agent",
        kind=NewAgentBody,
        sample={"name": "zoe", "roles": ["support"], "why": "joined"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/roles",
        kind=AgentRolesBody,
        sample={"staff_id": derived_id("no agent"), "roles": ["support"], "why": "joined"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/removal",
        kind=AgentBody,
        sample={"staff_id": derived_id("no agent"), "why": "left"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/invitation",
        kind=AgentBody,
        sample={"staff_id": derived_id("no agent"), "why": "security"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path="/v1/staff/approvals/role",
        kind=RoleBody,
        sample={"role": "some_role", "permissions": ["figures.see"], "why": "security"},
        role=Role.STAFF,
        keyed=True,
        person=True,
    ),
    Door(
        path=f"/v1/staff/approvals/{derived_id('nobody')}/refusal",
        kind=RefusalBody,
        sample={"why": "not_justified"},
        role=Role.STAFF,
        person=True,
    ),
    Door(
        path=f"{NOBODY}/notes",
        kind=NoteBody,
        sample={"text": "was asked to call back", "case_id": derived_id("nobody")},
        role=Role.STAFF,
        keyed=True,
    ),
    Door(
        path=f"{NOBODY}/notes/reading",
        kind=NotesBody,
        sample={"purpose": "support", "case_id": derived_id("nobody")},
        role=Role.STAFF,
    ),
    Door(
        path=f"/v1/staff/cases/{derived_id('nobody')}/assignment",
        kind=AssignmentBody,
        sample={"to": derived_id("nobody"), "why": "on_duty"},
        role=Role.STAFF,
    ),
    Door(
        path=f"/v1/staff/cases/{derived_id('nobody')}/closure",
        kind=ClosureBody,
        sample={"outcome": "no_concern"},
        role=Role.STAFF,
    ),
    Door(
        path=f"/v1/staff/feeds/parked/{derived_id('nobody')}/decision",
        kind=ParkedDecisionBody,
        sample={"decision": "retry"},
        role=Role.STAFF,
    ),
    Door(
        path="/v1/staff/feeds/links",
        kind=LinkBody,
        sample={
            "feed": "uof",
            "foreign_id": "sr:match:1",
            "event_id": derived_id("nobody"),
        },
        role=Role.STAFF,
    ),
)
