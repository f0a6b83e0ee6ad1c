"""Signed files name what made them, betray changes, can still be played, and keep their other statement."""

from __future__ import annotations

import io
import json
import subprocess
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import c2pa
import imageio_ffmpeg
import numpy as np
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID

from portrait.engine.errors import CredentialsError
from portrait.engine.output.content_credentials import Making, Signer
from portrait.engine.output.formats import MEDIA_TYPES, OF_FRAMES
from portrait.engine.output.provenance import TRAINED_ALGORITHMIC_MEDIA
from portrait.engine.output.statement import Statement
from tests.portrait.engine.output.certificates import Certificate, certificate
from tests.portrait.engine.output.test_encode import clip, played
from tests.portrait.provenance import read_provenance

MAKING = Making(painter="painter", motion_model="motion", style="starry-night", motion="nod")
NAMES = [row.name for row in OF_FRAMES]
ROWS = {row.name: row for row in OF_FRAMES}


@cache
def signer_files() -> Certificate:
    return certificate(Path(mkdtemp()))


@cache
def signed() -> dict[str, bytes]:
    files = signer_files()
    return Statement((files.chain, files.key)).in_files(clip().files, MAKING)


def read(file: bytes, media_type: str, *, trusted: bool = True) -> tuple[str, Any]:
    """The state of the file's signature and its manifest, read by a program that trusts the test's authority."""
    trust = {"trust": {"user_anchors": signer_files().authority}} if trusted else {}
    with (
        c2pa.Context(c2pa.Settings.from_dict(trust)) as context,
        c2pa.Reader(media_type, io.BytesIO(file), context=context) as reader,
    ):
        store = json.loads(reader.json())
        return str(reader.get_validation_state()), store["manifests"][store["active_manifest"]]


@pytest.mark.parametrize("name", NAMES)
def test_a_signed_file_is_trusted_by_who_trusts_its_signer(name: str) -> None:
    state, manifest = read(signed()[name], ROWS[name].media_type)
    assert state == "Trusted"
    assert manifest["signature_info"]["common_name"] == "Test signer"


def test_the_signature_is_valid_for_everybody_else() -> None:
    assert read(signed()["webp"], "image/webp", trusted=False)[0] == "Valid"


@pytest.mark.parametrize("name", NAMES)
def test_the_manifest_says_what_made_the_file_and_nothing_else(name: str) -> None:
    _, manifest = read(signed()[name], ROWS[name].media_type)
    (actions,) = [one for one in manifest["assertions"] if one["label"].startswith("c2pa.actions")]
    (action,) = actions["data"]["actions"]
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"] == TRAINED_ALGORITHMIC_MEDIA
    assert action["parameters"] == {
        "painter": "painter",
        "motionModel": "motion",
        "style": "starry-night",
        "motion": "nod",
    }
    # What is left is the hash of the file, where it is an assertion that the reader shows.
    assert {one["label"] for one in manifest["assertions"]} - {actions["label"]} <= {"c2pa.hash.bmff.v3"}
    assert "thumbnail" not in manifest
    # There is no time stamp: no timestamp authority was asked.
    assert "time" not in manifest["signature_info"]


@pytest.mark.parametrize("name", NAMES)
def test_a_change_of_the_picture_is_detected(name: str) -> None:
    file = bytearray(signed()[name])
    plain = clip().files[name]
    # A byte of the picture's data: a quarter from its end, where no format has its metadata.
    place = bytes(file).index(plain[-len(plain) // 4 :][:64])
    file[place + 32] ^= 0x10
    assert read(bytes(file), ROWS[name].media_type)[0] == "Invalid"


@pytest.mark.parametrize("name", NAMES)
def test_a_signed_file_keeps_its_xmp(name: str) -> None:
    statement = read_provenance(signed()[name])
    assert statement is not None
    assert statement.digital_source_type == TRAINED_ALGORITHMIC_MEDIA


@pytest.mark.parametrize("name", ["webp", "avif", "gif", "tile"])
def test_a_signed_animation_plays_as_before(name: str) -> None:
    before, after = played(clip().files[name]), played(signed()[name])
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]


def test_a_signed_film_plays_as_before(tmp_path: Path) -> None:
    def checksums(file: bytes) -> bytes:
        path = tmp_path / "film.mp4"
        path.write_bytes(file)
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "framemd5", "-"]
        return subprocess.run(command, capture_output=True, check=True).stdout

    assert checksums(signed()["mp4"]) == checksums(clip().files["mp4"])


def test_without_a_certificate_there_is_xmp_alone() -> None:
    file = Statement().in_files({"webp": clip().files["webp"]}, MAKING)["webp"]
    assert read_provenance(file) is not None
    with pytest.raises(c2pa.C2paError):
        c2pa.Reader(MEDIA_TYPES["webp"], io.BytesIO(file))


def test_a_certificate_for_another_purpose_is_refused(tmp_path: Path) -> None:
    files = certificate(tmp_path, purposes=(ExtendedKeyUsageOID.SERVER_AUTH,))
    with pytest.raises(CredentialsError, match=r"chain\.pem is not fit to sign with"):
        Signer(files.chain, files.key)


def test_the_key_of_another_certificate_is_refused(tmp_path: Path) -> None:
    other = certificate(tmp_path)
    with pytest.raises(CredentialsError, match="the key is not that of the certificate"):
        Signer(signer_files().chain, other.key)


@pytest.mark.parametrize("content", ["", "no certificate"])
def test_a_file_that_is_no_certificate_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "chain.pem").write_text(content)
    with pytest.raises(CredentialsError, match=r"chain\.pem"):
        Signer(tmp_path / "chain.pem", signer_files().key)


def test_a_file_of_an_unknown_kind_cannot_be_signed() -> None:
    with pytest.raises(CredentialsError, match="image/webp"):
        Signer(signer_files().chain, signer_files().key).sign(b"text", "image/webp", MAKING)
