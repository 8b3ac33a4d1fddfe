"""pitboss: an open-source core for licensed online gambling."""

from importlib.metadata import version

__version__ = version("pitboss")
