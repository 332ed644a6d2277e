"""Files by content: one copy per sha256 under `MEDIA_ROOT`, written before the row that names it commits."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from otklik.kernel.errors import OtklikError


class DiskFull(OtklikError):
    code = "disk_full"
    status = 507
    text = _("The disk is full: nothing was saved and nothing was lost. Free some space, then try again.")


def path_of(digest: str) -> Path:
    return Path(settings.MEDIA_ROOT) / digest[:2] / digest[2:4] / digest


def put(content: bytes) -> str:
    """Store once, durably; returns the sha256. Raises DiskFull with nothing half-written."""
    digest = hashlib.sha256(content).hexdigest()
    target = path_of(digest)
    if target.exists():
        return digest
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, target)
    except OSError as error:
        Path(name).unlink(missing_ok=True)
        raise DiskFull from error
    return digest


def get(digest: str) -> bytes:
    return path_of(digest).read_bytes()
