"""Where the two databases differ. Nothing else asks which one it is."""

from __future__ import annotations

from typing import Any

from django.db import connection
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
