"""`otklik analysis retrain`: learn one field from labelled texts, judged before it replaces anything."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from otklik.analysis.engine import overrides
from otklik.analysis.engine.labels import CLOSED, label_names
from otklik.analysis.model_folder import own_model
from otklik.analysis.training.before import known_to_shipped, normal, shipped_fields
from otklik.analysis.training.retrain import EACH, FEWEST, Outcome, TooFew, judge, previous, retrain
from otklik.kernel.stream import DECODER, WrongCall, open_input, write_line

LONGEST = 200  # characters of a label
EPILOG = """
Input: one JSON object per line with "text" and "label" (several emotions or signals joined by |, none for nothing).
A field of the answer takes its own labels (`otklik analyse --labels`); intent, cause and signals take new ones too;
any other name becomes a field of your own, answered under "own". Output: one JSON object
  {"field","texts","labels","held","old":{"macro_f1","accuracy"}|null,"new":{…},"ece","seconds","replaced","file"}
A fifth of the texts is held and judges. `old` is the model found in --out before, or the shipped reader where there
is none (null when it knows none of the labels). FIELD.npz is written only when neither score is worse, and better
than the shipped reader's; otherwise "replaced" is false. `ece` is given from 500 held texts on.
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
    """WrongCall for a field that no model may answer."""
    if not overrides.NAME.fullmatch(name):
        raise WrongCall(
            f"Имя поля «{name}» не подходит: нужны маленькие латинские буквы, цифры и _, первой буква.",
            f'"{name}" is no name of a field: use small Latin letters, digits and _, a letter first.',
        )
    if name in overrides.COMPUTED or name in overrides.SHIPPED:
        known = ", ".join(shipped_fields())
        raise WrongCall(
            f"Полю «{name}» не учат: его не отвечает модель. Есть: {known}; или назовите своё поле.",
            f'The field "{name}" cannot be learnt: no model answers it. There are: {known}; or name a field of yours.',
        )


def run(args: argparse.Namespace) -> int:
    """Learn from a file of labels."""
    check_field(args.field)
    if args.out is None:
        raise WrongCall(
            "Не названа папка моделей: добавьте --out.", "Name the folder of the models: add --out."
        )
    _check_folder(args.out, args.field)
    texts, labels = _labels(args.labels, args.field)
    try:
        outcome = retrain(args.field, texts, labels, args.out, previous(args.out, args.field, labels))
    except TooFew as error:
        raise _too_few(texts, labels) from error
    except OSError as error:
        raise WrongCall(
            f"Не записать модель в «{args.out}»: {error.strerror}.",
            f'The model cannot be written to "{args.out}": {error.strerror}.',
        ) from error
    write_line(outcome.as_record())
    sys.stdout.buffer.flush()
    _explain(outcome, shipped=known_to_shipped(args.field, labels), lang=args.lang)
    return 0


def _check_folder(out: Path, field: str) -> None:
    """Whether the files of the field can be written, and those that stand there can be read: before the training."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise WrongCall(
            f"В папку «{out}» нельзя писать: {why}. Назовите в --out другую.",
            f'The folder "{out}" cannot be written to: {why}. Name another with --out.',
        ) from error
    for path in (out / f"{field}.npz", judge(out, field)):
        if path.exists() or path.is_symlink():
            own_model(path, field)


def _too_few(texts: list[str], labels: list[str]) -> WrongCall:
    texts_ru, found = len(texts), len(set(labels))
    if found * EACH > len(texts) >= FEWEST:
        return WrongCall(
            f"Слишком много разных меток: {found} на текстов: {texts_ru}. Нужно не меньше {EACH} текстов на метку.",
            f"Too many different labels: {found} for {len(texts)} texts. A label needs {EACH} texts on average.",
        )
    return WrongCall(
        f"Слишком мало разметки: нужно не меньше {FEWEST} разных текстов и двух разных меток.",
        f"Too few labels: at least {FEWEST} different texts and two different labels are needed.",
    )


def _explain(outcome: Outcome, *, shipped: bool, lang: str) -> None:
    """One sentence beside the record: why nothing was replaced, or what the score was not compared with."""
    field = outcome.field
    if not outcome.replaced:
        ru = f"Модель поля «{field}» не записана: на проверочных текстах она не лучше той, что отвечает сейчас."
        en = f'The model of "{field}" was not written: on the held texts it is no better than what answers now.'
    elif outcome.old is None and not shipped and field in shipped_fields():
        ru = f"Поставляемая модель поля «{field}» этих меток не знает: сравнить не с чем."
        en = f'The shipped model of "{field}" does not know these labels: there is nothing to compare with.'
    elif field not in shipped_fields():
        ru = f"Поля «{field}» в ответе нет: его метки появятся в «own»."
        en = f'The answer has no field "{field}": its labels will stand under "own".'
    else:
        return
    print(ru if lang == "ru" else en, file=sys.stderr)


def _labels(path: str, field: str) -> tuple[list[str], list[str]]:
    known = {str(one) for one in label_names()[field]} if field in CLOSED else set()
    known |= {"False", "True"} if field == "safety" else set()
    texts, labels = [], []
    with open_input(path) as source:
        try:
            for number, raw in enumerate(source, start=1):
                line = raw.removeprefix(b"\xef\xbb\xbf").strip()
                if not line:
                    continue
                text, label = _pair(line, number)
                texts.append(text)
                labels.append(_label(label, field, known, number))
        except OSError as error:
            raise WrongCall(
                f"Файл «{path}» не читается: {error.strerror}.",
                f'The file "{path}" cannot be read: {error.strerror}.',
            ) from error
    return texts, labels


def _pair(line: bytes, number: int) -> tuple[str, Any]:
    """Numbers and true or false are labels as well: severity and safety have such."""
    try:
        record = DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        record = None
    if (
        not isinstance(record, dict)
        or not isinstance(record.get("text"), str)
        or not isinstance(record.get("label"), str | int)
    ):
        shown = json.dumps({"text": "…", "label": "…"}, ensure_ascii=False)
        raise WrongCall(f"Строка {number} не вида {shown}.", f"Line {number} is not of the form {shown}.")
    return record["text"], record["label"]


def _label(given: str | int, field: str, known: set[str], number: int) -> str:
    """The label in its one form; WrongCall names the line of one that the field cannot have."""
    label = normal(field, str(given).strip())
    if field == "safety":
        label = label.capitalize()
    try:
        label.encode("utf-8")
    except UnicodeEncodeError as error:
        raise WrongCall(
            f"Строка {number}: в метке есть знак, которого нет в Юникоде (половина пары). Исправьте метку.",
            f"Line {number}: the label has a sign that Unicode does not have (half of a pair). Mend the label.",
        ) from error
    if not label or len(label) > LONGEST:
        raise WrongCall(
            f"Строка {number}: метка пустая или длиннее {LONGEST} знаков. Дайте ей короткое имя.",
            f"Line {number}: the label is empty or longer than {LONGEST} characters. Give it a short name.",
        )
    parts = set(label.split("|")) - overrides.NOTHING if field in overrides.SEVERAL else {label}
    strange = sorted(parts - known) if known else []
    if strange:
        names = ", ".join(sorted(known))
        raise WrongCall(
            f"Строка {number}: у поля «{field}» нет метки «{strange[0]}». Есть: {names}. Исправьте или уберите строку.",
            f'Line {number}: the field "{field}" has no label "{strange[0]}". There are: {names}. Mend the line or '
            "take it out.",
        )
    return label
