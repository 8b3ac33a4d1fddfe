"""What players are located with, put together from an instance's settings."""

from __future__ import annotations

import json

from pitboss.adapters.locating.addresses import MaxMindBook
from pitboss.adapters.locating.boundaries import BoundaryFiles
from pitboss.adapters.locating.keys import KeyRing
from pitboss.adapters.locating.tokens import JwsReader
from pitboss.app.home import Home
from pitboss.app.parts import SANDBOX_LOCATION
from pitboss.location.ports import Instruments
from pitboss.sandbox.locating import VENDOR, SandboxLocator
from pitboss.settings import Settings

_SANDBOX_KEYS = "location-keys.json"


def instruments(settings: Settings) -> Instruments:
    """Return what players are located with; what is not configured permits nobody.

    Raises:
        KeysMalformed: a file of keys cannot be used.
        AddressesMalformed: a file of addresses cannot be used.
        BoundaryMalformed: a map cannot be used.
    """
    wanted = settings.location
    keys = dict(wanted.keys)
    if wanted.sandbox:
        # Whoever names a provider of this name means the sandbox elsewhere.
        home = Home(settings.home)
        locator = SandboxLocator(home.secret(SANDBOX_LOCATION))
        path = home.sandbox / _SANDBOX_KEYS
        path.write_text(json.dumps(locator.keys()))
        keys.setdefault(VENDOR, path)
    return Instruments(
        tokens=JwsReader(KeyRing(keys)),
        addresses=MaxMindBook(wanted.cities, wanted.anonymous),
        boundaries=BoundaryFiles(wanted.areas, wanted.zones),
    )
