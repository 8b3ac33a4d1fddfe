"""Letters that look like others: how somebody writes another's address without writing it.

A part of UTS 39 (Unicode security mechanisms) that needs no tables of ours: the script of a letter
is the first word of its name, and the letters of Cyrillic and Greek that look like Latin ones are
few.  Source: UTS 39, sections 4 (confusables) and 5.2 (highly restrictive).
"""

from __future__ import annotations

import unicodedata

_LATIN = "LATIN"
# Chinese, Japanese and Korean are written with several scripts, and with Latin between them.
_TOGETHER = (
    frozenset({_LATIN, "CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"}),
    frozenset({_LATIN, "CJK", "BOPOMOFO"}),
    frozenset({_LATIN, "CJK", "HANGUL"}),
)
# Small letters of other scripts that are drawn as small Latin letters are.
_LIKE_LATIN = frozenset("аеорсухміјѕԛԝһӏԁѵɡαιοκνρτυχγϲϳ")


def scripts_of(text: str) -> frozenset[str]:
    """Return the scripts of a text's letters; digits and signs belong to none."""
    return frozenset(
        unicodedata.name(char, "UNKNOWN").partition(" ")[0] for char in text if char.isalpha()
    )


def looks_like_another(mailbox: str, domain: str) -> bool:
    """Say whether an address may pass for another one that is written in Latin letters.

    It does if its mailbox or a label of its domain mixes scripts that are not written together, or
    is made only of letters that look like Latin ones.  A mailbox of another script than its domain
    is believed only where the domain is in that script too, but for its last label.
    """
    *labels, last = domain.split(".")
    parts = [mailbox, *labels, last]
    if any(_mixes(part) or _passes_for_latin(part) for part in parts):
        return True
    return _mixes("".join([mailbox, *labels] if labels else parts))


def _mixes(text: str) -> bool:
    scripts = scripts_of(text)
    return len(scripts) > 1 and not any(scripts <= together for together in _TOGETHER)


def _passes_for_latin(text: str) -> bool:
    letters = [char for char in text if char.isalpha()]
    if not letters or scripts_of(text) <= {_LATIN}:
        return False
    return all(char in _LIKE_LATIN for char in letters)
