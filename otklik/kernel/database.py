"""Where the two databases differ. Nothing else asks which one it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import BigIntegerField, Func
from django.db.models.sql.compiler import SQLCompiler


class _PerVendor(Func):
    """SQL without arguments, spelled in each database's own way."""

    output_field = BigIntegerField()
    arity = 0
    sqlite = ""
    postgresql = ""

    def as_sqlite(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.sqlite)

    def as_postgresql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, **extra: Any) -> Any:
        return self.as_sql(compiler, connection, template=self.postgresql)


class CurrentTransaction(_PerVendor):
    """Number of the writing transaction. SQLite has one writer, ids come in commit order: 0 is enough."""

    sqlite = "0"
    postgresql = "(pg_current_xact_id()::text::bigint)"


class VisibleFloor(_PerVendor):
    """Transactions below this number have ended: nothing with a smaller number can appear any more."""

    sqlite = "1"
    postgresql = "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)"


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


LOOK_AGAIN = 1  # milliseconds
PATIENCE = 10.0  # seconds
# Threads of one process wait for each other here. At the database each look would take the interpreter away from the
# one that writes: eight threads kept each other from writing for two minutes.
_one_at_a_time = threading.Lock()


@contextmanager
def turn(patience: float = PATIENCE) -> Iterator[None]:
    """A transaction for whoever writes seldom and must not wait: it asks for SQLite's one writer every millisecond.

    SQLite's own waiting sleeps up to 100 ms between two looks: beside a worker that writes all the time it comes too
    late again and again. Raises OperationalError after `patience` seconds. On PostgreSQL a plain transaction.
    """
    if is_postgresql() or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    until = time.monotonic() + patience
    with ExitStack() as place:
        if not _one_at_a_time.acquire(timeout=patience):
            raise OperationalError("database is locked")
        place.callback(_one_at_a_time.release)  # after the transaction
        _take(place, until)
        yield


def _take(place: ExitStack, until: float) -> None:
    seconds = connection.settings_dict["OPTIONS"].get("timeout", 5)
    with connection.cursor() as cursor:
        cursor.execute(f"PRAGMA busy_timeout = {LOOK_AGAIN}")
        try:
            while True:
                try:
                    place.enter_context(transaction.atomic())
                    return
                except OperationalError as error:
                    if "locked" not in str(error) or time.monotonic() > until:
                        raise
        finally:
            cursor.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")
