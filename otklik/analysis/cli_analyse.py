"""`otklik analyse`: what each text of a stream says."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from otklik.analysis.engine.cause import Taxonomy, presets
from otklik.analysis.engine.reading import Item, Reader, label_names
from otklik.kernel.stream import LineError, Record, WrongCall, open_input, run_batches, text_field, write_line

BATCH = 256


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in", dest="source", metavar="FILE", help="JSON lines; standard input when left out"
    )
    parser.add_argument("--preset", choices=sorted(presets()), help="industry whose causes may be given")
    parser.add_argument("--model", type=Path, metavar="DIR", help="folder of other model files")
    parser.add_argument("--today", metavar="DATE", help="day from which вчера and завтра are counted")
    parser.add_argument("--labels", action="store_true", help="print the labels of every field and stop")
    parser.epilog = (
        'input:  {"id":"1","text":"Курьер так и не приехал","object":"Техновал"}   (object may be missing)\n'
        'answer: {"id":"1","lang":"ru","tone":{…},"intent":[{"label","p"}],"cause":[…],"severity":2,…,\n'
        '         "evidence":{field:[[start,end]]},"confidence":{field:p},"abstained":[field],"notes":[why]}\n\n'
        "example: otklik analyse --preset delivery --in messages.jsonl"
    )


def run(args: argparse.Namespace) -> int:
    if args.labels:
        write_line(label_names())
        return 0
    if args.model is not None and not args.model.is_dir():
        raise WrongCall(f"Нет папки «{args.model}».", f'There is no folder "{args.model}".')
    try:
        today = None if args.today is None else date.fromisoformat(args.today)
    except ValueError as error:
        raise WrongCall(
            f"«{args.today}» не дата: нужна вида 2026-11-22.", f'"{args.today}" is no date like 2026-11-22.'
        ) from error
    reader = Reader(taxonomy=Taxonomy(args.preset), folder=args.model, today=today)
    with open_input(args.source) as source:
        return run_batches(source, _item, reader.read, lang=args.lang, size=BATCH)


def _item(record: Record) -> Item:
    named = record.get("object")
    if named is not None and not isinstance(named, str):
        raise LineError(
            "bad_object",
            "Поле «object» не строка: нужно название компании.",
            'The field "object" is no string: the name of a company is expected.',
        )
    return Item(text_field(record), named)
