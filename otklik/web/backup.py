"""Backup and restore of an installation: database, media, keys; every file with its sha256, verified both ways.

SQLite is copied with its own online backup; PostgreSQL with pg_dump and pg_restore in the custom format.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.utils.translation import gettext_lazy as _

from otklik import __version__
from otklik.kernel import clock
from otklik.kernel.errors import OtklikError

MANIFEST = "manifest.json"
DUMPS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}


class BackupError(OtklikError):
    code = "backup"
    status = 500


def backup(target: Path) -> dict[str, Any]:
    """Write a backup into the new or empty folder `target`; returns the manifest. Raises BackupError."""
    if target.exists() and any(target.iterdir()):
        raise BackupError(
            _("%(folder)s is not empty: name a new folder."), code="not_empty", folder=str(target)
        )
    draft = target.with_name(target.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)
    try:
        draft.mkdir(parents=True, mode=0o700)
        _dump_database(draft / DUMPS[connection.vendor])
        _copy_media(Path(settings.MEDIA_ROOT), draft / "media")
        key = Path(settings.VAR_DIR) / "secret.key"
        if key.exists():
            shutil.copy2(key, draft / "secret.key")
        manifest = _describe(draft)
        (draft / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        verify(draft)
        if target.exists():
            target.rmdir()
        draft.rename(target)
    except BackupError:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        raise BackupError(
            _("The backup could not be written to %(folder)s: %(reason)s. Nothing was left behind."),
            code="cannot_write",
            folder=str(target),
            reason=error.strerror or str(error),
        ) from error
    return manifest


def verify(folder: Path) -> dict[str, Any]:
    """Check every file of a backup against its manifest; raises BackupError naming the first that differs."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BackupError(
            _("%(folder)s holds no readable backup: %(file)s is missing or damaged."),
            code="no_manifest",
            folder=str(folder),
            file=MANIFEST,
        ) from error
    for name, digest in manifest["files"].items():
        path = folder / name
        if not path.is_file() or _sha256(path) != digest:
            raise BackupError(
                _("The backup is damaged: %(file)s is missing or has changed. Use another copy."),
                code="damaged",
                file=name,
            )
    return manifest


def restore(folder: Path) -> dict[str, Any]:
    """Bring a backup into this installation, which must hold no organisation yet. Raises BackupError."""
    manifest = verify(folder)
    if manifest["database"] != connection.vendor:
        raise BackupError(
            _("The backup is of %(there)s, this installation runs on %(here)s. Set DATABASE_URL to match."),
            code="other_database",
            there=manifest["database"],
            here=connection.vendor,
        )
    if _in_use():
        raise BackupError(
            _(
                "This installation already holds data. Restore into an empty one: another VAR_DIR or database."
            ),
            code="not_empty",
        )
    _load_database(folder / DUMPS[connection.vendor])
    _copy_media(folder / "media", Path(settings.MEDIA_ROOT))
    key = folder / "secret.key"
    if key.exists():
        target = Path(settings.VAR_DIR) / "secret.key"
        shutil.copyfile(key, target)
        os.chmod(target, 0o600)
    restored = _counts()
    if restored != manifest["counts"]:
        raise BackupError(
            _("The restored database does not match the backup: %(found)s instead of %(wanted)s rows."),
            code="differs",
            found=str(restored),
            wanted=str(manifest["counts"]),
        )
    return manifest


def _in_use() -> bool:
    if "accounts_organisation" not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT 1 FROM accounts_organisation)")
        return bool(cursor.fetchone()[0])


def _describe(folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "version": __version__,
        "made_at": clock.now().isoformat(),
        "database": connection.vendor,
        "counts": _counts(),
        "files": {str(path.relative_to(folder)): _sha256(path) for path in files},
    }


def _counts() -> dict[str, int]:
    tables = ("inbox_conversation", "inbox_message", "people_customer", "channels_rawevent", "audit_entry")
    counts = {}
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 # nosec B608 names from the line above
            counts[table] = int(cursor.fetchone()[0])
    return counts


def _dump_database(target: Path) -> None:
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        with sqlite3.connect(target) as copy:
            connection.connection.backup(copy, pages=2000)
        copy.close()
        return
    _run(["pg_dump", "--format=custom", "--no-owner", f"--file={target}", *_postgresql_arguments()])


def _load_database(source: Path) -> None:
    connections.close_all()
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        for suffix in ("-wal", "-shm"):
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        shutil.copyfile(source, path)
        return
    _run(
        [
            "pg_restore",
            "--clean",
            "--if-exists",
            "--no-owner",
            "--exit-on-error",
            *_postgresql_arguments(),
            str(source),
        ]
    )


def _postgresql_arguments() -> list[str]:
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


def _copy_media(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in _files(source):
        place = target / path.relative_to(source)
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, place)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
