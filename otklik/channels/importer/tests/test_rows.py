"""From a table to items: mapping, presets, errors that say what to do, keys that survive a second import."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.channels.importer.engine.errors_file import ENCODING, export_guard, write_errors
from otklik.channels.importer.engine.mapping import Mapping, suggest
from otklik.channels.importer.engine.problems import RowError
from otklik.channels.importer.engine.rows import MAX_TEXT, ImportItem, convert
from otklik.channels.importer.engine.source import SourceRow
from otklik.channels.importer.engine.table import open_table

REVIEWS = Mapping(
    columns={
        "text": ("Текст",),
        "author_name": ("Автор",),
        "date": ("Дата",),
        "rating": ("Оценка",),
        "url": ("Ссылка",),
        "phone": ("Телефон",),
        "reach": ("Охват",),
        "tone": ("Тон",),
        "kind": ("Тип",),
        "tags": ("Теги",),
    },
    constants={"source": "otzovik.example", "kind": "review"},
)
ROW = {
    "Текст": "Не привезли заказ",
    "Автор": "Анна",
    "Дата": "22.11.2026 14:05",
    "Оценка": "1",
    "Ссылка": "https://o.example/1",
    "Телефон": "8 916 123-45-67",
    "Охват": "12,5 тыс.",
    "Тон": "негатив",
    "Теги": "доставка; срок, доставка",
}


def item(mapping: Mapping = REVIEWS, number: int = 7, **cells: str) -> ImportItem:
    result = convert(SourceRow(number, ROW | cells), mapping)
    assert isinstance(result, ImportItem), result
    return result


def error(mapping: Mapping = REVIEWS, **cells: str) -> RowError:
    result = convert(SourceRow(7, ROW | cells), mapping)
    assert isinstance(result, RowError), result
    return result


def test_a_row_becomes_an_item_with_every_field_read() -> None:
    got = item()
    assert (got.kind, got.text, got.author_name, got.rating, got.tone) == (
        "review",
        "Не привезли заказ",
        "Анна",
        1.0,
        "negative",
    )
    assert (got.phone, got.reach, got.source, got.tags) == (
        "+79161234567",
        12500,
        "otzovik.example",
        ("доставка", "срок"),
    )
    assert got.occurred_at is not None
    assert got.occurred_at.isoformat() == "2026-11-22T14:05:00+03:00"
    assert got.raw == ROW
    assert got.notices == ()


@pytest.mark.parametrize(
    ("cells", "code", "column"),
    [
        ({"Дата": "позавчера"}, "bad_date", "Дата"),
        ({"Оценка": "7"}, "rating_out_of_range", "Оценка"),
        ({"Оценка": "отлично"}, "bad_rating", "Оценка"),
        ({"Текст": "я" * (MAX_TEXT + 1)}, "too_long", "Текст"),
        ({"Текст": " ", "Оценка": ""}, "empty_text", "Текст"),
    ],
)
def test_a_row_that_cannot_be_imported_says_where_and_what_to_do(cells, code: str, column: str) -> None:
    wrong = error(**cells)
    assert (wrong.row, wrong.code, wrong.column) == (7, code, column)
    assert wrong.sentence("ru").startswith(f"Строка 7, столбец «{column}»: ")
    assert wrong.sentence("en").startswith(f'Row 7, column "{column}": ')
    assert ";" in wrong.sentence("ru")  # the second half says what to do


def test_the_wrong_value_is_quoted() -> None:
    assert "«позавчера»" in error(Дата="позавчера").ru


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        ({"Телефон": "нет"}, "bad_phone"),
        ({"Охват": "много"}, "bad_number"),
        ({"Тон": "странный"}, "bad_tone"),
        ({"Ссылка": "javascript:alert(1)"}, "bad_url"),
        ({"Тип": "загадка"}, "unknown_word"),
        ({"Автор": "А" * 2000}, "cut"),
    ],
)
def test_a_side_field_that_cannot_be_read_costs_only_itself(cells, code: str) -> None:
    got = item(**cells)
    assert [notice.code for notice in got.notices] == [code]
    assert got.text == "Не привезли заказ"


def test_a_review_of_stars_alone_is_kept() -> None:
    assert item(Текст="").rating == 1.0


def test_a_zero_means_no_rating() -> None:
    assert item(Оценка="0").rating is None


def test_pros_and_cons_become_labelled_parts_of_the_text() -> None:
    mapping = replace(REVIEWS, columns=REVIEWS.columns | {"pros": ("Плюсы",), "cons": ("Минусы",)})
    assert (
        item(mapping, Плюсы="быстро", Минусы="дорого").text
        == "Не привезли заказ\n\nПлюсы: быстро\n\nМинусы: дорого"
    )


def test_a_time_column_is_joined_to_the_date() -> None:
    mapping = replace(REVIEWS, columns=REVIEWS.columns | {"time": ("Время",)})
    got = item(mapping, Дата="22.11.2026", Время="09:30")
    assert got.occurred_at == datetime.fromisoformat("2026-11-22T09:30:00+03:00")
    assert not got.date_only


def test_values_are_renamed_by_the_mapping_before_they_are_read() -> None:
    mapping = replace(REVIEWS, values={"kind": {"Загадка": "comment"}})
    assert item(mapping, Тип="Загадка").kind == "comment"


def test_the_key_stays_when_anything_but_the_identity_changes() -> None:
    first, second = item(), item(number=900, Тон="позитив", Оценка="5", Охват="1")
    assert first.key == second.key
    assert first.content_hash != second.content_hash


def test_the_same_row_elsewhere_in_the_file_has_the_same_hash() -> None:
    assert item(number=7).content_hash == item(number=8).content_hash


@pytest.mark.parametrize(
    "cells",
    [{"Текст": "Другое"}, {"Автор": "Иван"}, {"Дата": "23.11.2026"}, {"Ссылка": "https://o.example/2"}],
)
def test_another_text_author_date_or_page_is_another_item(cells) -> None:
    assert item().key != item(**cells).key


def test_with_an_external_id_an_edited_text_keeps_its_key() -> None:
    mapping = replace(REVIEWS, columns=REVIEWS.columns | {"external_id": ("ID",)})
    first, second = item(mapping, ID="17"), item(mapping, ID="17", Текст="Привезли, спасибо")
    assert first.key == second.key
    assert first.content_hash != second.content_hash


def test_blanks_and_line_ends_do_not_make_another_key() -> None:
    assert item(Текст="Не  привезли\r\nзаказ ").key == item(Текст="Не привезли заказ").key


def test_a_damaged_row_passes_its_error_through() -> None:
    wrong = RowError(3, "", "not_json", "плохо", "bad")
    assert convert(SourceRow(3, {}, wrong), REVIEWS) is wrong


@pytest.mark.parametrize("cell", ["=1+1", "+7916", "-5", "@SUM(A1)", "\tx", "\rx"])
def test_a_cell_that_could_run_gets_an_apostrophe(cell: str) -> None:
    assert export_guard(cell) == "'" + cell


def test_an_ordinary_cell_is_left_alone() -> None:
    assert [export_guard(cell) for cell in ("Анна", "", "1=1", "a-b")] == ["Анна", "", "1=1", "a-b"]


def test_the_error_file_gives_the_row_back_with_its_reason() -> None:
    target = io.StringIO(newline="")
    wrong = error(Дата="позавчера", Автор="=cmd()")
    assert write_errors(target, ["Дата", "Автор"], [wrong]) == 1
    rows = list(csv.reader(io.StringIO(target.getvalue()), delimiter=";"))
    assert rows[0] == ["Строка", "Столбец", "Код", "Причина", "Дата", "Автор"]
    assert rows[1] == ["7", "Дата", "bad_date", wrong.ru, "позавчера", "'=cmd()"]


def test_a_corrected_error_file_can_be_imported_again(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    with path.open("w", encoding=ENCODING, newline="") as handle:
        write_errors(handle, list(ROW), [error(Дата="позавчера", Телефон="+7 916 123-45-67")])
    path.write_text(
        path.read_text(encoding=ENCODING).replace(";позавчера;", ";22.11.2026 14:05;"), encoding=ENCODING
    )
    table = open_table(path)
    got = convert(next(table.rows()), replace(REVIEWS, columns=suggest(table.headers, table.sample).columns))
    assert isinstance(got, ImportItem)
    assert (got.phone, got.key) == ("+79161234567", item().key)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(ROW)), st.text(max_size=40)))
def test_any_cells_become_an_item_or_an_error(cells: dict[str, str]) -> None:
    result = convert(SourceRow(2, cells), REVIEWS)
    assert isinstance(result, (ImportItem, RowError))
