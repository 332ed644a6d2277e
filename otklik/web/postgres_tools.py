"""PostgreSQL's own programs for a backup: pg_dump and pg_restore in the custom format."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from django.db import connection
from django.utils.translation import gettext_lazy as _

from otklik.web.backup_errors import BackupError


def dump(target: Path, snapshot: str) -> None:
    """The database as the transaction that exported `snapshot` sees it."""
    _run(
        ["pg_dump", "--format=custom", "--no-owner", f"--snapshot={snapshot}", f"--file={target}", *_where()]
    )


def load(source: Path) -> None:
    """All or nothing: one transaction."""
    options = ["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--single-transaction"]
    _run(["pg_restore", *options, *_where(), str(source)])


def _where() -> list[str]:
    known = connection.settings_dict
    pairs = (("--host", known["HOST"]), ("--port", known["PORT"]), ("--username", known["USER"]))
    return [f"--dbname={known['NAME']}", *(f"{name}={value}" for name, value in pairs if value)]


def _run(command: list[str]) -> None:
    program = shutil.which(command[0])
    if program is None:
        raise BackupError(
            _("%(program)s is needed and is not there: apt install postgresql-client."),
            code="no_program",
            program=command[0],
        )
    # the password travels in the environment, where other users of the machine cannot read it
    environment = {**os.environ, "PGPASSWORD": str(connection.settings_dict["PASSWORD"] or "")}
    done = subprocess.run(
        [program, *command[1:]], env=environment, capture_output=True, text=True, check=False
    )  # noqa: S603
    if done.returncode:
        raise BackupError(
            _("%(program)s failed: %(reason)s"),
            code="program_failed",
            program=command[0],
            reason=done.stderr[-500:],
        )
