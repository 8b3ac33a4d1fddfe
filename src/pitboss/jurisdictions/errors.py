"""Faults of the licence files."""

from __future__ import annotations

from pitboss.kernel.errors import PlatformError


class LicenceMalformed(PlatformError):
    """A licence file has a key too many, a key too few, or a value that cannot be.

    `file` and `key` say where; nothing of the file is used.
    """

    def __init__(self, file: str, key: str, message: str) -> None:
        super().__init__(f"{file}: {key}: {message}" if key else f"{file}: {message}")
        self.file = file
        self.key = key
