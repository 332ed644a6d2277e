"""The stream form of a command: JSON lines in, JSON lines out, bad lines answered in place.

No Django here: `.venv/bin/otklik` must run every text command without database or settings.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

FLUSH_EVERY = 1000
MOST_DIGITS = 4300  # of a number; what Python reads at most

Record = dict[str, Any]
Item = TypeVar("Item")


class LineError(Exception):
    """One input line cannot be worked on: a snake_case code and a sentence in both languages."""

    def __init__(self, code: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.ru = ru
        self.en = en

    def sentence(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


class WrongCall(Exception):
    """The command cannot begin as it was called: a sentence in both languages, exit code 2."""

    def __init__(self, ru: str, en: str) -> None:
        super().__init__(en)
        self.ru = ru
        self.en = en


def dump(record: Record) -> str:
    """One JSON line. Lone surrogates are escaped, so that the output is always valid UTF-8."""
    text = json.dumps(record, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return json.dumps(record, separators=(",", ":"))
    return text


@contextmanager
def open_input(path: str | None) -> Iterator[IO[bytes]]:
    """The stream to read; WrongCall when there is none to open."""
    if path is None or path == "-":
        if sys.stdin is None:
            raise WrongCall("Стандартный вход закрыт.", "Standard input is closed.")
        yield sys.stdin.buffer
        return
    try:
        handle = Path(path).open("rb")  # noqa: SIM115 - closed below; only opening may be a wrong call
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise WrongCall(
            f"Файл «{path}» не читается: {why}.", f'The file "{path}" cannot be read: {why}.'
        ) from error
    with handle:
        yield handle


def write_line(record: Record) -> None:
    sys.stdout.buffer.write(dump(record).encode("utf-8") + b"\n")


def run_stream(source: IO[bytes], handle: Callable[[Record], Record], *, lang: str) -> int:
    """Answer every line of `source` in order; a bad line answers `{"id","error"}` and the rest goes on."""
    answered = 0
    for number, raw in enumerate(source):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 0 else raw
        if not line.strip():
            continue
        write_line(_answer(line, handle, lang))
        answered += 1
        if answered % FLUSH_EVERY == 0:
            sys.stdout.buffer.flush()
    sys.stdout.buffer.flush()
    return 0


def run_batches(
    source: IO[bytes],
    check: Callable[[Record], Item],
    handle: Callable[[list[Item]], list[Record]],
    *,
    lang: str,
    size: int,
) -> int:
    """As `run_stream` for work that is cheaper together: `check` reads one line, `handle` answers up to `size`.

    Answers come in the order of the lines, each with the `id` of its line first.
    """
    waiting: list[tuple[Any, Item | LineError]] = []
    for number, raw in enumerate(source):
        line = raw.removeprefix(b"\xef\xbb\xbf") if number == 0 else raw
        if not line.strip():
            continue
        waiting.append(_checked(line, check))
        if len(waiting) == size:
            _write_batch(waiting, handle, lang)
            waiting = []
    _write_batch(waiting, handle, lang)
    return 0


def _checked(line: bytes, check: Callable[[Record], Item]) -> tuple[Any, Item | LineError]:
    identity: Any = None
    try:
        record = _read(line)
        identity = record.get("id")
        return identity, check(record)
    except LineError as error:
        return identity, error


def _write_batch(
    waiting: list[tuple[Any, Item | LineError]], handle: Callable[[list[Item]], list[Record]], lang: str
) -> None:
    answers = iter(handle([item for _, item in waiting if not isinstance(item, LineError)]))
    for identity, item in waiting:
        if isinstance(item, LineError):
            write_line(error_line(identity, item.code, item.sentence(lang)))
        else:
            write_line({"id": identity, **next(answers)})
    sys.stdout.buffer.flush()


def _answer(line: bytes, handle: Callable[[Record], Record], lang: str) -> Record:
    identity: Any = None
    try:
        record = _read(line)
        identity = record.get("id")
        return handle(record)
    except LineError as error:
        return error_line(identity, error.code, error.sentence(lang))


def error_line(identity: Any, code: str, message: str) -> Record:
    return {"id": identity, "error": {"code": code, "message": message}}


def _number(text: str) -> float:
    """A JSON number; NaN, Infinity and what overflows into it could not be written back as JSON."""
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(text)
    return value


def _whole(text: str) -> int:
    """A JSON integer; Python reads no longer ones, because that takes time by the square of their length."""
    if len(text) > MOST_DIGITS:
        raise TooLong(text[:20])
    return int(text)


class TooLong(ValueError):
    """A number with more digits than are read."""


DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_number, parse_int=_whole)


def _read(line: bytes) -> Record:
    try:
        record = DECODER.decode(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise LineError(
            "not_utf8",
            f"Строка не в UTF-8: сохраните файл в этой кодировке (байт {error.start}).",
            f"The line is not UTF-8: save the file in that encoding (byte {error.start}).",
        ) from error
    except TooLong as error:
        raise LineError(
            "number_too_long",
            f"В строке число длиннее {MOST_DIGITS} цифр: запишите его строкой, в кавычках.",
            f"A number of the line has more than {MOST_DIGITS} digits: write it as a string, in quotation marks.",
        ) from error
    except (ValueError, RecursionError) as error:
        raise LineError(
            "not_json",
            "Строка не читается как JSON: нужен один объект на строку.",
            "The line is not JSON: one object per line is expected.",
        ) from error
    if not isinstance(record, dict):
        raise LineError(
            "not_object",
            'Строка содержит не объект: нужен объект вида {"id": …}.',
            'The line is not an object: an object like {"id": …} is expected.',
        )
    return record


def text_field(record: Record, name: str = "text") -> str:
    """The required string `name` of a line; raises LineError with what to do when it is missing."""
    value = record.get(name)
    if not isinstance(value, str):
        raise LineError(
            f"no_{name}",
            f"Нет строки «{name}»: добавьте это поле в объект.",
            f'There is no string "{name}": add this field to the object.',
        )
    return value
