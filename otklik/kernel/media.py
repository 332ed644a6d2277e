"""Files by content: one copy per sha256 under `MEDIA_ROOT`, written before the row that names it commits."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from otklik.kernel.errors import OtklikError

_BLOCK = 1 << 20  # bytes


class DiskFull(OtklikError):
    code = "disk_full"
    status = 507
    text = _("The disk is full: nothing was saved and nothing was lost. Free some space, then try again.")


def path_of(digest: str) -> Path:
    return Path(settings.MEDIA_ROOT) / digest[:2] / digest[2:4] / digest


def put(content: bytes) -> str:
    """Store once, durably; returns the sha256. Raises DiskFull with nothing half-written."""
    digest = hashlib.sha256(content).hexdigest()
    if not path_of(digest).exists():
        _write(digest, (content,))
    return digest


def put_file(source: BinaryIO) -> tuple[str, int]:
    """Like `put`, for a file of any size, read twice from its beginning in blocks; returns (sha256, bytes)."""
    source.seek(0)
    digest = hashlib.file_digest(source, "sha256").hexdigest()  # type: ignore[arg-type]  # seek is all it lacks
    size = source.tell()
    if not path_of(digest).exists():
        source.seek(0)
        _write(digest, iter(lambda: source.read(_BLOCK), b""))
    return digest, size


def _write(digest: str, blocks: Iterable[bytes]) -> None:
    target = path_of(digest)
    name = ""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=target.parent)
        with os.fdopen(handle, "wb") as out:
            for block in blocks:
                out.write(block)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, target)
    except OSError as error:
        if name:
            Path(name).unlink(missing_ok=True)
        raise DiskFull from error


def get(digest: str) -> bytes:
    return path_of(digest).read_bytes()
