"""Which pitboss this is."""

from importlib.metadata import version

VERSION = version("pitboss")
