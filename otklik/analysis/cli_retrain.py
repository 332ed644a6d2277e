"""`otklik analysis retrain`: learn one field from labelled texts, judged before it replaces anything."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from otklik.analysis.training.retrain import TooFew, previous, retrain
from otklik.kernel.stream import DECODER, WrongCall, open_input, write_line

EPILOG = """
Input: one JSON object per line with "text" and "label". Output: one JSON object
  {"field","texts","labels","held","old":{"macro_f1","accuracy"}|null,"new":{…},"ece","seconds","replaced","file"}
`old` is the model found in --out before, judged on the same held texts; a worse model does not replace it.
Without --labels the organisation's corrections are learnt from: `old` is what is in use, and what was learnt is kept
as a version in the database ("file" is null), used unless it is worse on the organisation's own held labels.

Example:
  otklik analysis retrain --field intent --labels labels.jsonl --out models/
  otklik analysis retrain --field intent
"""


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--field", required=True, help="name of the field to learn, for instance intent")
    parser.add_argument(
        "--labels",
        help='file of lines {"text","label"}, - for the standard input; left out: corrections of the organisation',
    )
    parser.add_argument(
        "--out", type=Path, help="with --labels: folder of the models; FIELD.npz is written there"
    )
    parser.epilog = EPILOG


def check_field(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        raise WrongCall(
            f"Имя поля «{name}» не подходит: нужны маленькие латинские буквы, цифры и _.",
            f'"{name}" is no name of a field: use small Latin letters, digits and _.',
        )


def run(args: argparse.Namespace) -> int:
    """Learn from a file of labels."""
    check_field(args.field)
    if args.out is None:
        raise WrongCall(
            "Не названа папка моделей: добавьте --out.", "Name the folder of the models: add --out."
        )
    texts, labels = _labels(args.labels)
    try:
        outcome = retrain(args.field, texts, labels, args.out, previous(args.out, args.field))
    except TooFew as error:
        raise WrongCall(
            "Слишком мало разметки: нужно не меньше 20 текстов и двух разных меток.",
            "Too few labels: at least 20 texts and two different labels are needed.",
        ) from error
    except ValueError as error:
        raise WrongCall(
            f"Прежняя модель не читается: {error}.", f"The old model cannot be read: {error}."
        ) from error
    write_line(outcome.as_record())
    sys.stdout.buffer.flush()
    return 0


def _labels(path: str) -> tuple[list[str], list[str]]:
    texts, labels = [], []
    with open_input(path) as source:
        for number, raw in enumerate(source, start=1):
            line = raw.removeprefix(b"\xef\xbb\xbf").strip()
            if not line:
                continue
            text, label = _pair(line, number)
            texts.append(text)
            labels.append(label)
    return texts, labels


def _pair(line: bytes, number: int) -> tuple[str, str]:
    try:
        record = DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        record = None
    if (
        not isinstance(record, dict)
        or not isinstance(record.get("text"), str)
        or not isinstance(record.get("label"), str)
    ):
        shown = json.dumps({"text": "…", "label": "…"}, ensure_ascii=False)
        raise WrongCall(f"Строка {number} не вида {shown}.", f"Line {number} is not of the form {shown}.")
    return record["text"], record["label"]
