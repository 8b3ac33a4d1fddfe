"""Promises about the pages as files: what is served, how, and what is never served."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder

from pitboss.games import house
from pitboss.games.house.model import House
from pitboss.web.pages import CONTENT_POLICY, FOLDER, HEADERS, PAGES, Pages, is_page, read_files

ROOT = Path(__file__).parents[3]
FILES = read_files()
SOURCES = sorted(path for path in FOLDER.rglob("*") if path.is_file())
SCRIPTS = [path for path in SOURCES if path.suffix == ".js"]
LINES_MAX, COLUMNS_MAX = 300, 100
# What would let a text become code or markup, or bring something in from elsewhere.
NEVER = (
    *("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"),
    *("localStorage", "document.cookie", "javascript:", "parseFloat", "toFixed"),
)
ELSEWHERE = re.compile(r"(?:https?:)?//[\w.-]+\.\w+")
NOWHERE = (
    *("/play/static", "/play/static/", "/play/static/nothing.js", "/play/nothing", "/play//"),
    *("/play/static/../lobby.html", "/play/../play/", "/play/static/../../pages.py"),
    *("/play/static/..%2flobby.html", "/play/lobby.html", "/play/slot/", "/play/\x00", "/play/."),
)


async def ask(path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask for a page; return the status, the headers and the body."""
    scope: Any = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.replace("_", "-").encode(), v.encode()) for name, v in headers.items()],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await Pages(FILES).serve(scope, receive, send)
    start, body = sent
    found = {name.decode(): value.decode() for name, value in start["headers"]}
    assert len(found) == len(start["headers"]), "no header is said twice"
    return start["status"], found, body["body"]


@pytest.mark.parametrize("path", FILES)
async def test_a_file_is_served_under_strict_headers(path: str) -> None:
    status, headers, body = await ask(path)

    assert status == 200
    assert body == FILES[path].content
    assert HEADERS.items() <= headers.items()
    assert headers["content-length"] == str(len(body))
    assert headers["content-type"].startswith(("text/", "image/svg+xml"))
    assert (headers["cache-control"], headers["etag"]) == ("no-cache", FILES[path].etag)


def test_nothing_runs_or_is_asked_that_does_not_come_from_here() -> None:
    policy = {words[0]: words[1:] for words in map(str.split, CONTENT_POLICY.split(";"))}

    assert policy["default-src"] == ["'none'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == ["'none'"]
    for name in ("script-src", "style-src", "img-src", "connect-src"):
        assert policy[name] == ["'self'"]
    assert policy["require-trusted-types-for"] == ["'script'"]
    assert HEADERS["x-content-type-options"] == "nosniff"
    assert HEADERS["referrer-policy"] == "no-referrer"


async def test_what_a_browser_has_is_not_sent_again() -> None:
    etag = FILES["/play/"].etag

    for tags in (etag, f"W/{etag}", f'"other", {etag}', "*"):
        status, headers, body = await ask("/play/", if_none_match=tags)
        assert (status, body) == (304, b"")
        assert headers["etag"] == etag
        assert "content-security-policy" in headers
    assert (await ask("/play/", if_none_match='"other"'))[0] == 200


async def test_a_head_is_a_get_without_its_body() -> None:
    for path in ("/play/", "/play/static/base.css", "/play/nothing"):
        status, headers, body = await ask(path)
        assert await ask(path, "HEAD") == (status, headers, b"")
        assert body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE", "get"])
async def test_a_page_is_only_looked_at(method: str) -> None:
    status, headers, _ = await ask("/play/slot", method)

    assert (status, headers["allow"]) == (405, "GET, HEAD")
    assert HEADERS.items() <= headers.items()


@pytest.mark.parametrize("path", NOWHERE)
async def test_what_is_no_page_is_not_found(path: str) -> None:
    status, headers, body = await ask(path)

    assert (status, body) == (404, b"There is no such page.\n")
    assert HEADERS.items() <= headers.items()


async def test_the_address_without_its_slash_leads_to_the_pages() -> None:
    status, headers, _ = await ask("/play")

    assert (status, headers["location"]) == (308, "/play/")
    assert [is_page(path) for path in ("/play", "/play/x", "/player", "/v1/play/")] == [
        *(True, True),
        *(False, False),
    ]


@pytest.mark.parametrize("name", PAGES.values())
def test_a_page_links_only_what_is_here_and_names_every_part_once(name: str) -> None:
    text = (FOLDER / name).read_text()
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    ids = re.findall(r' id="([^"]+)"', text)
    named = re.findall(r'(?: for| aria-labelledby| aria-describedby)="([^"]+)"', text)

    assert [link for link in links if link not in FILES] == []
    assert len(ids) == len(set(ids))
    assert set(named) <= set(ids)
    assert not re.search(r"<style|<script(?! type=\"module\" src)| style=| on\w+=", text)
    assert 'lang="en"' in text and "viewport" in text and "<h1>" in text


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_imports_only_what_is_here_and_what_is_there(path: Path) -> None:
    for names, source in imports(path.read_text()):
        other = (FOLDER / "static" / source).read_text()
        missing = [
            name
            for name in names
            if not re.search(rf"^export (?:async )?(?:function|class|const) {name}\b", other, re.M)
        ]
        assert missing == [], f"{path.name} imports {missing} of {source}"


def imports(text: str) -> Iterator[tuple[list[str], str]]:
    """Yield what a script imports, and from which file beside it."""
    for names, source in re.findall(r'^import \{([^}]*)\} from "\./([\w.]+)";', text, re.M):
        yield [name.strip() for name in names.split(",") if name.strip()], source


def test_every_import_has_the_form_that_is_looked_at() -> None:
    for path in SCRIPTS:
        text = path.read_text()
        assert text.count("\nimport ") == len(list(imports(f"\n{text}"))), path.name
        assert "import(" not in text


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_file_is_short_and_does_nothing_dangerous(path: Path) -> None:
    text = path.read_text()

    assert text.endswith("\n") and len(text.splitlines()) < LINES_MAX
    assert max(map(len, text.splitlines())) <= COLUMNS_MAX
    assert [word for word in NEVER if word in text] == []
    assert [url for url in ELSEWHERE.findall(text) if "www.w3.org" not in url] == []
    if path.suffix in (".js", ".css"):
        assert text.startswith(("/*", "/**")), "a file opens with what lives here"


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_what_a_script_shows_to_others_says_what_it_does(path: Path) -> None:
    lines = path.read_text().splitlines()
    bare = [
        line
        for before, line in pairwise(lines)
        if re.match(r"export (async )?function", line) and not before.rstrip().endswith("*/")
    ]

    assert bare == []


def test_every_part_that_a_script_looks_for_is_on_its_page() -> None:
    everywhere = {"bar", "balance", "time", "net", "problem"}
    for page in PAGES.values():
        text = (FOLDER / page).read_text()
        ids = set(re.findall(r' id="([^"]+)"', text)) | everywhere
        (script,) = re.findall(r'/play/static/([\w.]+\.js)"', text)
        wanted = re.findall(r'byId\("([^"]+)"\)', (FOLDER / "static" / script).read_text())
        assert set(wanted) <= ids, page


def test_the_package_has_every_file_of_the_pages() -> None:
    packed = {item.distribution_path for item in WheelBuilder(str(ROOT)).recurse_included_files()}

    wanted = {f"pitboss/web/play/{path.relative_to(FOLDER).as_posix()}" for path in SOURCES}
    assert wanted <= packed
    assert len(wanted) > len(PAGES)


def test_the_rules_of_blackjack_say_basic_strategy_as_it_is() -> None:
    """Each row of the page, read as a player would, does what the strategy does."""
    text = re.sub(r"\s+", " ", (FOLDER / "blackjack.html").read_text())
    rows = dict(re.findall(r"<tr><td>([^<]+)</td><td>([^<]+)</td></tr>", text))
    pairs = {"aces or two eights": (1, 8), "of 2, 3 or 7": (2, 3, 7), "fours": (4,)}
    pairs |= {"sixes": (6,), "nines": (9,)}
    split = {
        card: said
        for name, cards in pairs.items()
        for card in cards
        for said in [rows[f"two {name}"]]
    }

    for up in range(1, 11):
        for card in range(1, 11):
            said = split.get(card, "never")
            assert house.basic_splits(card, up) == (said == "split" or up in cards_of(said))
        for soft in (False, True):
            for total in range(13 if soft else 4, 22):
                action = house.basic_action(total, up, soft=soft, may_double=True)
                assert action == done(rows[row_of(total, soft=soft)], up), (total, soft, up)
                alone = house.basic_action(total, up, soft=soft, may_double=False)
                stands = soft and total == 18 and action == "double"
                assert alone == ("stand" if stands else "hit" if action == "double" else action)


def row_of(total: int, *, soft: bool) -> str:
    """Return what the page calls a total."""
    if soft:
        names = {13: "13 or 14", 14: "13 or 14", 15: "15 or 16", 16: "15 or 16"}
        return "soft " + names.get(total, str(total) if total < 19 else "19 or more")
    if total <= 8 or total >= 17:
        return "hard 8 or less" if total <= 8 else "hard 17 or more"
    return f"hard {total}" if total <= 12 else "hard 13 to 16"


def done(said: str, up: int) -> str:
    """Return what a row says to do against a card of the dealer's."""
    *cases, last = re.sub(r"\([^)]*\)", "", said).replace(", else", ", or").split(", or ")
    for case in re.findall(r"(double|stand) against ([0-9 ,toandr]+)", ", ".join(cases)):
        if up in cards_of(case[1]):
            return str(case[0])
    return last


def cards_of(said: str) -> set[int]:
    """Return the dealer's cards in words such as `2 to 6, 8 and 9`."""
    found = {int(number) for number in re.findall(r"\d+", said)}
    for low, high in re.findall(r"(\d+) to (\d+)", said):
        found |= set(range(int(low), int(high) + 1))
    return found


async def test_every_game_of_the_house_has_its_rules_on_a_page() -> None:
    for game in House:
        status, _, body = await ask(f"/play/{game}")
        assert status == 200
        assert b"How it is played" in body
