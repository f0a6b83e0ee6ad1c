"""``manage.py drill``: attacks and faults against a school that is started for them; prints a table."""

from __future__ import annotations

import os
import subprocess
import sys
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from demo.drills import disk_full, kills, slow_clients, storage_away, uploads
from demo.drills.outcome import Outcome

INSIDE = "DRILL_HAS_ITS_OWN_MOUNTS"


class Command(BaseCommand):
    help = (
        "Drills against a school of its own on 127.0.0.1, in a temporary folder. The configured school is not"
        " touched. Ends with 1 where a promise was broken."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        drills = parser.add_subparsers(dest="drill", required=True)
        slow = drills.add_parser("slow-clients", help="slow bodies, slow headers and silent connections")
        slow.add_argument("--each", type=int, default=200, help="connections of each kind (default: 200)")
        slow.add_argument("--seconds", type=float, default=20, help="of each measurement (default: 20)")
        kill = drills.add_parser("kills", help="workers and their children are killed at random")
        kill.add_argument("--seconds", type=float, default=60, help="of killing (default: 60)")
        kill.add_argument(
            "--database-url",
            help="a PostgreSQL server on which the user may create databases; without, SQLite in a temporary folder",
        )
        upload = drills.add_parser("uploads", help="small files with large pictures")
        upload.add_argument("--count", type=int, default=8, help="uploads at once (default: 8)")
        upload.add_argument("--kinds", type=int, default=4, help="kinds of pictures, of four (default: 4)")
        drills.add_parser("disk-full", help="no space for media, database and temporary files (Linux)")

        away = drills.add_parser("storage-away", help="the S3 server is gone for a while (needs rclone)")
        away.add_argument("--seconds", type=float, default=60, help="of its absence (default: 60)")

    def handle(self, *args: Any, **options: Any) -> None:
        for name in ("each", "seconds", "count", "kinds"):
            if options.get(name, 1) <= 0:
                raise CommandError(f"--{name} must be positive", returncode=2)
        if self.runs_elsewhere(options):
            return
        with TemporaryDirectory(prefix="drill-") as folder:
            try:
                outcome = self.outcome(Path(folder), options)
            except (DatabaseError, RuntimeError, TimeoutError) as error:
                raise CommandError(str(error)) from error
        self.stdout.write(outcome.text())
        if outcome.faults:
            raise CommandError("; ".join(outcome.faults))

    def outcome(self, folder: Path, options: dict[str, Any]) -> Outcome:
        match options["drill"]:
            case "slow-clients":
                return slow_clients.run(folder, each=options["each"], seconds=options["seconds"])
            case "kills":
                return kills.run(folder, seconds=options["seconds"])
            case "uploads":
                return uploads.run(folder, count=options["count"], kinds=options["kinds"])
            case "storage-away":
                return storage_away.run(folder, seconds=options["seconds"])
            case _:
                return disk_full.run(folder)

    def runs_elsewhere(self, options: dict[str, Any]) -> bool:
        """Run the same drill with another database or with its own mounts, where it needs that.

        Raises SystemExit with the code of the drill if it failed there.
        """
        variables: dict[str, str] = {}
        prefix: tuple[str, ...] = ()
        arguments = [options["drill"]]
        if options["drill"] in ("kills", "storage-away"):
            url = options.get("database_url") or "sqlite://:memory:"
            if os.environ.get("DATABASE_URL") == url:
                return False
            variables["DATABASE_URL"] = url
            arguments += ["--seconds", str(options["seconds"])]
            if options["drill"] == "kills":
                arguments += ["--database-url", url]
        elif options["drill"] == "disk-full" and INSIDE not in os.environ:
            if not disk_full.is_possible():
                raise CommandError("this user may not mount file systems in a namespace (unshare)")
            variables[INSIDE] = "yes"
            prefix = disk_full.NAMESPACE
        else:
            return False
        program = [*prefix, sys.executable, sys.argv[0], "drill", *arguments]
        code = subprocess.run(program, cwd=settings.BASE_DIR, env={**os.environ, **variables}).returncode
        if code:
            sys.exit(code)
        return True
