"""Which address a request is believed to come from."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitboss.api.whence import NOWHERE, asked_from


def scope(*forwarded: str, client: str | None = "9.9.9.9") -> Any:
    return {
        "client": None if client is None else (client, 50_000),
        "headers": [(b"x-forwarded-for", value.encode("latin-1")) for value in forwarded],
    }


@pytest.mark.parametrize(
    ("forwarded", "proxies", "address"),
    [
        (["1.1.1.1"], 0, "9.9.9.9"),
        (["1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6, 1.1.1.1, 2.2.2.2"], 2, "1.1.1.1"),
        (["6.6.6.6", "1.1.1.1"], 1, "1.1.1.1"),
        (["6.6.6.6", "1.1.1.1, 2.2.2.2"], 2, "1.1.1.1"),
        ([" 2001:DB8::0:1 "], 1, "2001:db8::1"),
        (["::ffff:1.1.1.1"], 1, "1.1.1.1"),
        ([], 1, NOWHERE),
        ([""], 1, NOWHERE),
        (["1.1.1.1"], 2, NOWHERE),
        (["unknown"], 1, NOWHERE),
        (["1.1.1.1:80"], 1, NOWHERE),
        (["x" * 100_000], 1, NOWHERE),
    ],
)
def test_only_what_our_own_proxies_wrote_is_believed(
    forwarded: list[str], proxies: int, address: str
) -> None:
    assert asked_from(scope(*forwarded), proxies_trusted=proxies) == address


def test_a_connection_without_an_other_end_is_from_nowhere() -> None:
    assert asked_from(scope(client=None), proxies_trusted=0) == NOWHERE
    assert asked_from(scope(client="/a/socket"), proxies_trusted=0) == NOWHERE


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_is_claimed_before_our_proxys_entry_changes_nothing(claim: str) -> None:
    assert asked_from(scope(f"{claim}, 1.1.1.1"), proxies_trusted=1) == "1.1.1.1"
