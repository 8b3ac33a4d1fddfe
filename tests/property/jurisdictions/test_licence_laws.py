"""Laws of licence files: whatever is spoilt in whichever of them is refused by file and key."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pitboss.jurisdictions.errors import LicenceMalformed
from pitboss.jurisdictions.rules import read_licence
from unit.jurisdictions.texts import LICENCES, keys_of, saying, value_of, without

# Written as TOML: nothing of this can stand under any key.
IMPOSSIBLE = ["1.5", "nan", "1979-05-27", "{ x = 1 }", "[[1]]", "[1.5]", "-1", '""', '[""]', "[{}]"]
# What may stand under a key of one type cannot under one of another.
OF_TYPES = {
    "bool": ["true", "false"],
    "int": ["1", "1_000_000"],
    "str": ['"No such word"', '"none "', '"None"', '"1"'],
    "list": ["[]", '["No such word"]', "[true]"],
}
# Free text may be anything but nothing.
FREE = ("licence.name", "licence.regulator", "location.area")

codes = st.sampled_from(sorted(LICENCES))


@st.composite
def places(draw: st.DrawFn) -> tuple[str, str]:
    """Draw a licence and one of its keys."""
    code = draw(codes)
    return code, draw(st.sampled_from(keys_of(LICENCES[code])))


def refused(code: str, text: str) -> LicenceMalformed:
    with pytest.raises(LicenceMalformed) as caught:
        read_licence(code, text, file=f"{code}.toml")
    assert caught.value.file == f"{code}.toml"
    assert str(caught.value).startswith(f"{code}.toml: ")
    return caught.value


@given(places())
def test_a_file_without_any_one_of_its_keys_is_refused(place: tuple[str, str]) -> None:
    code, key = place

    error = refused(code, without(LICENCES[code], key))

    section, _, name = key.partition(".")
    assert section in str(error)
    assert name in str(error)


@given(places(), st.from_regex(r"[a-z][a-z_]{0,30}", fullmatch=True))
def test_a_file_with_a_key_that_nobody_knows_is_refused(place: tuple[str, str], name: str) -> None:
    code, key = place
    section = key.partition(".")[0]
    known = {each.partition(".")[2] for each in keys_of(LICENCES[code]) if section in each}
    name = f"{name}_" if name in known else name
    more = f'\n[{section}.{name}]\nvalue = true\nsource = "x"\nconfidence = "low"\n'

    error = refused(code, LICENCES[code] + more)

    assert error.key == section
    assert f"`{name}`" in str(error)


@given(places(), st.sampled_from(IMPOSSIBLE))
def test_what_can_stand_nowhere_is_refused_under_every_key(
    place: tuple[str, str], value: str
) -> None:
    code, key = place

    error = refused(code, saying(LICENCES[code], key, value))

    assert error.key.startswith(key)


@given(places(), st.sampled_from(sorted(OF_TYPES)), st.data())
def test_a_value_of_another_type_is_refused(
    place: tuple[str, str], kind: str, data: st.DataObject
) -> None:
    code, key = place
    now = type_of(value_of(LICENCES[code], key))
    # Where a file says "none" a number might stand; a word is one of those that are known.
    possible = {"int", "str"} if now in {"int", "str"} else {now}
    assume(key not in FREE if kind == "str" else kind not in possible)
    value = data.draw(st.sampled_from(OF_TYPES[kind]))

    error = refused(code, saying(LICENCES[code], key, value))

    assert error.key.startswith(key)


@given(places(), st.sampled_from(['source = ""', 'source = "x"\nnote = "y"', "source = 1"]))
def test_a_value_whose_source_is_spoilt_is_refused(place: tuple[str, str], source: str) -> None:
    code, key = place
    said = value_of(LICENCES[code], key)
    text = saying(LICENCES[code], key, f"{said}\n{source}")
    # The old source follows: take its line out.
    head, _, rest = text.partition(f"{source}\n")
    text = f"{head}{source}\n{rest.partition(chr(10))[2]}"

    assert refused(code, text).key == key


def type_of(value: str) -> str:
    """Return the type of a value as it is written."""
    if value in OF_TYPES["bool"]:
        return "bool"
    return {'"': "str", "[": "list"}.get(value[0], "int")
