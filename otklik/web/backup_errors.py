"""What can go wrong with a backup, as one kind of error with a sentence."""

from __future__ import annotations

from otklik.kernel.errors import OtklikError


class BackupError(OtklikError):
    code = "backup"
    status = 500
