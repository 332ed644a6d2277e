"""`otklik analyse`: what each text of a stream says."""

from __future__ import annotations

import argparse
from datetime import date
from pathlib import Path

from otklik.analysis.engine.cause import Taxonomy, presets
from otklik.analysis.engine.labels import label_names
from otklik.analysis.engine.reading import Item, Reader
from otklik.analysis.model_folder import read_folder
from otklik.kernel.stream import LineError, Record, WrongCall, open_input, run_batches, text_field, write_line

BATCH = 256


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--in", dest="source", metavar="FILE", help="JSON lines; standard input when left out"
    )
    parser.add_argument(
        "--preset",
        choices=sorted(presets()),
        help="industry: causes unusual there count a quarter, but may still be given",
    )
    parser.add_argument(
        "--model",
        type=Path,
        metavar="DIR",
        help="folder of models: general.npz, kazakh.npz, content.npz, FIELD.npz",
    )
    parser.add_argument("--today", metavar="DATE", help="day from which вчера and завтра are counted")
    parser.add_argument("--labels", action="store_true", help="print the labels of every field and stop")
    parser.epilog = (
        "--model DIR: each file replaces the shipped one; FIELD.npz, as written by `otklik analysis retrain`,\n"
        'answers its field (label, p, confidence, evidence); a field the answer lacks appears under "own".\n\n'
        'input:  {"id":"1","text":"Курьер так и не приехал","object":"Техновал"}   (object may be missing)\n'
        'answer: {"id":"1","lang":"ru","tone":{…},"intent":[{"label","p"}],"cause":[…],"severity":2,…,\n'
        '         "evidence":{field:[[start,end]]},"confidence":{field:p},"abstained":[field],"notes":[why]}\n\n'
        "example: otklik analyse --preset delivery --in messages.jsonl"
    )


def run(args: argparse.Namespace) -> int:
    if args.labels:
        write_line(label_names())
        return 0
    try:
        today = None if args.today is None else date.fromisoformat(args.today)
    except ValueError as error:
        raise WrongCall(
            f"«{args.today}» не дата: нужна вида 2026-11-22.", f'"{args.today}" is no date like 2026-11-22.'
        ) from error
    reader = _reader(args.preset, args.model, today)
    with open_input(args.source) as source:
        return run_batches(source, _item, reader.read, lang=args.lang, size=BATCH)


def _reader(preset: str | None, folder: Path | None, today: date | None) -> Reader:
    """With the models of `folder`; WrongCall when it has none or one of them cannot be used."""
    own = {} if folder is None else read_folder(folder)
    reader = Reader(Taxonomy(preset), folder=folder, today=today, own=own)
    try:
        reader.load()
        reader.settle()
    except Exception as error:
        if folder is None:
            raise  # a fault of ours
        raise WrongCall(
            f"Модели из «{folder}» вместе не читают текст ({error}). Уберите оттуда файлы, которые меняли вручную.",
            f'The models of "{folder}" cannot read a text together ({error}). Take out the files changed by hand.',
        ) from error
    return reader


def _item(record: Record) -> Item:
    named = record.get("object")
    if named is not None and not isinstance(named, str):
        raise LineError(
            "bad_object",
            "Поле «object» не строка: нужно название компании.",
            'The field "object" is no string: the name of a company is expected.',
        )
    return Item(text_field(record), named)
