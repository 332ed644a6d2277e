"""Backup and restore of whole installations, by the real command in real processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest


def otklik(*words: str, var: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VAR_DIR": str(var), "DATABASE_URL": "", "SECRET_KEY": ""}
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
