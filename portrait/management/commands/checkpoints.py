"""``manage.py checkpoints``: lists, verifies, records and imports weights."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings

from portrait.engine.checkpoints import folder as weights_folder
from portrait.engine.errors import CheckpointError, EngineError
from portrait.management.engine_command import EngineCommand


class Command(EngineCommand):
    help = "List, record and verify the weights, and import published ones."

    def add_arguments(self, parser: ArgumentParser) -> None:
        folder: dict[str, Any] = {
            "type": Path,
            "default": settings.PORTRAIT["CHECKPOINTS"],
            "help": "the folder with the weights (default: the setting's)",
        }
        actions = parser.add_subparsers(dest="action", required=True, metavar="list|verify|record|import")
        for name, text in (
            ("list", "files, formats, sizes, counts of values, SHA-256, model cards"),
            ("verify", f"compare with {weights_folder.SUMS}; exit status 2 where something differs"),
            ("record", f"rewrite {weights_folder.SUMS} after a training"),
        ):
            actions.add_parser(name, help=text).add_argument("--folder", **folder)
        bring = actions.add_parser(
            "import", help="a published .pth.tar, .pth or .t7 into safetensors; nothing in it is run"
        )
        bring.add_argument("file", type=Path, metavar="FILE")
        bring.add_argument("out", type=Path, metavar="OUT", help="the .safetensors file to write")
        bring.add_argument(
            "--config", type=Path, metavar="YAML", help="of a motion model (default: the published vox-256)"
        )
        bring.add_argument("--force", action="store_true", help="replace OUT")

    def handle(self, *args: Any, **options: Any) -> None:
        action = {"list": self._list, "verify": self._verify, "record": self._record, "import": self._import}
        action[options["action"]](options)

    def _list(self, options: dict[str, Any]) -> None:
        for file in weights_folder.list_checkpoints(options["folder"]):
            values = "" if file.values is None else f", {file.values:,} values"
            self.stdout.write(f"{file.name}: {file.format}, {file.size / 1e6:.1f} MB{values}")
            self.stdout.write(f"  SHA-256 {file.sha256}")
            self.stdout.write(f"  card    {file.card or '(none)'}")

    def _verify(self, options: dict[str, Any]) -> None:
        names = weights_folder.verify(options["folder"])
        self.stdout.write(f"as recorded: {', '.join(names)}")

    def _record(self, options: dict[str, Any]) -> None:
        try:
            self.stdout.write(str(weights_folder.record(options["folder"])))
        except OSError as error:
            raise EngineError(f"{error.filename}: {error.strerror}", code="storage_unavailable") from error

    def _import(self, options: dict[str, Any]) -> None:
        # Imported here: torch takes seconds to start, and the other actions need none of it.
        from portrait.engine.checkpoints.importing import import_checkpoint

        source, out, config = options["file"], options["out"], options["config"]
        if not source.is_file():
            raise CheckpointError(source, "does not exist")
        for path in (out, out.with_suffix(".yaml")):
            if path.exists() and not options["force"]:
                raise EngineError(f"{path}: already there; --force replaces it", code="file_exists")
        try:
            done = import_checkpoint(source, out, config)
        except OSError as error:
            raise EngineError(f"{error.filename}: {error.strerror}", code="storage_unavailable") from error
        self.stdout.write(f"{done.kind}: {done.tensors} tensors, {done.values:,} values")
        for path in done.files:
            self.stdout.write(str(path))
