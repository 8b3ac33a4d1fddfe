"""Licence files as text, to be spoilt one key at a time."""

from __future__ import annotations

import re
from importlib import resources

from pitboss import jurisdictions

_HEAD = re.compile(r"(?m)^\[(\w+\.\w+)\]$")


def text_of(code: str) -> str:
    """Return the text of a licence's file."""
    return (resources.files("pitboss.jurisdictions") / f"{code}.toml").read_text(encoding="utf-8")


def keys_of(text: str) -> list[str]:
    """Return the keys of a file, in its order."""
    return _HEAD.findall(text)


def without(text: str, key: str) -> str:
    """Return the file without one key, its value and its citation."""
    before, block, after = _around(text, key)
    assert block
    return before + after


def saying(text: str, key: str, value: str) -> str:
    """Return the file with another value, written as TOML, under one key."""
    before, block, after = _around(text, key)
    head, _, rest = block.partition("value = ")
    _, mark, cited = rest.partition("\nsource = ")
    assert mark
    return f"{before}{head}value = {value}{mark}{cited}{after}"


def value_of(text: str, key: str) -> str:
    """Return what a file says under a key, as it is written."""
    _, block, _ = _around(text, key)
    return block.partition("value = ")[2].partition("\nsource = ")[0]


def _around(text: str, key: str) -> tuple[str, str, str]:
    """Take a file apart: what is before a key, the key, and what is after it."""
    start = text.index(f"[{key}]\n")
    following = _HEAD.search(text, start + 1)
    end = following.start() if following else len(text)
    return text[:start], text[start:end], text[end:]


LICENCES = {code: text_of(code) for code in jurisdictions.codes()}
