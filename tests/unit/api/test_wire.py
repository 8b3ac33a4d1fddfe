"""What clients send is read strictly, and the part that is wrong is named."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
import pytest

from pitboss.api import wire
from pitboss.api.problems import Problem, ProblemFound


class Part(wire.Body, frozen=True, kw_only=True):
    """A part of a body."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=5)]
    tick: Annotated[int, msgspec.Meta(ge=1, le=9)]


class Whole(wire.Body, frozen=True, kw_only=True):
    """A body."""

    kind: Literal["a", "b"]
    parts: Annotated[tuple[Part, ...], msgspec.Meta(min_length=1, max_length=2)]
    odd_name: bool = False


read = wire.reader(Whole)

GOOD = '{"kind":"a","parts":[{"name":"x","tick":1}]}'


def problem_of(body: str | bytes) -> Problem:
    """Return the problem that reading this finds."""
    with pytest.raises(ProblemFound) as caught:
        read(body.encode() if isinstance(body, str) else body)
    return caught.value.problem


def test_a_body_is_read_as_its_type() -> None:
    assert read(GOOD.encode()) == Whole(kind="a", parts=(Part(name="x", tick=1),))


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("{}", "kind"),
        ("[]", "body"),
        ("null", "body"),
        ('"x"', "body"),
        ("5", "body"),
        ('{"kind":"c"}', "kind"),
        ('{"kind":null}', "kind"),
        ('{"kind":"a"}', "parts"),
        ('{"kind":"a","parts":{}}', "parts"),
        ('{"kind":"a","parts":[]}', "parts"),
        ('{"kind":"a","parts":[1]}', "parts[0]"),
        ('{"kind":"a","parts":[{}]}', "parts[0].name"),
        ('{"kind":"a","parts":[{"name":""}]}', "parts[0].name"),
        ('{"kind":"a","parts":[{"name":"longer"}]}', "parts[0].name"),
        ('{"kind":"a","parts":[{"name":5}]}', "parts[0].name"),
        ('{"kind":"a","parts":[{"name":"x","tick":"1"}]}', "parts[0].tick"),
        ('{"kind":"a","parts":[{"name":"x","tick":1.5}]}', "parts[0].tick"),
        ('{"kind":"a","parts":[{"name":"x","tick":0}]}', "parts[0].tick"),
        ('{"kind":"a","parts":[{"name":"x","tick":1e30}]}', "parts[0].tick"),
        ('{"kind":"a","parts":[{"name":"x","tick":1},{"name":"y","tick":10}]}', "parts[1].tick"),
        ('{"kind":"a","parts":[{"name":"x","tick":1,"more":2}]}', "parts[0].more"),
        (GOOD.replace('"kind"', '"Kind":1,"kind"'), "Kind"),
        (GOOD.replace('"kind"', '"a`b":1,"kind"'), "a`b"),
        (GOOD.replace('"kind"', '"a\\nb":1,"kind"'), "a\nb"),
        (GOOD.replace('"kind"', '"":1,"kind"'), "body"),
        (GOOD.replace('"kind"', '"odd_name":0,"kind"'), "odd_name"),
        (
            '{"kind":"a","parts":[{"name":"x","tick":1}' + ',{"name":"x","tick":1}' * 2 + "]}",
            "parts",
        ),
    ],
)
def test_a_malformed_body_names_its_field(body: str, field: str) -> None:
    problem = problem_of(body)

    assert problem.status == 422
    assert [error.field for error in problem.errors] == [field]
    assert problem.errors[0].detail
    assert "`" not in problem.errors[0].detail


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"{", b"}", b"x", b"'x'", b"{'kind':'a'}", b"NaN", b"[1,]", b"{}{}"),
        *(b"\xff", b'{"kind":"\xff"}', b'{"kind":"\xed\xa0\x80"}', b"\x00", b"\xef\xbb\xbf{}"),
        *(b'{"kind":"a\x00"}', b'{"kind":"\\ud800"}', b'{"kind":"\\x"}'),
        b"[" * 60_000,
        b'{"kind":' * 10_000,
        b'{"kind":"a","parts":' + b"[" * 30_000,
    ],
)
def test_what_is_not_json_is_unreadable(body: bytes) -> None:
    problem = problem_of(body)

    assert problem.status in {400, 422}
    assert [error.field for error in problem.errors] in (["body"], ["kind"], ["parts[0]"])


def test_a_field_of_any_length_is_named_in_short() -> None:
    problem = problem_of('{"' + "x" * 60_000 + '":1}')

    assert len(problem.errors[0].field) < 300
    assert len(problem.body()) < 1_000


@pytest.mark.parametrize("key", ["a", "x" * 64, "!~", "0f0e-1", '"quoted"'])
def test_a_key_is_printable_and_short(key: str) -> None:
    assert wire.check_key(key) == key


@pytest.mark.parametrize(
    "key", [None, "", " ", "x" * 65, "a b", "a\n", "a\x00", "\x7f", "é", "a\u200b", "\t"]
)
def test_any_other_key_is_refused_by_its_header(key: str | None) -> None:
    with pytest.raises(ProblemFound) as caught:
        wire.check_key(key)

    assert caught.value.problem.status == 400
    assert [error.field for error in caught.value.problem.errors] == ["Idempotency-Key"]


@pytest.mark.parametrize(
    ("content_type", "is_json"),
    [
        ("application/json", True),
        ("Application/JSON; charset=utf-8", True),
        (" application/json ;q=1", True),
        ("application/json+x", False),
        ("text/json", False),
        ("application/x-www-form-urlencoded", False),
        ("", False),
        (None, False),
    ],
)
def test_only_json_is_json(content_type: str | None, is_json: bool) -> None:
    assert wire.is_json(content_type) is is_json
