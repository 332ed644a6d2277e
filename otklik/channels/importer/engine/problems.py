"""What is wrong with a row: a place, a code and a sentence in both languages. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

QUOTED = 60  # longest piece of somebody's value repeated inside a sentence


@dataclass(frozen=True, slots=True)
class RowError:
    """One thing wrong in one row. `row` is the number a spreadsheet program shows, 1-based.

    `column` is the header of the source column, "" when the whole row is meant. `raw` holds the source
    cells, so that the error file can give the person the row back.
    """

    row: int
    column: str
    code: str
    ru: str
    en: str
    raw: dict[str, str] = field(default_factory=dict, compare=False)

    def sentence(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


class TableError(Exception):
    """The file as a whole cannot be read as a table: a snake_case code and a sentence in both languages."""

    def __init__(self, code: str, ru: str, en: str) -> None:
        super().__init__(en)
        self.code = code
        self.ru = ru
        self.en = en

    def sentence(self, lang: str) -> str:
        return self.ru if lang == "ru" else self.en


class MappingError(TableError):
    """A mapping (JSON) cannot be used: says which key is wrong and what is expected."""


def quote(value: str) -> str:
    """A foreign value on one line and short enough to stand inside a sentence."""
    flat = " ".join(value.split())
    return flat if len(flat) <= QUOTED else flat[: QUOTED - 1] + "…"
