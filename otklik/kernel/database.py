"""Where the two databases differ. Nothing else asks which one it is."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import BigIntegerField, Func


class CurrentTransaction(Func):
    """Number of the writing transaction. SQLite has one writer: ids are given in commit order, 0 is enough."""

    output_field = BigIntegerField()
    arity = 0

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        return "0", []

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        return "(pg_current_xact_id()::text::bigint)", []


class VisibleFloor(Func):
    """Transactions below this number have ended: nothing with a smaller number can appear any more."""

    output_field = BigIntegerField()
    arity = 0

    def as_sql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        return "1", []

    def as_postgresql(self, compiler: Any, connection: Any, **extra: Any) -> tuple[str, list[Any]]:
        return "(pg_snapshot_xmin(pg_current_snapshot())::text::bigint)", []


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"
