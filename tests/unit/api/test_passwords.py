"""Which passwords a licence takes, by their number of characters."""

from __future__ import annotations

import pytest

from pitboss import jurisdictions
from pitboss.api.passwords import check_password
from pitboss.api.problems import ProblemFound
from proofs import Proves

CODES = jurisdictions.codes()


@pytest.mark.parametrize("code", CODES)
def test_a_password_has_as_many_characters_as_the_licence_says(code: str, proves: Proves) -> None:
    proves("password.length_min", code)
    proves("password.length_max", code)
    rule = jurisdictions.get(code).password

    # A letter is one character, however many bytes it has.
    for letter in ("a", "\u00e9", "\U0001f40e"):
        for length in (rule.length_min, rule.length_max):
            check_password(rule, letter * length, field="password")
        for length in (rule.length_min - 1, rule.length_max + 1):
            with pytest.raises(ProblemFound) as found:
                check_password(rule, letter * length, field="password")
            assert [error.field for error in found.value.problem.errors] == ["password"]
