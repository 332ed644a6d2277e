"""`otklik mail reply`: the visible reply of each text, cut from quotes and signature."""

from __future__ import annotations

import argparse

from otklik.channels.mail.engine.reply import split
from otklik.kernel.stream import Record, open_input, run_stream, text_field

EPILOG = """\
in:   {"id","text"}
out:  {"id","reply","quoted","signature"}
Every line of the text stands in exactly one of the three, in its own order; line ends are \\n.

example:
  $ echo '{"id":1,"text":"Спасибо!\\n\\n--\\nИван"}' | otklik mail reply
  {"id":1,"reply":"Спасибо!","quoted":"","signature":"\\n--\\nИван"}
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in", dest="source", metavar="FILE", help="JSON lines; standard input when left out"
    )
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    with open_input(args.source) as source:
        return run_stream(source, _answer, lang=args.lang)


def _answer(record: Record) -> Record:
    parts = split(text_field(record))
    return {
        "id": record.get("id"),
        "reply": parts.reply,
        "quoted": parts.quoted,
        "signature": parts.signature,
    }
