"""What each file says about where it comes from: the XMP statement, and the signed manifest with a certificate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from portrait.engine.output.content_credentials import Making, Signer
from portrait.engine.output.formats import FORMATS, LIVE
from portrait.engine.output.provenance import with_provenance


class Statement:
    """Writes the statement into the files of a portrait.

    ``c2pa`` names the certificate chain and the key. Raises CredentialsError where they cannot sign.
    """

    def __init__(self, c2pa: tuple[Path, Path] | None = None) -> None:
        self._signer = Signer(*c2pa) if c2pa else None

    def in_files(self, files: Mapping[str, bytes], making: Making) -> dict[str, bytes]:
        """The files, by the format's name, with the statement added. Raises CredentialsError."""
        media_types = {row.name: row.media_type for row in FORMATS}
        stated = {name: with_provenance(data) for name, data in files.items()}
        if self._signer is None:
            return stated
        # Last: the signature covers every byte before it.
        # A live portrait is an archive, which C2PA's library cannot sign.
        return {
            name: data if name == LIVE.name else self._signer.sign(data, media_types[name], making)
            for name, data in stated.items()
        }
