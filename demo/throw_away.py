"""A database for one measurement or drill."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from django.db import connection


@contextmanager
def throw_away_database() -> Iterator[str]:
    """A migrated, empty database with an unused name as the default one; deleted at the end.

    For SQLite a file in a temporary folder, for PostgreSQL a database of its own on the server of DATABASE_URL, whose
    user must be allowed to create one. The configured database itself is never written to. Yields the server's name
    and version. Raises ``DatabaseError`` where it cannot be made, ``ValueError`` for any other kind of database.
    """
    if connection.vendor not in ("sqlite", "postgresql"):
        raise ValueError(f"{connection.display_name}: only SQLite and PostgreSQL are measured")
    real = str(connection.settings_dict["NAME"])
    with TemporaryDirectory(prefix="lounge-") as folder:
        name = f"benchmark_{uuid4().hex}"
        if connection.vendor == "sqlite":
            name = str(Path(folder) / f"{name}.sqlite3")
        test = connection.settings_dict["TEST"]
        before, test["NAME"] = test["NAME"], name
        try:
            connection.creation.create_test_db(verbosity=0, autoclobber=False, serialize=False)
            try:
                yield f"{connection.display_name} {'.'.join(map(str, connection.get_database_version()))}"
            finally:
                connection.creation.destroy_test_db(real, verbosity=0)
        finally:
            test["NAME"] = before


def database_url() -> str:
    """The URL of the present database for another process."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    host = f"{database['HOST'] or 'localhost'}:{database['PORT'] or 5432}"
    return f"postgres://{database['USER']}:{database['PASSWORD']}@{host}/{database['NAME']}"
