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

# C2PA's algorithm for a key on each elliptic curve, by the curve's name.
_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
# The smallest PNG, to find out whether files can be signed.
_TRIAL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c49444154789c63606060000000040001f61738550000000049454e44ae426082"
)


@dataclass(frozen=True)
class Making:
    """What made a portrait: names of weights and of the choices, and nothing about the student.

    A still has no ``motion``: it is empty.
    """

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
        except ssl.SSLError as error:
            other = error.reason == "KEY_VALUES_MISMATCH"
            reason = (
                "the key is not that of the certificate" if other else "no certificate and key in PEM form"
            )
            raise CredentialsError(f"{certificate} and {key}: {reason}") from error
        except (OSError, ValueError) as error:
            raise CredentialsError(f"{certificate} and {key}: {_reason(error)}") from error
        self._chain, self._key = certificate.read_text(), key.read_text()
        try:
            self._algorithm = _algorithm(self._key)
            self._signed(_TRIAL, "image/png", _manifest(Making("trial", "trial", "trial", "trial")))
        except ModuleNotFoundError as error:
            # The web process is installed without it, and signs nothing.
            raise CredentialsError(
                f"the package {error.name} is missing here; only workers, which have requirements.txt, can sign"
            ) from error
        except Exception as error:  # c2pa's errors have no common base but this
            raise CredentialsError(f"{certificate} is not fit to sign with: {_reason(error)}") from error

    def sign(self, data: bytes, media_type: str, making: Making) -> bytes:
        """The file with the manifest added; nothing else of it changes. Raises CredentialsError."""
        try:
            return self._signed(data, media_type, _manifest(making))
        except Exception as error:  # c2pa's errors have no common base but this
            raise CredentialsError(
                f"a file of type {media_type} cannot be signed: {_reason(error)}"
            ) from error

    def _signed(self, data: bytes, media_type: str, manifest: dict[str, Any]) -> bytes:
        # Imported here: an installation without a certificate needs none of it.
        import c2pa

        settings = c2pa.Settings.from_dict({"builder": {"thumbnail": {"enabled": False}}})
        info = c2pa.C2paSignerInfo(self._algorithm.encode(), self._chain.encode(), self._key.encode(), None)
        target = io.BytesIO()
        with (
            c2pa.Signer.from_info(info) as signer,
            c2pa.Context(settings) as context,
            c2pa.Builder(json.dumps(manifest), context) as builder,
        ):
            builder.sign(signer, media_type, io.BytesIO(data), target)
        return target.getvalue()


def _algorithm(key: str) -> str:
    """C2PA's name for the algorithm that signs with this key (PEM). Raises ValueError for a key of another kind."""
    # Imported here, as c2pa is.
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    private = load_pem_private_key(key.encode(), password=None)
    if isinstance(private, ec.EllipticCurvePrivateKey) and private.curve.name in _CURVES:
        return _CURVES[private.curve.name]
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(private, rsa.RSAPrivateKey):
        return "ps256"
    raise ValueError("the key is neither EC P-256, P-384 or P-521, nor Ed25519, nor RSA")


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
                                **({"motionModel": making.motion_model} if making.motion else {}),
                                "style": making.style,
                                **({"motion": making.motion} if making.motion else {}),
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
