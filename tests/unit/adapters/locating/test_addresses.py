"""Addresses in MaxMind's databases; their published test files are the operator's to supply."""

from __future__ import annotations

from pathlib import Path

import pytest

from maps import supplied
from pitboss.adapters.locating.addresses import MaxMindBook
from pitboss.location.errors import AddressesMalformed
from pitboss.location.model import Address, AddressState, Reason


@pytest.fixture(scope="module")
def book() -> MaxMindBook:
    """Give MaxMind's test databases."""
    return MaxMindBook(supplied("GeoIP2-City-Test.mmdb"), supplied("GeoIP2-Anonymous-IP-Test.mmdb"))


def found(country: str, subdivision: str | None, *reasons: Reason) -> Address:
    return Address(
        state=AddressState.FOUND, country=country, subdivision=subdivision, reasons=reasons
    )


@pytest.mark.parametrize(
    ("ip", "address"),
    [
        ("216.160.83.56", found("US", "WA")),
        ("::ffff:216.160.83.56", found("US", "WA")),
        ("2001:218::1", found("JP", None)),
        ("1.2.3.4", Address(state=AddressState.UNKNOWN, reasons=(Reason.ADDRESS_VPN,))),
        ("127.0.0.1", Address(state=AddressState.UNKNOWN)),
        ("::", Address(state=AddressState.UNKNOWN)),
        ("", Address(state=AddressState.UNKNOWN)),
        ("not an address", Address(state=AddressState.UNKNOWN)),
        ("1.2.3.4.5", Address(state=AddressState.UNKNOWN)),
    ],
)
def test_what_is_known_of_an_address_is_told(book: MaxMindBook, ip: str, address: Address) -> None:
    assert book.find(ip) == address


@pytest.mark.parametrize(
    ("ip", "reasons"),
    [
        ("71.160.223.1", [Reason.ADDRESS_HOSTING]),
        ("186.30.236.1", [Reason.ADDRESS_PROXY]),
        ("65.0.0.1", [Reason.ADDRESS_TOR]),
        ("6.1.0.4", [Reason.ADDRESS_RESIDENTIAL_PROXY]),
        ("1.124.213.1", [Reason.ADDRESS_VPN, Reason.ADDRESS_TOR]),
        ("216.160.83.56", []),
    ],
)
def test_each_way_of_hiding_has_a_reason(book: MaxMindBook, ip: str, reasons: list[Reason]) -> None:
    assert list(book.find(ip).reasons) == reasons


@pytest.mark.parametrize(("places", "anonymous"), [(False, False), (True, False), (False, True)])
def test_without_both_databases_nobody_has_looked(places: bool, anonymous: bool) -> None:
    book = MaxMindBook(
        supplied("GeoIP2-City-Test.mmdb") if places else None,
        supplied("GeoIP2-Anonymous-IP-Test.mmdb") if anonymous else None,
    )

    assert book.find("216.160.83.56") == Address(state=AddressState.NOT_LOOKED_UP)


def test_what_is_no_database_is_refused_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "city.mmdb"
    path.write_bytes(b"not one")

    with pytest.raises(AddressesMalformed, match=r"city\.mmdb"):
        MaxMindBook(path, None)
    with pytest.raises(AddressesMalformed, match="none"):
        MaxMindBook(None, tmp_path / "none")
