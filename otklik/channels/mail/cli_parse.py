"""`otklik mail parse FILE…`: one JSON line per mail file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from otklik.channels.mail.engine.parse import MAX_RAW, parse
from otklik.kernel.stream import FLUSH_EVERY, Record, write_line

EPILOG = """\
One line per file, in the order of the arguments:
  file                      the name as given
  from                      {"name","address"} or null; an unknown name or address is null
  to, cc, reply_to          lists of {"name","address"}
  subject, date             date is RFC 3339 with offset, or null
  message_id, in_reply_to   without angle brackets, or null
  references                list, oldest first
  text                      the new part only
  quoted                    what was cut: signature and quotes
  html                      sanitised, remote images in data-remote-src; null without HTML
  attachments               {"filename","content_type","size","sha256","inline","content_id"}
  auto                      none | auto_reply | bounce | list
  bounce_of                 Message-ID of the mail that was not delivered, or null
  problems                  list of {"code","message"}
A file that cannot be read answers {"file","error":{"code","message"}}.

example:
  $ otklik mail parse letter.eml
  {"file":"letter.eml","from":{"name":"Иван","address":"ivan@example.ru"},"to":[…],"text":"Где мой заказ?",…}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="a mail as RFC 5322 bytes (.eml)")
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    """Answer every file; an unreadable one is a line with an error, not a failure."""
    for number, name in enumerate(args.files, 1):
        write_line(_answer(name, args.lang))
        if number % FLUSH_EVERY == 0:
            sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    return 0


def _answer(name: str, lang: str) -> Record:
    try:
        if not name:
            raise FileNotFoundError(name)
        with Path(name).open("rb") as handle:
            raw = handle.read(MAX_RAW + 1)
    except (OSError, ValueError) as error:
        return {"file": name, "error": _error(error, name, lang)}
    return {"file": name, **parse(raw).as_dict(lang)}


def _error(error: Exception, name: str, lang: str) -> dict[str, str]:
    if isinstance(error, FileNotFoundError):
        code, ru, en = (
            "not_found",
            f"Файла «{name}» нет: проверьте путь.",
            f'There is no file "{name}": check the path.',
        )
    elif isinstance(error, IsADirectoryError):
        code = "is_directory"
        ru, en = f"«{name}» — папка: укажите файлы в ней.", f'"{name}" is a folder: name the files in it.'
    elif isinstance(error, PermissionError):
        code = "no_permission"
        ru, en = (
            f"Нет права читать «{name}»: измените права.",
            f'No right to read "{name}": change its permissions.',
        )
    else:
        code = "unreadable"
        ru, en = f"Файл «{name}» не читается: {error}.", f'The file "{name}" cannot be read: {error}.'
    return {"code": code, "message": ru if lang == "ru" else en}
