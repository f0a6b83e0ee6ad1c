from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from django.contrib.staticfiles import finders
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image
from pytest_django import DjangoCaptureOnCommitCallbacks

from dormitory.models import House
from tests.portrait.kit import files_on_disk
from tests.portrait.pictures import astronaut, encoded, exif_orientation, png_that_claims

pytestmark = pytest.mark.usefixtures("houses")


def upload(data: bytes, name: str = "../../evil.html") -> House:
    """House 1 after an admin has saved a form with that file."""
    house = House.objects.get(pk=1)
    house.crest = SimpleUploadedFile(name, data)
    house.full_clean()
    house.save()
    return House.objects.get(pk=1)


def stored(house: House, media: Path) -> Image.Image:
    return Image.open(media / str(house.crest.name))


def test_every_symbol_has_a_drawing_that_needs_nothing_else() -> None:
    for symbol in House.Symbol.values:
        found = finders.find(f"dormitory/crests/{symbol}.svg")
        assert isinstance(found, str)
        root = ElementTree.fromstring(Path(found).read_bytes())
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
        tags = {element.tag.rpartition("}")[2] for element in root.iter()}
        assert not tags & {"script", "image", "text", "use", "style", "foreignObject"}


def test_the_four_houses_have_four_different_crests() -> None:
    logos = [house.logo for house in House.objects.all()]
    assert logos == [f"/static/dormitory/crests/{name}.svg" for name in ("flame", "wheat", "wave", "star")]


def test_a_drawing_is_served(client: Client) -> None:
    response = client.get("/static/dormitory/crests/wave.svg")
    assert response.status_code == 200
    assert response["Content-Type"] == "image/svg+xml"


def test_an_uploaded_crest_takes_the_place_of_the_drawing(client: Client, media: Path) -> None:
    house = upload(encoded(astronaut(), "JPEG"))
    assert house.logo == f"/media/{house.crest.name}"
    response = client.get(house.logo)
    assert (response.status_code, response["Content-Type"]) == (200, "image/webp")
    assert b"".join(response) == (media / str(house.crest.name)).read_bytes()


def test_it_is_encoded_anew_under_a_name_of_ours(media: Path) -> None:
    house = upload(encoded(astronaut(), "PNG"), name="mine.png")
    assert files_on_disk() == {house.crest.name}
    assert str(house.crest.name).startswith("crests/")
    assert "mine" not in str(house.crest.name)
    with stored(house, media) as image:
        assert (image.format, image.size) == ("WEBP", (512, 512))
        assert "exif" not in image.info


def test_a_photo_is_turned_upright_and_keeps_its_shape(media: Path) -> None:
    picture = Image.fromarray(astronaut()).resize((1200, 600))
    house = upload(encoded(picture, "JPEG", exif=exif_orientation(6)))
    with stored(house, media) as image:
        assert image.size == (256, 512)


def test_transparency_stays(media: Path) -> None:
    pixels = np.zeros((900, 600, 4), dtype=np.uint8)
    pixels[300:600] = (200, 30, 40, 255)
    house = upload(encoded(Image.fromarray(pixels), "PNG"))
    with stored(house, media) as image:
        assert image.mode == "RGBA"
        alpha = np.asarray(image)[..., 3]
    assert alpha.shape == (512, 341)
    assert (alpha[0, 0], alpha[256, 170]) == (0, 255)


def test_an_opaque_palette_is_fine(media: Path) -> None:
    palette = Image.fromarray(astronaut()).convert("P")
    with stored(upload(encoded(palette, "PNG")), media) as image:
        assert image.mode == "RGB"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "photo_empty"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "photo_unsupported_format"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "photo_unreadable"),
        (png_that_claims(20_000, 20_000), "photo_too_many_pixels"),
        (encoded(Image.new("RGB", (20, 20)), "PNG"), "photo_too_small"),
    ],
)
def test_what_is_no_picture_is_refused_and_not_stored(data: bytes, code: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        upload(data)
    assert [error.code for error in refusal.value.error_dict["crest"]] == [code]
    assert files_on_disk() == set()
    assert not House.objects.get(pk=1).crest


def test_saving_something_else_leaves_the_crest_alone(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    house = upload(encoded(astronaut(), "JPEG"))
    name = house.crest.name
    with django_capture_on_commit_callbacks(execute=True):
        house.name = "Lions"
        house.full_clean()
        house.save()
    assert House.objects.get(pk=1).crest.name == name
    assert files_on_disk() == {name}


def test_a_replaced_cleared_or_deleted_crest_leaves_no_file(
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    first = upload(encoded(astronaut(), "JPEG")).crest.name
    with django_capture_on_commit_callbacks(execute=True):
        house = upload(encoded(astronaut(), "WEBP"))
    assert house.crest.name != first
    assert files_on_disk() == {house.crest.name}
    with django_capture_on_commit_callbacks(execute=True):
        house.crest = ""
        house.save()
    assert files_on_disk() == set()
    assert house.logo.endswith("flame.svg")
    house = upload(encoded(astronaut(), "PNG"))
    with django_capture_on_commit_callbacks(execute=True):
        house.delete()
    assert files_on_disk() == set()


@pytest.mark.parametrize(
    "path", ["/media/crests/../photos/x.jpg", "/media/crests/none.webp", "/media/crests/"]
)
def test_nothing_else_is_served_beside_crests(client: Client, media: Path, path: str) -> None:
    (media / "photos").mkdir()
    (media / "photos" / "x.jpg").write_bytes(b"private")
    assert client.get(path).status_code == 404
