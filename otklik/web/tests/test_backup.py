"""Backup and restore of whole installations, by the real command in real processes."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.own_database


def otklik(*words: str, var: Path, key: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VAR_DIR": str(var), "DATABASE_URL": "", "SECRET_KEY": key}
    environment = {name: value for name, value in environment.items() if value}
    return subprocess.run(
        [sys.executable, "-m", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=110,
    )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation with an administrator and a file in media."""
    var = tmp_path_factory.mktemp("one")
    assert otklik("otklik.web.manage", "migrate", "-v0", var=var).returncode == 0
    made = otklik("otklik.web.manage", "bootstrap", var=var)
    assert "password:" in made.stdout, made.stderr
    (var / "media" / "ab").mkdir(parents=True)
    (var / "media" / "ab" / "file").write_bytes(b"receipt")
    return var


def test_a_backup_restores_database_media_and_key_into_an_empty_place(
    installation: Path, tmp_path: Path
) -> None:
    copy, fresh = tmp_path / "copy", tmp_path / "fresh"
    made = otklik("otklik", "backup", str(copy), var=installation)
    assert made.returncode == 0, made.stderr
    assert json.loads(made.stdout)["ok"] is True

    back = otklik("otklik", "restore", str(copy), var=fresh)
    assert back.returncode == 0, back.stderr
    assert (fresh / "media" / "ab" / "file").read_bytes() == b"receipt"
    assert (fresh / "secret.key").read_text() == (installation / "secret.key").read_text()
    verified = otklik("otklik", "audit", "verify", var=fresh)
    assert json.loads(verified.stdout)["entries"] == 1


def test_a_changed_file_in_a_backup_is_named_and_nothing_is_restored(
    installation: Path, tmp_path: Path
) -> None:
    copy, fresh = tmp_path / "copy", tmp_path / "fresh"
    otklik("otklik", "backup", str(copy), var=installation)
    (copy / "media" / "ab" / "file").write_bytes(b"forged")
    back = otklik("otklik", "restore", str(copy), var=fresh)
    assert back.returncode == 1
    assert "media/ab/file" in back.stderr
    assert "Traceback" not in back.stderr
    assert not (fresh / "otklik.sqlite3").exists()


def test_a_restore_does_not_overwrite_an_installation_in_use(installation: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    otklik("otklik", "backup", str(copy), var=installation)
    back = otklik("otklik", "restore", str(copy), var=installation)
    assert back.returncode == 1
    assert back.stderr.strip()


def test_a_backup_does_not_write_into_a_folder_with_something_in_it(
    installation: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("keep")
    made = otklik("otklik", "backup", str(tmp_path), var=installation)
    assert made.returncode == 1
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


@pytest.fixture(scope="module")
def copy_of(installation: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("kept") / "copy"
    assert otklik("otklik", "backup", str(folder), var=installation).returncode == 0
    return folder


def manifest_with(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    change(manifest)
    path.write_text(json.dumps(manifest), encoding="utf-8")


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no manifest": lambda folder: (folder / "manifest.json").unlink(),
    "half a manifest": lambda folder: (folder / "manifest.json").write_text("{"),
    "a list": lambda folder: (folder / "manifest.json").write_text("[]"),
    "no files named": lambda folder: manifest_with(folder, lambda m: m.pop("files")),
    "no database named": lambda folder: manifest_with(folder, lambda m: m["files"].pop("database.sqlite3")),
    "a way out": lambda folder: manifest_with(folder, lambda m: m["files"].update({"../../x": ""})),
    "half a database": lambda folder: os.truncate(folder / "database.sqlite3", 4096),
    "a lost key": lambda folder: (folder / "secret.key").unlink(),
    "a newer version": lambda folder: manifest_with(folder, lambda m: m["migrations"].append("inbox.9999_x")),
    "another database": lambda folder: manifest_with(
        folder, lambda m: m.update(database="postgresql", files={"database.dump": "", **m["files"]})
    ),
    "a strange database": lambda folder: manifest_with(folder, lambda m: m.update(database="oracle")),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_spoilt_backup_is_refused_with_one_sentence_and_nothing_is_restored(
    copy_of: Path, tmp_path: Path, damage: str
) -> None:
    folder, fresh = tmp_path / "spoilt", tmp_path / "fresh"
    shutil.copytree(copy_of, folder)
    DAMAGES[damage](folder)
    back = otklik("otklik", "restore", str(folder), var=fresh)
    assert (back.returncode, back.stdout) == (1, "")
    assert len(back.stderr.splitlines()) == 1 and "Traceback" not in back.stderr
    assert not (fresh / "otklik.sqlite3").exists() and not (fresh / "media" / "ab").exists()


def test_a_file_that_the_backup_does_not_name_is_not_restored(copy_of: Path, tmp_path: Path) -> None:
    folder, fresh = tmp_path / "copy", tmp_path / "fresh"
    shutil.copytree(copy_of, folder)
    (folder / "media" / "ab" / "planted").write_bytes(b"x")
    assert otklik("otklik", "restore", str(folder), var=fresh).returncode == 0
    assert [path.name for path in (fresh / "media" / "ab").iterdir()] == ["file"]


def test_another_key_is_refused_before_anything_is_restored(copy_of: Path, tmp_path: Path) -> None:
    fresh = tmp_path / "fresh"
    back = otklik(
        "otklik", "restore", str(copy_of), var=fresh, key="another key of forty-two characters at least"
    )
    assert back.returncode == 1
    assert "SECRET_KEY" in back.stderr
    assert not (fresh / "otklik.sqlite3").exists()


def test_a_backup_made_while_others_write_shows_one_moment(installation: Path, tmp_path: Path) -> None:
    copy, fresh, stop = tmp_path / "copy", tmp_path / "fresh", threading.Event()
    written = 0

    def write() -> None:
        nonlocal written
        with closing(sqlite3.connect(installation / "otklik.sqlite3", timeout=20)) as base:
            while not stop.is_set():
                base.execute(
                    "INSERT INTO audit_entry (organisation_id, at, actor_kind, actor_name, action,"
                    " object_kind, reason, data, prev_hash, hash)"
                    " VALUES (9, '2026-11-22', 'system', 'x', 'x', 'x', ?, '{}', '', '')",
                    ("x" * 2000,),
                )
                base.commit()
                written += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = otklik("otklik", "backup", str(copy), var=installation)
    finally:
        stop.set()
        writer.join()
    assert (made.returncode, written > 10) == (0, True), made.stderr
    back = otklik("otklik", "restore", str(copy), var=fresh)
    assert back.returncode == 0, back.stderr
    with closing(sqlite3.connect(fresh / "otklik.sqlite3")) as base:
        (found,) = base.execute("SELECT count(*) FROM audit_entry").fetchone()
    assert found == json.loads(made.stdout)["counts"]["audit_entry"]


@pytest.mark.parametrize("target", ["a file", "media/inside"])
def test_a_place_where_no_backup_can_stand_is_refused(installation: Path, target: str) -> None:
    place = installation / target
    if target == "a file":
        place.write_text("keep")
    made = otklik("otklik", "backup", str(place), var=installation)
    assert made.returncode == 1
    assert len(made.stderr.splitlines()) == 1
    assert not place.is_dir()


@pytest.mark.parametrize("words", [("audit", "verify"), ("backup", "copy")])
def test_without_a_database_the_call_is_wrong(words: tuple[str, ...], tmp_path: Path) -> None:
    done = otklik("otklik", *words, var=tmp_path / "empty")
    assert (done.returncode, done.stdout) == (2, "")
    assert "DATABASE_URL" in done.stderr and "Traceback" not in done.stderr
