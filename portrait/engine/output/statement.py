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
        return {name: self.in_file(data, media_types[name], making) for name, data in files.items()}

    def in_file(self, data: bytes, media_type: str, making: Making) -> bytes:
        """The file with the statement added. Raises CredentialsError."""
        stated = with_provenance(data)
        # A live portrait is an archive, which C2PA's library cannot sign.
        if self._signer is None or media_type == LIVE.media_type:
            return stated
        # Last: the signature covers every byte before it.
        return self._signer.sign(stated, media_type, making)
