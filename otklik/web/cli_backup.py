"""`otklik backup DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from otklik.kernel.stream import write_line
from otklik.web.start import require_database, start_django


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of the backup")
    parser.epilog = (
        'answer: {"ok":true,"folder":"…","files":812,"counts":{"inbox_message":5120,…}}\n'
        "exit 1 with a sentence on stderr when it cannot be done; nothing is left half-done\n\n"
        "example: otklik backup /backup/2026-11-22"
    )


def run(args: argparse.Namespace) -> int:
    start_django()
    require_database()
    from django.utils import translation  # noqa: PLC0415 needs Django to be ready

    from otklik.web import backup  # noqa: PLC0415 as above
    from otklik.web.backup_errors import BackupError  # noqa: PLC0415 as above

    translation.activate(args.lang)
    try:
        manifest = backup.backup(args.folder.resolve())
    except BackupError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return 1
    if backup.key_is_elsewhere():
        print(
            "SECRET_KEY задан в окружении, в копию он не входит: храните его отдельно."
            if args.lang == "ru"
            else "SECRET_KEY is set in the environment and is not in the backup: keep it elsewhere.",
            file=sys.stderr,
        )
    write_line(
        {
            "ok": True,
            "folder": str(args.folder),
            "files": len(manifest["files"]),
            "counts": manifest["counts"],
        }
    )
    return 0
