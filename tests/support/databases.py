"""A database of its own for an installation that a test starts in real processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

from tests.plugins.surroundings import worker_number


@contextmanager
def fresh_database(suffix: str) -> Iterator[str]:
    """The URL of a new, empty PostgreSQL database where this stage runs on one, otherwise "" (SQLite)."""
    given = os.environ.get("DATABASE_URL", "")
    if not given.startswith("postgres"):
        yield ""
        return
    parts = urlsplit(given)
    name = f"{parts.path.lstrip('/')}_{suffix}_{worker_number()}"
    drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
    admin = urlunsplit(parts._replace(path="/postgres"))
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(drop)
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        yield urlunsplit(parts._replace(path=f"/{name}"))
        connection.execute(drop)
