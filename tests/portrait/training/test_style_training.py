"""Training the painter: it learns, a killed run can be resumed, an added style changes no other, errors are named."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
from django.conf import settings
from django.core.management import CommandError, call_command
from PIL import Image
from safetensors.torch import load_file

from portrait.engine.errors import ChoiceError
from portrait.engine.style import load_style
from portrait.engine.style.catalogue import Style, list_styles
from portrait.engine.style.network import StyleNetwork
from portrait.engine.style.tone import luma_deviation
from portrait.training.errors import TrainingDataError
from portrait.training.perceptual import FEATURES_FILE
from portrait.training.style.device_photos import DevicePhotos, sample_pairs
from portrait.training.style.objective import TAPS
from portrait.training.style.paintings import grams_at_two_sizes, list_paintings
from portrait.training.style.photos import read_pairs, read_photos
from portrait.training.style.recipe import Recipe
from portrait.training.style.small_features import SmallFeatures
from portrait.training.style.train_styles import train_styles
from portrait.training.style.training_task import StyleTrainingConfig, StyleTrainingTask
from portrait.training.vgg_features import VGGFeatures
from tests.paths import DATA
from tests.portrait.training.drawn_vgg import write_vgg
from tests.portrait.training.overfitting import losses_on_one_batch

OWN = DATA / "painter" / "painter.safetensors"
QUICK = StyleTrainingConfig(batch=2, side=48, pair_side=32)
STYLE_VECTORS = (".norm.scale", ".norm.shift")


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vgg(tmp_path_factory.mktemp("vgg") / "vgg.safetensors")


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One face, and two images of smooth noise; the first by name is the validation photo."""
    folder = tmp_path_factory.mktemp("photos")
    noise = np.random.default_rng(0)
    for name in ("a", "c"):
        pixels = noise.integers(0, 256, (6, 6, 3), np.uint8)
        Image.fromarray(pixels).resize((96, 96), Image.Resampling.BICUBIC).save(folder / f"{name}.png")
    Image.fromarray(skimage.data.astronaut()[:256, 90:346]).save(folder / "b.png")
    return folder


@pytest.fixture(scope="module")
def paintings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Stripes and checks."""
    folder = tmp_path_factory.mktemp("paintings")
    y, x = np.mgrid[:96, :96] // 6
    for name, pattern, colours in (
        ("red_stripes", x % 2, ((200, 30, 20), (250, 220, 60))),
        ("blue_checks", (x + y) % 2, ((20, 40, 180), (230, 240, 250))),
    ):
        Image.fromarray(np.array(colours, np.uint8)[pattern]).save(folder / f"{name}.png")
    return folder


def make_task(features: Path, photos: Path, paintings: Path, cache: Path) -> StyleTrainingTask:
    torch.manual_seed(0)
    vgg = VGGFeatures.load(features, TAPS)
    recipes = [Recipe(sides=(64,)), Recipe(sides=(64,), own_colours=True, colour=1.0)]
    device = torch.device("cpu")
    targets = [
        grams_at_two_sizes(painting.path, recipe, vgg.extract, device)
        for painting, recipe in zip(list_paintings(paintings), recipes, strict=True)
    ]
    frames = np.random.default_rng(0).integers(0, 256, (2, 64, 64, 3), np.uint8)
    return StyleTrainingTask(
        StyleNetwork(2, (8, 12, 16), 1, published=False),
        read_photos(photos, cache / "faces.json"),
        targets,
        recipes,
        vgg,
        config=QUICK,
        device=device,
        pairs=[frames],
        imitate=True,
    )


def test_training_reduces_the_loss(features: Path, photos: Path, paintings: Path, tmp_path: Path) -> None:
    task = make_task(features, photos, paintings, tmp_path)
    losses = losses_on_one_batch(task, 5e-3, steps=15)
    assert losses[-1] < 0.85 * losses[0]


def test_a_validation_draws_every_style(
    features: Path, photos: Path, paintings: Path, tmp_path: Path
) -> None:
    task = make_task(features, photos, paintings, tmp_path)
    with torch.no_grad():
        numbers = task.validate(task.networks, tmp_path)
    assert set(numbers) == {"content", *TAPS} and all(value > 0 for value in numbers.values())
    with Image.open(tmp_path / "painter.png") as sheet:
        assert sheet.width == 3 * 512  # the photo and two styles


def test_images_of_a_batch_are_painted_each_in_its_style() -> None:
    torch.manual_seed(0)
    network = StyleNetwork(3, (8, 12, 16), 1, published=False)
    for name, parameter in network.named_parameters():
        if name.endswith(STYLE_VECTORS):
            torch.nn.init.normal_(parameter)
    pictures = torch.rand(2, 3, 24, 24)
    together = network(pictures, [2, 0])
    torch.testing.assert_close(together[:1], network(pictures[:1], 2))
    torch.testing.assert_close(together[1:], network(pictures[1:], 0))


def test_crops_show_the_face_where_the_masks_say(photos: Path, tmp_path: Path) -> None:
    training, validation = read_photos(photos, tmp_path / "faces.json")
    assert len(training.faces) == 1 and len(training) == 2 and len(validation) == 1
    on_device = DevicePhotos.of(training, torch.device("cpu"))
    crops, faces, details = on_device.sample(12, 306, 3, torch.Generator().manual_seed(0))
    assert crops.shape == (12, 3, 306, 306) and faces.shape == details.shape == (12, 1, 300, 300)
    assert crops.min() >= 0 and crops.max() <= 1
    assert 0 < (faces.amax((1, 2, 3)) > 0.5).sum() < 12
    assert (details > 0.6).any() and (faces[details > 0.6] > 0.6).all()

    # The astronaut's eyes and mouth are inside her face, and her mouth is below her eyes.
    points = on_device.details[0]
    assert points[2, 1] > points[:2, 1].max() + 0.1 and points[0, 0] < points[2, 0] < points[1, 0]


def test_neighbouring_frames_are_read_and_cut_alike(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    for index in range(3):
        Image.new("RGB", (40, 40), (80 * index, 0, 0)).save(tmp_path / "a" / f"{index}.png")
    pairs = read_pairs(tmp_path, 32)
    assert [pair[:, 0, 0, 0].tolist() for pair in pairs] == [[0, 80], [80, 160]]
    stacked = torch.from_numpy(np.stack(pairs)).permute(0, 1, 4, 2, 3)
    cut = sample_pairs(stacked, 5, 16, (0.5, 0.8), torch.Generator().manual_seed(0))
    assert cut.shape == (5, 2, 3, 16, 16)
    torch.testing.assert_close(cut[:, 1, 0] - cut[:, 0, 0], torch.full((5, 16, 16), 80 / 255))
    with pytest.raises(TrainingDataError, match="no folder with two frames"):
        read_pairs(tmp_path / "b")


def test_detected_faces_are_cached(photos: Path, tmp_path: Path) -> None:
    cache = tmp_path / "faces.json"
    read_photos(photos, cache)
    known = json.loads(cache.read_text())
    assert known["a.png"] is None and known["b.png"]["height"] > 60
    cache.write_text(json.dumps({**known, "b.png": None}))
    assert read_photos(photos, cache)[0].faces == []


TRAINING_SCRIPT = """
import sys
from pathlib import Path
from portrait.training.training_loop import Schedule
from portrait.training.perceptual import FEATURES_FILE
from portrait.training.style.recipe import Recipe
from portrait.training.style.small_features import SmallFeatures
from portrait.training.style.train_styles import train_styles
from portrait.training.style.training_task import StyleTrainingConfig
content, styles, vgg, folder = map(Path, sys.argv[1:5])
minutes = float(sys.argv[5]) or None
config = StyleTrainingConfig(batch=1, side=48, schedule=Schedule(save_interval=0.2))
train_styles(content, styles, folder, perceptual=vgg, minutes=minutes, resume=minutes is None, config=config)
"""


def test_a_killed_run_can_be_resumed_and_writes_weights_that_load(
    features: Path, photos: Path, paintings: Path, tmp_path: Path
) -> None:
    output = tmp_path / "run"
    command = [sys.executable, "-c", TRAINING_SCRIPT, *map(str, (photos, paintings, features, output))]
    state = output / "painter.state"
    with subprocess.Popen([*command, "0.07"], cwd=settings.BASE_DIR) as process:
        deadline = time.monotonic() + 120
        while not state.exists():
            assert process.poll() is None and time.monotonic() < deadline
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    before = torch.load(state, weights_only=True)
    assert before["seconds"] < before["planned"] and not (output / "painter.safetensors").exists()
    subprocess.run([*command, "0"], cwd=settings.BASE_DIR, check=True, timeout=240)
    after = torch.load(state, weights_only=True)
    assert after["steps"] > before["steps"] and after["planned"] == before["planned"]
    assert json.loads((output / "painter.jsonl").read_text().splitlines()[-1])["validation"]["content"] > 0
    painter = load_style(output / "painter.safetensors")
    assert [style.slug for style in painter.styles] == ["blue-checks", "red-stripes"]

    assert SmallFeatures.load(output / FEATURES_FILE).extract(torch.rand(1, 3, 32, 32))[3].shape == (
        1,
        8,
        4,
        4,
    )

    # Some of the trained styles can be written again.
    full = load_file(output / "painter.safetensors")
    assert {value.dtype for value in full.values()} == {torch.float16}
    call_command(
        "train_styles",
        *("--content", str(photos), "--styles", str(paintings), "--perceptual", str(features)),
        *("--output", str(output), "--resume", "--keep", "red-stripes"),
    )
    kept = load_file(output / "painter.safetensors")
    for key, value in full.items():
        assert torch.equal(kept[key], value[1:] if key.endswith(STYLE_VECTORS) else value)
    assert [style.slug for style in load_style(output / "painter.safetensors").styles] == ["red-stripes"]


def test_an_added_style_leaves_the_others_bit_for_bit(
    features: Path, photos: Path, paintings: Path, tmp_path: Path
) -> None:
    for suffix in (".safetensors", ".yaml"):
        shutil.copy(OWN.with_suffix(suffix), tmp_path)
    weights = tmp_path / OWN.name
    before, styles = load_file(weights), list_styles(weights)
    given = [str(paintings / "red_stripes.png"), "red-stripes", "--weights", str(weights)]
    given += ["--content", str(photos), "--perceptual", str(features), "--minutes", "0.03"]
    given += ["--title", "Stripes", "--title-ko", "줄무늬", "--painter", "Ada", "--year", "1900"]
    call_command("add_style", *given, "--sheet", str(tmp_path / "sheet.png"))

    after = load_file(weights)
    for key, value in before.items():
        if key.endswith(STYLE_VECTORS):
            assert len(after[key]) == len(value) + 1
            assert torch.equal(after[key][:-1], value)
            assert all(not torch.equal(after[key][-1], row) for row in value)
        else:
            assert torch.equal(after[key], value)
    now = list_styles(weights)
    assert now[:-1] == styles
    assert now[-1] == Style(
        slug="red-stripes",
        title={"en": "Stripes", "ko": "줄무늬"},
        painter={"en": "Ada", "ko": "Ada"},
        year="1900",
        contrast=now[-1].contrast,
    )
    # The contrast is measured on a reduced image, which only blurs the edges of the stripes.
    with Image.open(paintings / "red_stripes.png") as painting:
        assert now[-1].contrast == pytest.approx(
            luma_deviation(np.asarray(painting.convert("RGB"))), abs=0.02
        )
    assert load_style(weights, style="red-stripes").default == len(styles)
    assert (tmp_path / "sheet.png").stat().st_size > 1000

    with pytest.raises(CommandError, match="there is a style 'red-stripes' already"):
        call_command("add_style", *given)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--minutes", "0"], "--minutes must be above 0"),
        (["--threads", "-1"], "--threads must be 0 or more"),
        ([], "how many --minutes"),
        (["--resume"], "nothing to resume"),
        (["--minutes", "1", "--perceptual", "nothing.safetensors"], "nothing.safetensors"),
        (["--minutes", "1", "--only", "sunflowers"], "no painting is called 'sunflowers'"),
        (["--minutes", "1", "--keep", "sunflowers"], "no style 'sunflowers'"),
        (["--minutes", "1", "--device", "abacus"], "no device 'abacus'"),
    ],
)
def test_the_command_says_what_is_missing(
    arguments: list[str], message: str, features: Path, photos: Path, paintings: Path, tmp_path: Path
) -> None:
    given = ["--content", str(photos), "--styles", str(paintings), "--perceptual", str(features)]
    with pytest.raises(CommandError, match=message) as caught:
        call_command("train_styles", *given, "--output", str(tmp_path / "run"), *arguments)
    assert caught.value.returncode == 2


def test_bad_input_is_one_line_and_exit_status_two(features: Path, photos: Path, tmp_path: Path) -> None:
    broken = tmp_path / "painting.png"
    broken.write_bytes(b"no picture")
    command = [sys.executable, "manage.py", "add_style", str(broken), "broken", "--content", str(photos)]
    done = subprocess.run(
        [*command, "--perceptual", str(features), "--weights", str(OWN)],
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.splitlines() == [line for line in done.stderr.splitlines() if "painting.png" in line]
    assert len(done.stderr.splitlines()) == 1


def test_training_data_that_cannot_be_used_is_named(photos: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="is no folder"):
        read_photos(tmp_path / "nowhere", tmp_path / "faces.json")
    with pytest.raises(TrainingDataError, match="at least two photos"):
        read_photos(tmp_path, tmp_path / "faces.json")
    with pytest.raises(TrainingDataError, match="no picture of a painting"):
        list_paintings(tmp_path)
    shutil.copy(photos / "a.png", tmp_path / "über alles.png")
    with pytest.raises(TrainingDataError, match="letters, digits"):
        list_paintings(tmp_path)


def test_listed_paintings_have_the_names_of_the_catalogue(photos: Path, tmp_path: Path) -> None:
    for name in ("zebra", "the_scream", "starry_night"):
        shutil.copy(photos / "a.png", tmp_path / f"{name}.png")
    styles = [painting.style for painting in list_paintings(tmp_path)]
    assert [style.slug for style in styles] == ["starry-night", "the-scream", "zebra"]
    assert styles[1].painter["en"] == "Edvard Munch" and styles[2].title["en"] == "Zebra"
    assert [p.style.slug for p in list_paintings(tmp_path, ["zebra", "the-scream"])] == [
        "zebra",
        "the-scream",
    ]


def test_a_run_cannot_be_resumed_with_other_styles(
    features: Path, photos: Path, paintings: Path, tmp_path: Path
) -> None:
    (tmp_path / "run.json").write_text(json.dumps({"styles": ["red-stripes", "blue-checks"]}))
    with pytest.raises(ChoiceError, match="has other styles: red-stripes, blue-checks"):
        train_styles(photos, paintings, tmp_path, perceptual=features, only=["red-stripes"], resume=True)
