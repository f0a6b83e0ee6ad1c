"""From the picture of a painting to a portrait in its style, by one worker, with the shipped weights."""

from __future__ import annotations

import io
import shutil
from pathlib import Path

import numpy as np
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from rest_framework.test import APIClient

from portrait import own_styles, painting_services
from portrait.engine.output.provenance import TRAINED_ALGORITHMIC_MEDIA
from portrait.engine.style.row import StyleRow
from portrait.models import OwnPainting, PortraitJob
from tests.paths import ROOT
from tests.portrait.kit import Workers, wait_for
from tests.portrait.pictures import astronaut, encoded
from tests.portrait.provenance import read_provenance
from user.models import User

State = OwnPainting.State
PATIENCE = 240.0


def stripes() -> bytes:
    """Broad stripes of red and yellow."""
    rows = np.arange(400)[:, None] // 20 % 2 * np.ones((1, 400), int)
    return encoded(np.array([(200, 40, 30), (240, 200, 60)], np.uint8)[rows], "PNG")


def test_a_warm_worker_fits_a_style_and_paints_the_next_portrait_in_it(
    workers: Workers, as_alice: APIClient, alice: User, tmp_path: Path
) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    shutil.copy(ROOT / "demo" / "faces" / "nikolai-gogol.jpg", photos)
    painting = OwnPainting(slug="stripes", titles={"ko": "줄무늬", "en": "Stripes"})
    painting_services.add_painting(painting, painting_services.prepare_painting(stripes()))
    # Of the training a few steps are enough here.
    settings = {"PORTRAIT_STYLE_MINUTES": "0.03", "PORTRAIT_STYLE_PHOTOS": str(photos)}
    workers.spawn(["manage.py", "portrait_worker", "--processes", "1"], **settings)

    def fitted() -> bool:
        painting.refresh_from_db()
        return not painting.active

    wait_for(fitted, "the style", PATIENCE)
    assert painting.state == State.SUCCEEDED, painting.error_detail
    row = StyleRow.unpack(bytes(painting.style or b""))
    assert (row.style.slug, row.painter) == ("stripes", own_styles.digest())
    assert len(bytes(painting.style or b"")) < 20_000
    for picture, side in ((painting.portrait, 512), (painting.preview, 112)):
        with Image.open(io.BytesIO(bytes(picture or b""))) as image:
            assert image.size == (side, side)
        provenance = read_provenance(bytes(picture or b""))
        assert provenance is not None and provenance.digital_source_type == TRAINED_ALGORITHMIC_MEDIA
    with Image.open(io.BytesIO(bytes(painting.portrait or b""))) as image:
        painted = np.asarray(image.convert("RGB"), float)
    assert painted[..., 0].mean() > painted[..., 2].mean() + 20, "it has the painting's warm colours"

    assert painting_services.publish(painting)
    photo = SimpleUploadedFile("me.jpg", encoded(astronaut(), "JPEG"))
    sent = {"pic": photo, "style": "stripes", "motion": "sigh", "size": "256"}
    assert as_alice.post("/user/main/", sent, format="multipart").status_code == 200
    wait_for(lambda: PortraitJob.objects.get().state not in PortraitJob.ACTIVE, "the portrait", PATIENCE)
    job = PortraitJob.objects.get()
    assert (job.state, job.style) == (State.SUCCEEDED, "stripes"), job.error_detail
    assert len(workers.started) == 1
