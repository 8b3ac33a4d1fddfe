"""XML from outside, read within bounds.

A document type is refused before anything in it is looked at, so there are no entities that grow
and none that name a file; size, depth and number of elements have limits.  This is `defusedxml`'s
way with the parser of the standard library, without a detour through its slower tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NoReturn
from xml.parsers import expat

from pitboss.sportsbook.feeds.errors import Unreadable
from pitboss.sportsbook.feeds.model import Reason

# Real messages have 6 to 150 kB; an outright market with a thousand runners is not a megabyte.
BYTES_MAX = 4 * 1024 * 1024
ELEMENTS_MAX = 50_000
DEPTH_MAX = 16
ATTRIBUTES_MAX = 64


class Element:
    """An element with its attributes and what is in it; text is not kept."""

    __slots__ = ("attributes", "children", "name")

    def __init__(self, name: str, attributes: dict[str, str]) -> None:
        self.name = name
        self.attributes = attributes
        self.children: list[Element] = []

    def get(self, name: str) -> str | None:
        """Return an attribute, if it is there."""
        return self.attributes.get(name)

    def find(self, name: str) -> Element | None:
        """Return the first child of this name, if there is one."""
        return next(self.find_all(name), None)

    def find_all(self, name: str) -> Iterator[Element]:
        """Return the children of this name."""
        return (child for child in self.children if child.name == name)


class _Builder:
    """Builds the tree while expat reads, and stops at the first thing that is too much."""

    def __init__(self) -> None:
        self.root: Element | None = None
        self._open: list[Element] = []
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > ELEMENTS_MAX:
            raise Unreadable(Reason.TOO_LARGE, f"over {ELEMENTS_MAX} elements")
        if len(self._open) >= DEPTH_MAX:
            raise Unreadable(Reason.TOO_LARGE, f"nested deeper than {DEPTH_MAX}")
        if len(attributes) > ATTRIBUTES_MAX:
            raise Unreadable(Reason.TOO_LARGE, f"an element with over {ATTRIBUTES_MAX} attributes")
        element = Element(name, attributes)
        if self._open:
            self._open[-1].children.append(element)
        else:
            self.root = element
        self._open.append(element)

    def end(self, _: str) -> None:
        self._open.pop()


def read_xml(body: bytes) -> Element:
    """Return the root of a document in UTF-8, with or without a byte order mark.

    Raises:
        Unreadable: it is too large, is no XML, or brings a document type.
    """
    if len(body) > BYTES_MAX:
        raise Unreadable(Reason.TOO_LARGE, f"{len(body)} bytes, over {BYTES_MAX}")
    # Whatever encoding it claims, so that there is one way to read it.
    parser = expat.ParserCreate(encoding="utf-8")
    builder = _Builder()
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    try:
        parser.Parse(body, True)
    except expat.ExpatError as error:
        said = expat.ErrorString(error.code)
        raise Unreadable(Reason.NOT_XML, f"{said} in line {error.lineno}") from None
    if builder.root is None:
        raise Unreadable(Reason.NOT_XML, "no element")
    return builder.root


def _refuse(*_: Any) -> NoReturn:
    raise Unreadable(Reason.FORBIDDEN_XML, "it brings a document type or an entity")
