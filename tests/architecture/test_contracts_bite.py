"""A contract nobody has seen fail is a hope: each is broken here once, on a copy of the sources."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FLOORS = "Floors"
FURNITURE = "Furniture"
CORRIDORS = "Corridors"
SPORTSBOOK = "Sportsbook"
GAMES = "Games"
PLAYERS = "Players"
DOORS = "Doors"
STAFF = "Staff"
INNER_DOORS = "Inner doors"
PURITY = "Purity"
NOUNS_ONLY = "Nouns only"
FRAMEWORKS = "Frameworks"
INDEPENDENCE = "Independence"
WITNESS = "Witness"
CONFORMANCE = "Conformance"
AUDIT = "Audit"
CERTIFIED = "Certified"
PAGES = "Pages"

# The contract that must break, the file to plant in (made if it is missing), and what to plant.
VIOLATIONS = [
    (FLOORS, "players/identity/operations.py", "from pitboss import location"),
    (NOUNS_ONLY, "adapters/locating/tokens.py", "from pitboss import location"),
    (FRAMEWORKS, "location/rules.py", "import shapely"),
    (FLOORS, "kernel/money.py", "from pitboss.db import Database"),
    (FLOORS, "db/pool.py", "from pitboss import messages"),
    (FLOORS, "messages/operations.py", "from pitboss.wallet.model import Hold"),
    (FLOORS, "tlog/tiles.py", "from pitboss.messages.model import Head"),
    (FLOORS, "tlog/tiles.py", "from pitboss.db import Database"),
    (FLOORS, "jurisdictions/queries.py", "from pitboss.players import identity"),
    (FLOORS, "wallet/operations.py", "from pitboss import gate"),
    (FLOORS, "wallet/operations.py", "from pitboss.players import identity"),
    (FLOORS, "wallet/operations.py", "from pitboss import settings"),
    (FLOORS, "gate/operations.py", "from pitboss.sportsbook import catalog"),
    (FLOORS, "sportsbook/betting/operations/placing.py", "from pitboss import workers"),
    (FLOORS, "sportsbook/catalog/operations.py", "from pitboss.adapters import passwords"),
    (FLOORS, "workers/bets.py", "from pitboss import api"),
    (FLOORS, "api/bets.py", "from pitboss.adapters import passwords"),
    (FLOORS, "api/bets.py", "from pitboss import app"),
    (FLOORS, "api/bets.py", "from pitboss.web import pages"),
    (FLOORS, "web/pages.py", "from pitboss.api import edge"),
    (PAGES, "web/pages.py", "from pitboss.kernel.money import currency"),
    (PAGES, "web/pages.py", "from pitboss import wallet"),
    (FLOORS, "attic.py", ""),
    (FURNITURE, "wallet/store.py", "from pitboss.wallet import rules"),
    (FURNITURE, "wallet/rules.py", "from pitboss.wallet import store"),
    (FURNITURE, "wallet/rules.py", "from . import operations"),
    (FURNITURE, "wallet/model.py", "from pitboss.wallet.facts import FACTS"),
    (FURNITURE, "wallet/store.py", "from pitboss.wallet import queries"),
    (FURNITURE, "messages/errors.py", "from pitboss.messages.model import Command"),
    (FURNITURE, "wallet/rules.py", "from pitboss.wallet import folding"),
    (FURNITURE, "wallet/utils.py", ""),
    (FURNITURE, "players/identity/service.py", ""),
    (CORRIDORS, "db/tuning.py", "from pitboss.db import embedded"),
    (CORRIDORS, "kernel/errors.py", "from pitboss.kernel import money"),
    (SPORTSBOOK, "sportsbook/catalog/operations.py", "from pitboss.sportsbook import betting"),
    (
        SPORTSBOOK,
        "sportsbook/betting/model/bets.py",
        "from pitboss.sportsbook.settlement import model",
    ),
    (SPORTSBOOK, "sportsbook/cashout/__init__.py", ""),
    (SPORTSBOOK, "sportsbook/trading/model.py", "from pitboss.sportsbook.betting import model"),
    (SPORTSBOOK, "sportsbook/returns/queries.py", "from pitboss.sportsbook import catalog"),
    (SPORTSBOOK, "sportsbook/registry/queries.py", "from pitboss.sportsbook import catalog"),
    (CONFORMANCE, "conformance/casebook.py", "from pitboss.kernel.money import currency"),
    (CONFORMANCE, "conformance/running.py", "from pitboss.games.rounds.model import Request"),
    (GAMES, "games/registry/operations.py", "from pitboss.games import rounds"),
    (GAMES, "games/lobby/__init__.py", ""),
    (GAMES, "games/house/queries.py", "from pitboss.games import registry"),
    (GAMES, "games/registry/queries.py", "from pitboss.games import house"),
    (FRAMEWORKS, "games/house/rules/slot.py", "import numpy"),
    (PURITY, "games/house/rules/slot.py", "from pitboss.rng.generator import Generator"),
    (DOORS, "assay/house.py", "from pitboss.games.house.rules import slot"),
    (FLOORS, "gate/operations.py", "from pitboss.games import registry"),
    (PLAYERS, "players/personal/operations.py", "from pitboss.players import identity"),
    (PLAYERS, "players/identity/operations.py", "from pitboss.players import verification"),
    (PLAYERS, "players/sessions/__init__.py", ""),
    (STAFF, "staff/agents/operations.py", "from pitboss.staff import approvals"),
    (STAFF, "staff/rosters/__init__.py", ""),
    (FLOORS, "cashier/operations.py", "from pitboss.staff import agents"),
    (DOORS, "api/wallets.py", "from pitboss.wallet import store"),
    (DOORS, "workers/bets.py", "from pitboss.wallet.operations import hold"),
    (DOORS, "gate/operations.py", "from pitboss.players.identity import queries"),
    (DOORS, "sportsbook/betting/operations/placing.py", "from pitboss.wallet import rules"),
    (INNER_DOORS, "sportsbook/settlement/operations/settling.py", "from ...betting import store"),
    (INNER_DOORS, "sportsbook/settlement/rules/paying.py", "from ...betting.rules import decide"),
    (PURITY, "wallet/rules.py", "import asyncio"),
    (PURITY, "wallet/rules.py", "from random import choice"),
    (PURITY, "wallet/folding.py", "from pitboss.db import Transaction"),
    (PURITY, "wallet/rules.py", "from pitboss.kernel.clock import SystemClock"),
    (PURITY, "kernel/price.py", "from pitboss.kernel.clock import SystemClock"),
    (PURITY, "sportsbook/settlement/rules/paying.py", "import time"),
    (PURITY, "gate/rules.py", "from pitboss import messages"),
    (PURITY, "players/identity/model.py", "import secrets"),
    (PURITY, "wallet/facts.py", "import os"),
    (PURITY, "tlog/keys.py", "import secrets"),
    (NOUNS_ONLY, "adapters/passwords.py", "from pitboss import wallet"),
    (NOUNS_ONLY, "adapters/football_data/rows.py", "from pitboss.sportsbook import catalog"),
    (INDEPENDENCE, "sim/audit/store.py", "from pitboss.messages.model import Command"),
    (INDEPENDENCE, "sim/audit/inspection.py", "from pitboss.kernel.shards import shard_of"),
    (INDEPENDENCE, "sim/world/plain.py", "from pitboss.sportsbook import settlement"),
    (AUDIT, "audit/record/operations.py", "from pitboss.audit import replay"),
    (AUDIT, "audit/rebuild/model.py", "from pitboss.audit.replay import model"),
    (AUDIT, "audit/memory/__init__.py", ""),
    (CERTIFIED, "rng/mapping.py", "from pitboss.kernel.ids import new_id"),
    (CERTIFIED, "rng/drbg.py", "from pitboss.tlog.keys import SigningKey"),
    (CERTIFIED, "rng/desk.py", "import msgspec"),
    (FLOORS, "rng/server.py", "from pitboss.db import Database"),
    (FLOORS, "kernel/ids.py", "from pitboss.rng.generator import Generator"),
    (FRAMEWORKS, "rng/mapping.py", "import numpy"),
    (WITNESS, "witness/record.py", "from pitboss.messages.model import Head"),
    (PURITY, "witness/judgement.py", "import time"),
    (FRAMEWORKS, "wallet/operations.py", "import pydantic"),
    (FRAMEWORKS, "tlog/notes.py", "import httpx"),
    (FRAMEWORKS, "sportsbook/betting/facts.py", "from litestar import get"),
]

LEGITIMATE = [
    ("cli.py", "from pitboss import app"),
    ("app.py", "from pitboss import adapters, api, settings, wallet, workers"),
    ("sim/__init__.py", "from pitboss import app"),
    ("settings.py", "import pydantic_settings"),
    ("workers/wages.py", "from pitboss import settings"),
    ("api/wages.py", "from pitboss import wallet\nfrom pitboss.wallet.model import Account"),
    ("workers/wages.py", "from pitboss.sportsbook import settlement"),
    ("adapters/wages.py", "from pitboss.wallet.facts import FACTS\nimport pitboss.wallet.model"),
    ("cashier/__init__.py", "from pitboss import gate, wallet"),
    ("gate/ports.py", "from pitboss.gate.model import Check"),
    ("wallet/errors.py", "from pitboss.kernel.errors import Fault"),
    ("messages/rules.py", "from pitboss.tlog.tree import leaf_hash"),
    ("wallet/rules.py", "from fractions import Fraction"),
    ("wallet/rules.py", "from datetime import datetime"),
    ("wallet/rules.py", "from pitboss.kernel.ids import new_id"),
    ("wallet/operations.py", "from pitboss.kernel.clock import Clock"),
    ("sportsbook/betting/operations/placing.py", "from pitboss.sportsbook import catalog"),
    ("sportsbook/settlement/rules/paying.py", "from pitboss.sportsbook.betting.model import Bet"),
    ("players/identity/queries.py", "from pitboss.players import personal"),
    ("gate/rules.py", "from pitboss.players.identity.model import Player"),
    ("workers/wages.py", "from pitboss.rng.records import replay"),
    ("location/rules.py", "from pitboss.players.personal.model import PersonalKeys"),
    ("adapters/locating/wages.py", "from pitboss.location.model import Fix\nimport shapely"),
]


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """Give a copy of the package in which anything may be planted."""
    shutil.copytree(
        ROOT / "src", tmp_path / "src", ignore=shutil.ignore_patterns("__pycache__", "*.toml")
    )
    # Whoever plants an import of these wants them to exist; so far they need not.
    for missing in ("api/__init__.py", "workers/__init__.py", "app.py", "settings.py"):
        plant(tmp_path, missing, "")
    return tmp_path


def test_the_copy_with_nothing_planted_keeps_every_contract(sources: Path) -> None:
    assert lint(sources) == {
        FLOORS: True,
        FURNITURE: True,
        CORRIDORS: True,
        SPORTSBOOK: True,
        GAMES: True,
        PLAYERS: True,
        STAFF: True,
        DOORS: True,
        INNER_DOORS: True,
        PURITY: True,
        NOUNS_ONLY: True,
        FRAMEWORKS: True,
        INDEPENDENCE: True,
        WITNESS: True,
        CONFORMANCE: True,
        AUDIT: True,
        CERTIFIED: True,
        PAGES: True,
    }


@pytest.mark.parametrize(("contract", "path", "planted"), VIOLATIONS)
def test_a_violation_breaks_its_contract(
    sources: Path, contract: str, path: str, planted: str
) -> None:
    plant(sources, path, planted)

    assert lint(sources)[contract] is False


def test_legitimate_imports_break_nothing(sources: Path) -> None:
    """All at once: what breaks nothing together breaks nothing alone."""
    for path, planted in LEGITIMATE:
        plant(sources, path, planted)

    assert all(lint(sources).values())


def plant(sources: Path, path: str, planted: str) -> None:
    """Add lines to the end of a file of the package; make it, and its package, if need be."""
    target = sources / "src" / "pitboss" / path
    target.parent.mkdir(exist_ok=True)
    if not (target.parent / "__init__.py").exists():
        (target.parent / "__init__.py").touch()
    with target.open("a", encoding="utf-8") as file:
        file.write(f"\n{planted}\n")


def lint(sources: Path) -> Mapping[str, bool]:
    """Return whether each contract, by the word before its colon, is kept."""
    run = subprocess.run(
        [
            Path(sys.executable).with_name("lint-imports"),
            "--no-cache",
            "--no-logo",
            ROOT / "pyproject.toml",
        ],
        cwd=sources,
        # Wide, so that no name is broken over two lines.
        env={**os.environ, "PYTHONPATH": str(sources / "src"), "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
    verdicts = re.findall(r"^([\w ]+): .* (KEPT|BROKEN)", run.stdout, re.MULTILINE)
    assert verdicts, run.stdout + run.stderr
    return {contract: verdict == "KEPT" for contract, verdict in verdicts}
