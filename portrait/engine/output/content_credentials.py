"""Content Credentials: a signed C2PA manifest in each file: a trained algorithm made it, and with what.

The manifest (C2PA specification 2.1) has one action, ``c2pa.created``, with the IPTC digital source type. It holds no
personal data, no thumbnail and no time: nothing is asked of the network, so there is no timestamp authority.
"""

from __future__ import annotations

import io
import json
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from portrait.engine.errors import CredentialsError
from portrait.engine.output.provenance import CREATOR_TOOL, TRAINED_ALGORITHMIC_MEDIA

# What a certificate's key can be, each with the one algorithm of C2PA for it.
ALGORITHMS = ("es256", "es384", "es512", "ps256", "ed25519")
# The smallest PNG, to find out whether files can be signed.
_TRIAL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


@dataclass(frozen=True)
class Making:
    """What made a portrait: names of weights and of the choices, and nothing about the student."""

    painter: str
    motion_model: str
    style: str
    motion: str


class Signer:
    """Signs files with a certificate chain (PEM, the leaf first) and its private key (PEM, PKCS #8).

    Raises CredentialsError where they cannot be read, do not belong together, or are not fit for C2PA.
    """

    def __init__(self, certificate: Path, key: Path) -> None:
        # Before c2pa, whose messages name neither file.
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{certificate} and {key}: {_reason(error)}") from error
        self._chain, self._key = certificate.read_text(), key.read_text()
        self._algorithm = self._find_algorithm(certificate)

    def sign(self, data: bytes, media_type: str, making: Making) -> bytes:
        """The file with the manifest added; nothing else of it changes. Raises CredentialsError."""
        try:
            return self._signed(data, media_type, _manifest(making), self._algorithm)
        except Exception as error:  # c2pa's errors have no common base but this
            raise CredentialsError(
                f"a file of type {media_type} cannot be signed: {_reason(error)}"
            ) from error

    def _signed(self, data: bytes, media_type: str, manifest: dict[str, Any], algorithm: str) -> bytes:
        # Imported here: an installation without a certificate needs none of it.
        import c2pa

        settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        info = c2pa.C2paSignerInfo(algorithm.encode(), self._chain.encode(), self._key.encode(), None)
        target = io.BytesIO()
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context(settings) as context,
            c2pa.Builder(json.dumps(manifest), context) as builder,
        ):
            builder.sign(signer, media_type, io.BytesIO(data), target)
        return target.getvalue()

    def _find_algorithm(self, certificate: Path) -> str:
        """The one that signs with this key. c2pa tells only by trying."""
        trial = _manifest(Making("trial", "trial", "trial", "trial"))
        reasons = []
        for algorithm in ALGORITHMS:
            try:
                self._signed(_TRIAL, "image/png", trial, algorithm)
            except Exception as error:
                reasons.append(f"{algorithm}: {_reason(error)}")
            else:
                return algorithm
        raise CredentialsError(f"{certificate}: not a certificate to sign with ({'; '.join(reasons)})")


def _manifest(making: Making) -> dict[str, Any]:
    return {
        "claim_generator_info": [{"name": CREATOR_TOOL}],
        "title": "Moving portrait",
        "assertions": [
            {
                "label": "c2pa.actions",
                "data": {
                    "actions": [
                        {
                            "action": "c2pa.created",
                            "digitalSourceType": TRAINED_ALGORITHMIC_MEDIA,
                            "softwareAgent": {"name": CREATOR_TOOL},
                            "parameters": {
                                "painter": making.painter,
                                "motionModel": making.motion_model,
                                "style": making.style,
                                "motion": making.motion,
                            },
                        }
                    ]
                },
            }
        ],
    }


def _no_password() -> str:
    # OpenSSL would ask for one on the terminal.
    raise ValueError("the key is protected by a password; it is needed without")


def _reason(error: BaseException) -> str:
    """One line of what went wrong."""
    return " ".join(str(error).split()) or type(error).__name__
