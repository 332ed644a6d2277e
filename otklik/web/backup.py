"""Backup and restore of an installation: database, media, keys; every file with its sha256, verified both ways.

SQLite is copied with its own online backup; PostgreSQL with pg_dump and pg_restore in the custom format.
Both show one moment, and rows are counted in that moment, however busy the service is meanwhile.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, connections, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext_lazy as _

from otklik import __version__
from otklik.kernel import clock, secrets
from otklik.web import postgres_tools
from otklik.web.backup_errors import BackupError

MANIFEST = "manifest.json"
KEY = "secret.key"
DUMPS = {"sqlite": "database.sqlite3", "postgresql": "database.dump"}
COUNTED = ("inbox_conversation", "inbox_message", "people_customer", "channels_rawevent", "audit_entry")

Rows = Callable[[str], list[tuple[Any, ...]]]


def backup(target: Path) -> dict[str, Any]:
    """Write a backup into the new or empty folder `target`; returns the manifest. Raises BackupError."""
    draft: Path | None = None
    try:
        _refuse_target(target)
        target.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
        state = _dump_database(draft / DUMPS[connection.vendor])
        _copy_media(Path(settings.MEDIA_ROOT), draft / "media")
        if not key_is_elsewhere():
            shutil.copy2(Path(settings.VAR_DIR) / KEY, draft / KEY)
        manifest = {**_describe(draft), **state}
        (draft / MANIFEST).write_text(json.dumps(manifest, ensure_ascii=False, indent=1), encoding="utf-8")
        verify(draft)
        draft.replace(target)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        raise BackupError(
            _("The backup could not be written to %(folder)s: %(reason)s. Nothing was left behind."),
            code="cannot_write",
            folder=str(target),
            reason=getattr(error, "strerror", None) or str(error),
        ) from error
    finally:
        if draft is not None:
            shutil.rmtree(draft, ignore_errors=True)
    return manifest


def key_is_elsewhere() -> bool:
    """Whether the key comes from the environment, so that no backup can hold it."""
    return os.environ.get("SECRET_KEY") is not None


def _refuse_target(target: Path) -> None:
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(
            _("%(folder)s is not empty: name a new folder."), code="not_empty", folder=str(target)
        )
    if Path(settings.MEDIA_ROOT).resolve() in (target, *target.parents):
        raise BackupError(
            _("%(folder)s lies among the media that are copied: name a folder elsewhere."),
            code="inside_media",
            folder=str(target),
        )


def verify(folder: Path) -> dict[str, Any]:
    """Check every file of a backup against its manifest; raises BackupError naming the first that differs."""
    manifest = _manifest(folder)
    for name, digest in manifest["files"].items():
        path = folder / name
        with suppress(OSError):
            if path.is_file() and _sha256(path) == digest:
                continue
        raise BackupError(
            _("The backup is damaged: %(file)s is missing or has changed. Use another copy."),
            code="damaged",
            file=name,
        )
    return manifest


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        names = [PurePosixPath(name) for name in manifest["files"]]
        whole = (
            isinstance(manifest["counts"], dict)
            and DUMPS[manifest["database"]] in manifest["files"]
            and not any(name.is_absolute() or ".." in name.parts for name in names)
        )
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        whole = False
    if not whole:
        raise BackupError(
            _("%(folder)s holds no readable backup: %(file)s is missing or damaged."),
            code="no_manifest",
            folder=str(folder),
            file=MANIFEST,
        )
    return manifest


def restore(folder: Path) -> dict[str, Any]:
    """Bring a backup into this installation, which must hold no organisation yet. Raises BackupError.

    The database comes last and in one step: what fails before leaves an installation as empty as it was.
    """
    manifest = verify(folder)
    _refuse_restore(manifest)
    try:
        _restore_media(folder, manifest)
        _restore_key(folder)
        _load_database(folder / DUMPS[connection.vendor])
        restored = _counts(_ask)
    except (OSError, sqlite3.Error, DatabaseError) as error:
        raise BackupError(
            _("The backup could not be restored: %(reason)s. Remove the cause and try again."),
            code="cannot_restore",
            reason=getattr(error, "strerror", None) or str(error),
        ) from error
    if restored != {name: manifest["counts"].get(name) for name in restored}:
        raise BackupError(
            _("The restored database does not match the backup: %(found)s instead of %(wanted)s rows."),
            code="differs",
            found=str(restored),
            wanted=str(manifest["counts"]),
        )
    call_command("migrate", verbosity=0, interactive=False)  # an older backup grows up to this version
    return manifest


def _refuse_restore(manifest: dict[str, Any]) -> None:
    if manifest["database"] != connection.vendor:
        raise BackupError(
            _("The backup is of %(there)s, this installation runs on %(here)s. Set DATABASE_URL to match."),
            code="other_database",
            there=manifest["database"],
            here=connection.vendor,
        )
    known = MigrationLoader(None, load=False)
    known.load_disk()
    ours = {".".join(key) for key in known.disk_migrations or {}}
    if set(manifest.get("migrations", [])) - ours:
        raise BackupError(
            _("The backup was made by a newer Otklik (%(there)s, here is %(here)s). Install that one first."),
            code="newer",
            there=str(manifest.get("version")),
            here=__version__,
        )
    given = key_is_elsewhere() or KEY not in manifest["files"]
    if given and manifest.get("key") not in (None, _key_mark()):
        raise BackupError(
            _(
                "The backup belongs to another key: set SECRET_KEY to the value it had there. "
                "Without it the stored passwords of channels cannot be read."
            ),
            code="other_key",
        )
    if _in_use():
        raise BackupError(
            _(
                "This installation already holds data. Restore into an empty one: another VAR_DIR or database."
            ),
            code="not_empty",
        )


def _in_use() -> bool:
    try:
        if "accounts_organisation" not in connection.introspection.table_names():
            return False
        return bool(_ask("SELECT EXISTS (SELECT 1 FROM accounts_organisation)")[0][0])
    except DatabaseError as error:
        raise BackupError(
            _("The database of this installation does not answer: %(reason)s"),
            code="no_database",
            reason=str(error).strip(),
        ) from error


def _describe(folder: Path) -> dict[str, Any]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {
        "version": __version__,
        "made_at": clock.now().isoformat(),
        "database": connection.vendor,
        "key": _key_mark(),
        "files": {path.relative_to(folder).as_posix(): _sha256(path) for path in files},
    }


def _key_mark() -> str:
    """Tells one key from another without telling the key."""
    return secrets.derive("mark of a backup").hex()[:16]


def _ask(sql: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _counts(ask: Rows) -> dict[str, int]:
    return {
        table: int(ask(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 # nosec B608 names from above
        for table in COUNTED
    }


def _state(ask: Rows) -> dict[str, Any]:
    """What is counted in the same moment that the copy shows."""
    applied = ask("SELECT app, name FROM django_migrations")
    return {"counts": _counts(ask), "migrations": sorted(f"{app}.{name}" for app, name in applied)}


def _dump_database(target: Path) -> dict[str, Any]:
    if connection.vendor == "sqlite":
        return _copy_sqlite(target)
    with transaction.atomic():
        _isolate()
        snapshot = _ask("SELECT pg_export_snapshot()")[0][0]
        postgres_tools.dump(target, snapshot)
        return _state(_ask)


def _isolate() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


def _copy_sqlite(target: Path) -> dict[str, Any]:
    connection.ensure_connection()
    with closing(sqlite3.connect(target)) as copy:
        # in one step: in pieces a busy service would make it begin again and again
        connection.connection.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")
        found = copy.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise BackupError(
                _("The database itself is damaged: %(reason)s. Restore an earlier backup."),
                code="damaged_database",
                reason=found,
            )
        return _state(lambda sql: copy.execute(sql).fetchall())


def _load_database(source: Path) -> None:
    connections.close_all()
    if connection.vendor == "sqlite":
        path = Path(str(connection.settings_dict["NAME"]))
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(path.name + ".restoring")
        try:
            shutil.copyfile(source, draft)
            for suffix in ("-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        return
    postgres_tools.load(source)


def _restore_media(folder: Path, manifest: dict[str, Any]) -> None:
    root = Path(settings.MEDIA_ROOT)
    root.mkdir(parents=True, exist_ok=True)
    for name, digest in manifest["files"].items():
        if name.startswith("media/"):
            place = root / name.removeprefix("media/")
            if not place.is_file() or _sha256(place) != digest:
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(folder / name, place)


def _restore_key(folder: Path) -> None:
    if (folder / KEY).exists() and not key_is_elsewhere():
        target = Path(settings.VAR_DIR) / KEY
        shutil.copyfile(folder / KEY, target)
        os.chmod(target, 0o600)


def _copy_media(source: Path, target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    for path in _files(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # swept away meanwhile: no row names it any more
            shutil.copyfile(path, place)


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else iter(())


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as handle:
        while block := handle.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
