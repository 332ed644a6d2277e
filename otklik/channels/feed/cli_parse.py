"""`otklik feed parse FILE…`: one JSON line per file."""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from otklik.channels.feed.engine import MAX_BYTES, parse
from otklik.channels.importer.engine.dates import DEFAULT_TIMEZONE
from otklik.kernel.stream import Record, write_line

FIELDS = """
fields of the output, one line per file in the order given:
  file      the name as given
  title     title of the feed
  entries   list of {"id", "url", "title", "text", "author", "published", "updated"};
            text is plain, times are RFC 3339, unknown is null
  problems  list of {"code", "message"}: what was repaired or could not be read
a file that cannot be opened: {"file", "error": {"code", "message"}}

example:
  otklik feed parse --base-url https://news.example/rss news.xml
  {"file":"news.xml","title":"Новости","entries":[{"id":"https://news.example/1",
   "url":"https://news.example/1","title":"Банк закрыл кассы","text":"…","author":null,
   "published":"2026-11-22T14:05:00+03:00","updated":null}],"problems":[]}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("files", nargs="+", metavar="FILE", help="RSS or Atom file")
    parser.add_argument("--base-url", default="", help="address of the feed, for relative links")
    parser.add_argument("--content-type", default="", help="Content-Type the server sent, for its charset")
    parser.add_argument(
        "--timezone", type=_zone, default=DEFAULT_TIMEZONE, help="zone of dates without one (%(default)s)"
    )
    parser.epilog = FIELDS


def _zone(name: str) -> str:
    try:
        return ZoneInfo(name).key
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise argparse.ArgumentTypeError(f"no such time zone: {name}") from error


def run(args: argparse.Namespace) -> int:
    for name in args.files:
        write_line(_answer(name, args))
        sys.stdout.buffer.flush()
    return 0


def _answer(name: str, args: argparse.Namespace) -> Record:
    try:
        with Path(name).open("rb") as handle:
            raw = handle.read(MAX_BYTES + 1)
    except (OSError, ValueError):
        message = {
            "ru": f"Файл «{name}» не открывается: проверьте путь и права.",
            "en": f'The file "{name}" cannot be opened: check the path and the rights.',
        }[args.lang]
        return {"file": name, "error": {"code": "no_file", "message": message}}
    feed = parse(raw, content_type=args.content_type, base_url=args.base_url, timezone=args.timezone)
    return {
        "file": name,
        "title": feed.title,
        "entries": [asdict(entry) for entry in feed.entries],
        "problems": [
            {"code": problem.code, "message": problem.sentence(args.lang)} for problem in feed.problems
        ],
    }
