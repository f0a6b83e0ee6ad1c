"""``GET /dorm/card/image/``: the card as a file, drawn once, with the data of the student's record."""

from __future__ import annotations

import datetime
import io
from pathlib import Path
from typing import Any

import imageio.v3 as iio
import numpy as np
import pytest
from PIL import Image, ImageSequence
from pytest_django import Settings
from rest_framework.test import APIClient

from common.storage import media
from dormitory.card import film, fonts, store
from dormitory.card.drawing import FRAME, HEIGHT, WIDTH, WINDOW, Card, Facts
from dormitory.models import House
from dormitory.seeds.houses import HOUSES
from portrait import files
from portrait.engine.output.formats import FORMATS
from portrait.engine.output.provenance import TRAINED_ALGORITHMIC_MEDIA
from portrait.models import PortraitJob
from portrait.queue import transitions
from tests.dormitory.conftest import BIRTHDAY, sort
from tests.portrait.kit import claim, enqueue, files_on_disk
from tests.portrait.pictures import astronaut
from tests.portrait.provenance import read_provenance
from user.models import User

URL = "/dorm/card/image/"
PORTRAIT_FRAMES = 6


def loop(colour: tuple[int, int, int] = (200, 30, 30)) -> bytes:
    """A moving portrait as the engine leaves it: a stripe that moves over one colour."""
    frames = []
    for number in range(PORTRAIT_FRAMES):
        picture = np.full((64, 64, 3), colour, np.uint8)
        picture[:, number * 8 : number * 8 + 8] = 255
        frames.append(Image.fromarray(picture))
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:], duration=50, lossless=True)
    return out.getvalue()


def give_portrait(student: User, colour: tuple[int, int, int] = (200, 30, 30)) -> None:
    """Give ``student`` a finished portrait of that colour."""
    enqueue(student)
    job = claim()
    names = {}
    for row in FORMATS:
        names[row.name] = files.result_name(job.key, job.lease, row.suffix)
        media().write(names[row.name], loop(colour) if row.name == "webp" else b"unused")
    assert transitions.finish(job, transitions.Results(names, job.request, {}))
    student.refresh_from_db()


@pytest.fixture
def moving(ravenclaw: User) -> User:
    give_portrait(ravenclaw)
    return ravenclaw


def fetch(client: APIClient, kind: str = "png", **query: str) -> Any:
    response = client.get(URL, {"format": kind, **query})
    assert response.status_code == 200, response.content
    return response


def picture(response: Any) -> Image.Image:
    return Image.open(io.BytesIO(response.getvalue()))


def window(card: Image.Image) -> np.ndarray[Any, Any]:
    """The middle of the portrait on the card: float (H, W, 3)."""
    scale = card.width / WIDTH
    left, top = (round((place + WINDOW[0]) * scale) for place in FRAME[:2])
    side = round(WINDOW[1] * scale)
    part = card.convert("RGB").crop((left, top, left + side, top + side))
    return np.asarray(part, float)[side // 4 : -side // 4, side // 4 : -side // 4]


@pytest.mark.django_db(transaction=True)
def test_the_picture_has_the_portrait_in_the_frame_and_says_that_a_machine_painted_it(
    as_alice: APIClient, moving: User
) -> None:
    response = fetch(as_alice)
    assert response["Content-Type"] == "image/png"
    data = response.getvalue()
    card = Image.open(io.BytesIO(data))
    assert card.size == (WIDTH, HEIGHT)
    red, green, _blue = window(card).reshape(-1, 3).mean(0)
    assert red > 150 > green
    stated = read_provenance(data)
    assert stated is not None and stated.digital_source_type == TRAINED_ALGORITHMIC_MEDIA


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("kind", "media_type"), [("webp", "image/webp"), ("gif", "image/gif"), ("mp4", "video/mp4")]
)
def test_in_a_film_the_portrait_moves_and_the_card_stands_still(
    as_alice: APIClient, moving: User, kind: str, media_type: str
) -> None:
    response = fetch(as_alice, kind)
    assert response["Content-Type"] == media_type
    data = response.getvalue()
    if kind == "mp4":
        frames = [Image.fromarray(frame) for frame in iio.imread(data, extension=".mp4")]
    else:
        frames = [frame.convert("RGB") for frame in ImageSequence.Iterator(Image.open(io.BytesIO(data)))]
    # A GIF has every second frame.
    step = 2 if kind == "gif" else 1
    assert len(frames) == PORTRAIT_FRAMES // step
    assert frames[0].size == (film.FILM_WIDTH, 604)
    third_frame = frames[2 // step]
    first, third = (np.asarray(frame, float) for frame in (frames[0], third_frame))
    assert np.abs(window(frames[0]) - window(third_frame)).mean() > 10
    assert np.abs(first - third)[:, film.FILM_WIDTH // 2 :].mean() < 2
    stated = read_provenance(data)
    assert stated is not None and stated.digital_source_type == TRAINED_ALGORITHMIC_MEDIA


@pytest.mark.django_db
def test_before_there_is_a_portrait_the_photo_is_not_drawn_and_the_card_claims_no_machine(
    as_alice: APIClient, ravenclaw: User
) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full_like(astronaut(), (20, 160, 20))).save(out, "JPEG")
    for field in (ravenclaw.still, PortraitJob.objects.get().photo):
        media().write(str(field.name), out.getvalue())
    data = fetch(as_alice).getvalue()
    with_photo = window(Image.open(io.BytesIO(data)))
    assert read_provenance(data) is None
    for name in files_on_disk():
        if name.startswith("photos/"):
            media().delete([name])
    User.objects.update(still="")
    assert np.array_equal(with_photo, window(Image.open(io.BytesIO(fetch(as_alice).getvalue()))))
    assert fetch(as_alice, "webp").status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_a_lost_or_damaged_picture_leaves_the_card_whole_and_claims_no_machine(
    as_alice: APIClient, moving: User, damage: str
) -> None:
    name = str(moving.portrait.name)
    if damage == "lost":
        media().delete([name])
    else:
        media().write(name, b"not a picture")
    data = fetch(as_alice).getvalue()
    assert Image.open(io.BytesIO(data)).size == (WIDTH, HEIGHT)
    assert read_provenance(data) is None
    assert fetch(as_alice, "webp")["Content-Type"] == "image/webp"


@pytest.mark.django_db
def test_there_is_no_card_before_the_sorting(as_alice: APIClient, photographed: User) -> None:
    answer = as_alice.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_sorted")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["bmp", "", "json", "api"])
def test_another_format_is_refused_in_words(as_alice: APIClient, ravenclaw: User, kind: str) -> None:
    answer = as_alice.get(URL, {"format": kind})
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown_format")


@pytest.mark.django_db
def test_a_visitor_is_turned_away(visitor: APIClient) -> None:
    assert visitor.get(URL).status_code == 401


@pytest.mark.django_db
@pytest.mark.parametrize("accept", ["image/*", "image/avif,image/webp,*/*;q=0.8", "text/html"])
def test_an_image_element_may_ask_for_it(as_alice: APIClient, ravenclaw: User, accept: str) -> None:
    assert as_alice.get(URL, headers={"Accept": accept}).status_code == 200


@pytest.mark.django_db
def test_a_browser_is_told_to_save_it_under_a_name(as_alice: APIClient, ravenclaw: User) -> None:
    name = f'filename="student-card-{ravenclaw.student_number}.png"'
    assert fetch(as_alice)["Content-Disposition"] == f"inline; {name}"
    assert fetch(as_alice, download="1")["Content-Disposition"] == f"attachment; {name}"


@pytest.mark.django_db(transaction=True)
def test_it_is_drawn_once_and_not_at_all_for_who_has_it(
    as_alice: APIClient, moving: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    response = fetch(as_alice)

    def never(*args: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(store.Edition, "_draw", never)
    assert fetch(as_alice).getvalue() == response.getvalue()
    assert response["Cache-Control"] == "private, no-cache"
    store.forget(moving.pk)
    again = as_alice.get(URL, headers={"If-None-Match": response["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.django_db(transaction=True)
def test_whatever_changes_on_it_makes_another_card_and_the_old_one_goes(
    as_alice: APIClient, moving: User
) -> None:
    def etag() -> str:
        return str(fetch(as_alice)["ETag"])

    seen = [etag()]
    for change in (
        {"fullname": "앨리스"},
        {"birthday": datetime.date(2006, 1, 1)},
        {"house": House.objects.get(pk=1)},
        {"join_date": datetime.date(2026, 3, 2)},
    ):
        User.objects.filter(pk=moving.pk).update(**change)
        seen.append(etag())
    House.objects.filter(pk=1).update(colour="#123456")
    seen.append(etag())
    give_portrait(moving, (30, 30, 200))
    seen.append(etag())
    assert len(set(seen)) == len(seen)
    assert sum(name.startswith("cards/") for name in files_on_disk()) == 1


@pytest.mark.django_db
def test_the_card_goes_with_the_account(
    as_alice: APIClient, ravenclaw: User, django_capture_on_commit_callbacks: Any
) -> None:
    fetch(as_alice)
    with django_capture_on_commit_callbacks(execute=True):
        ravenclaw.delete()
    assert not any(name.startswith("cards/") for name in files_on_disk())


@pytest.mark.django_db
def test_cards_are_nobody_elses_business(as_alice: APIClient, as_bob: APIClient, ravenclaw: User) -> None:
    fetch(as_alice)
    (name,) = (name for name in files_on_disk() if name.startswith("cards/"))
    assert as_alice.get(f"/media/{name}").status_code == 404
    assert as_bob.get(URL).status_code == 404


@pytest.mark.django_db
def test_who_waits_too_long_for_the_pen_is_told_when_to_come_back(
    as_alice: APIClient, ravenclaw: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "LOCK_TIMEOUT", 0.01)
    with store._DRAWING_LOCK:
        answer = as_alice.get(URL)
    assert (answer.status_code, answer.json()["code"], answer["Retry-After"]) == (503, "card_busy", "5")
    assert as_alice.get(URL).status_code == 200


def facts(**other: Any) -> Facts:
    return Facts(
        **{
            "fullname": "김루나",
            "number": "26040001",
            "birthday": BIRTHDAY,
            "birthday_secret": False,
            "join_date": BIRTHDAY,
            "house": "Ravenclaw",
            "colour": "#27478f",
            "crest": Path("dormitory/static/dormitory/crests/star.svg").read_bytes(),
            "moving": True,
            **other,
        }
    )


def ink(facts: Facts) -> np.ndarray[Any, Any]:
    """Where the name is written: bool (H, W), of the strip of parchment below its label."""
    card = Card(facts).with_portrait(Image.new("RGB", (8, 8)))
    return np.asarray(card.convert("L").crop((540, 298, 1160, 408))) < 90


@pytest.mark.parametrize(
    "name",
    [
        "루",
        "김루나",
        "독고영재마법사의이름은스무글자입니다아하",
        "W" * 20,
        "Bartholomew Winston",
        "Đặng Thị Ngọc Ánh",
        "<b>&amp;\"'",
    ],
)
def test_a_name_of_any_length_stays_within_its_lines(name: str) -> None:
    written = ink(facts(fullname=name))
    assert written.any()
    columns = np.flatnonzero(written.any(0)) + 540
    # The ornament at the parchment's edge begins at 1127.
    assert columns.min() >= 578 and columns[columns < 1120].max() <= 1090


def test_another_name_is_other_ink() -> None:
    assert (ink(facts(fullname="김루나")) != ink(facts(fullname="김루너"))).any()


@pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.name)
def test_each_house_has_its_own_banner(house: Any) -> None:
    card = Card(facts(house=house.name, colour=house.colour)).with_portrait(Image.new("RGB", (8, 8)))
    banner = np.asarray(card.crop((150, 470, 330, 510)), float).reshape(-1, 3).mean(0)
    wanted = [int(house.colour[at : at + 2], 16) for at in (1, 3, 5)]
    assert int(np.argmax(banner)) == int(np.argmax(wanted))
    assert banner.max() - banner.min() > 20


def test_a_house_may_have_an_uploaded_crest() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (50, 60), (255, 0, 255, 255)).save(out, "WEBP", lossless=True)
    card = Card(facts(crest=out.getvalue())).with_portrait(Image.new("RGB", (8, 8)))
    red, green, blue = card.getpixel((1005, 167))  # type: ignore[misc]
    assert red > 200 and blue > 200 and green < 60


@pytest.mark.parametrize("fault", ["missing", "no font", "no hangul"])
def test_without_a_typeface_for_hangul_the_check_says_what_to_do(
    settings: Settings, tmp_path: Path, fault: str
) -> None:
    from django.core.checks import run_checks

    assert [error for error in run_checks() if error.id == "dormitory.E001"] == []
    settings.CARD_FONT = tmp_path / "face.ttf"
    if fault == "no font":
        settings.CARD_FONT.write_bytes(b"not a font")
    elif fault == "no hangul":
        from PIL import ImageFont

        # Pillow's own typeface knows Latin alone.
        settings.CARD_FONT.write_bytes(ImageFont.load_default(20).font_bytes)  # type: ignore[union-attr]
    (error,) = (error for error in run_checks() if error.id == "dormitory.E001")
    assert str(settings.CARD_FONT) in error.msg and "CARD_FONT" in str(error.hint)


@pytest.mark.django_db
def test_without_a_typeface_the_answer_is_a_503(
    as_alice: APIClient, ravenclaw: User, settings: Settings, tmp_path: Path
) -> None:
    settings.CARD_FONT = tmp_path / "gone.ttf"
    answer = as_alice.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (503, "card_unavailable")


def test_the_packaged_typeface_writes_hangul_and_knows_what_it_cannot_write() -> None:
    assert fonts.can_write("가힣 Luna", fonts.font_file())
    assert not fonts.can_write("ลูน่า", fonts.font_file())


@pytest.mark.django_db
def test_bobs_card_is_not_alices(as_alice: APIClient, as_bob: APIClient, bob: User, ravenclaw: User) -> None:
    sort(bob, 4)
    assert fetch(as_alice).getvalue() != fetch(as_bob).getvalue()
    assert not User.objects.exclude(portrait="").exists(), "the names alone tell them apart"


def test_the_story_is_a_tall_film_of_six_seconds_or_more(as_alice: APIClient, ravenclaw: User) -> None:
    give_portrait(ravenclaw)
    response = as_alice.get(URL, {"format": "story", "download": "1"})
    assert response.status_code == 200
    assert response["Content-Type"] == "video/mp4"
    assert response["Content-Disposition"].endswith('.story.mp4"')
    content = response.getvalue()
    film_frames = iio.imread(content, extension=".mp4")
    assert film_frames.shape[1:] == (1280, 720, 3)
    assert len(film_frames) / iio.immeta(content, extension=".mp4")["fps"] >= 6
    # The portrait moves in its window, and nowhere else.
    change = np.abs(film_frames[0].astype(int) - film_frames[3]).max(axis=-1) > 40
    assert change[200:700, 120:600].mean() > 0.05 > 0.01 > change[760:].mean()
    assert read_provenance(content)


def test_the_square_shows_the_portrait_and_no_birthday(as_alice: APIClient, ravenclaw: User) -> None:
    give_portrait(ravenclaw)
    content = as_alice.get(URL, {"format": "square"}).getvalue()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (1080, 1080)
        square = np.asarray(picture.convert("RGB"))
    User.objects.filter(pk=ravenclaw.pk).update(birthday=datetime.date(1999, 9, 9))
    again = as_alice.get(URL, {"format": "square"}).getvalue()
    with Image.open(io.BytesIO(again)) as picture:
        assert np.array_equal(square, np.asarray(picture.convert("RGB")))


def test_a_shape_is_drawn_once_and_kept(
    as_alice: APIClient, ravenclaw: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    give_portrait(ravenclaw)
    first = as_alice.get(URL, {"format": "square"})
    monkeypatch.setattr(film, "square_png", None)
    assert as_alice.get(URL, {"format": "square"})["ETag"] == first["ETag"]
    assert (
        as_alice.get(URL, {"format": "square"}, headers={"If-None-Match": first["ETag"]}).status_code == 304
    )
