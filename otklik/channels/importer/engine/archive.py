"""Packed files: gzip, and a zip that holds one table, are read as what is inside. Memory: one block."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, cast

from otklik.channels.importer.engine.problems import TableError

GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
BROKEN_ARCHIVE = (EOFError, gzip.BadGzipFile, zipfile.BadZipFile, zlib.error)
_OFFICE = "[Content_Types].xml"  # stands in every workbook and document of Office
_LOCKED = 0x1


def broken_archive(called: str) -> TableError:
    return TableError(
        "bad_archive",
        f"Архив «{called}» не распаковывается: скачайте его заново.",
        f'The archive "{called}" does not unpack: download it again.',
    )


@contextmanager
def open_binary(path: Path) -> Iterator[IO[bytes]]:
    """The bytes of a file, unpacked when gzip or zip packed them. Raises TableError for a zip of several files."""
    member = _member(path)
    with path.open("rb") as raw:
        if member is not None:
            with zipfile.ZipFile(raw) as archive, archive.open(member) as packed:
                yield packed
            return
        begins = raw.read(len(GZIP))
        raw.seek(0)
        if begins != GZIP:
            yield raw
            return
        with gzip.GzipFile(fileobj=raw) as inside:
            yield cast("IO[bytes]", inside)


def inner_name(path: Path, called: str) -> str:
    """How the file inside is called: tells a plain text from a table."""
    member = _member(path)
    return member.filename if member is not None else called.removesuffix(".gz").removesuffix(".GZ")


def unpacked_size(path: Path) -> int:
    """Bytes of the content; gzip keeps the number (modulo 4 GB, good enough for an estimate) at its end."""
    member = _member(path)
    if member is not None:
        return member.file_size
    with path.open("rb") as raw:
        if raw.read(len(GZIP)) != GZIP:
            return path.stat().st_size
        raw.seek(-4, io.SEEK_END)
        return int.from_bytes(raw.read(4), "little")


def _member(path: Path) -> zipfile.ZipInfo | None:
    """The one table of a zip; None for what is no zip, and for a workbook, which is a zip as well."""
    with path.open("rb") as raw:
        if raw.read(len(ZIP)) != ZIP:
            return None
        try:
            with zipfile.ZipFile(raw) as archive:
                infos = archive.infolist()
        except (zipfile.BadZipFile, ValueError, NotImplementedError):
            return None  # the reader of workbooks says what is wrong
    if any(info.filename == _OFFICE for info in infos):
        return None
    files = [info for info in infos if not info.is_dir() and not _is_hidden(info.filename)]
    if len(files) != 1:
        raise _several(path.name, [PurePosixPath(info.filename).name for info in files])
    if files[0].flag_bits & _LOCKED:
        raise TableError(
            "locked_archive",
            "Архив закрыт паролем: распакуйте его и импортируйте таблицу.",
            "The archive is locked with a password: unpack it and import the table.",
        )
    if files[0].compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise broken_archive(path.name)
    return files[0]


def _is_hidden(name: str) -> bool:
    """What a Mac puts beside every file."""
    return name.startswith("__MACOSX/") or PurePosixPath(name).name.startswith(".")


def _several(called: str, names: list[str]) -> TableError:
    if not names:
        return TableError("empty_file", "В архиве нет ни одного файла.", "The archive holds no file.")
    few = ", ".join(names[:3]) + ("…" if names[3:] else "")
    return TableError(
        "several_files",
        f"В архиве файлов больше одного ({few}): распакуйте его и импортируйте таблицы по одной.",
        f"The archive holds several files ({few}): unpack it and import the tables one by one.",
    )
