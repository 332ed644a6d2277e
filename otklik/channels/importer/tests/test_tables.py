"""Files as people save them: encodings, delimiters, titles above the header, broken rows, workbooks."""

from __future__ import annotations

import csv
import json
import tracemalloc
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otklik.channels.importer.engine.problems import TableError
from otklik.channels.importer.engine.table import Table, open_table

MOMENT = datetime.fromisoformat("2026-11-22 14:05")  # without a zone, as Excel has it
HEAD = "Дата;Автор;Текст;Оценка"
ROWS = (
    "22.11.2026;Анна;Не привезли заказ, жду третий день;1\n23.11.2026;Иван;Всё хорошо, спасибо оператору;5\n"
)


def saved(tmp_path: Path, content: str | bytes, name: str = "t.csv", encoding: str = "utf-8") -> Table:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return open_table(path)


def column(table: Table, name: str) -> list[str]:
    return [row.values.get(name, "") for row in table.rows()]


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("utf-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("cp1251", "cp1251"),
        ("koi8-r", "koi8-r"),
        ("cp866", "cp866"),
        ("utf-16", "utf-16"),
        ("utf-16-le", "utf-16-le"),
        ("utf-16-be", "utf-16-be"),
    ],
)
def test_a_russian_table_is_read_in_every_encoding_of_the_house(
    tmp_path, encoding: str, expected: str
) -> None:
    table = saved(tmp_path, f"{HEAD}\n{ROWS}", encoding=encoding)
    assert table.encoding == expected
    assert table.headers == ("Дата", "Автор", "Текст", "Оценка")
    assert column(table, "Автор") == ["Анна", "Иван"]


def test_cyrillic_that_first_stands_far_down_is_still_found(tmp_path) -> None:
    text = "id;text\n" + "1;plain words here\n" * 200_000 + "2;Не привезли заказ, оператор не отвечает\n"
    table = saved(tmp_path, text, encoding="cp1251")
    assert table.encoding == "cp1251"
    assert column(table, "text")[-1] == "Не привезли заказ, оператор не отвечает"


def test_one_damaged_byte_does_not_turn_utf_8_into_cp1251(tmp_path) -> None:
    table = saved(tmp_path, (HEAD + "\n" + ROWS).encode() + b"24.11.2026;\xff;\xd0\xb4\xd0\xb0;3\n")
    assert table.encoding == "utf-8"
    assert column(table, "Текст")[-1] == "да"


@pytest.mark.parametrize(("delimiter", "kind"), [(";", "csv"), (",", "csv"), ("\t", "tsv"), ("|", "csv")])
def test_the_delimiter_is_found(tmp_path, delimiter: str, kind: str) -> None:
    rows = [["date", "author", "text"], ["2026-11-22", "Ann", "it is, well, late; very late"]] * 1
    path = tmp_path / "t.txt"
    with path.open("w", encoding="utf-8", newline="") as handle:
        csv.writer(handle, delimiter=delimiter).writerows(rows)
    table = open_table(path)
    assert (table.delimiter, table.kind) == (delimiter, kind)
    assert column(table, "text") == ["it is, well, late; very late"]


def test_commas_in_prose_do_not_beat_semicolons(tmp_path) -> None:
    rows = "".join(f"{n};да, нет, может быть, потом, никогда, {'и, ' * (n % 3)}всё\n" for n in range(30))
    assert saved(tmp_path, f"id;Текст\n{rows}").delimiter == ";"


def test_the_hint_of_excel_is_obeyed_and_counted_as_a_row(tmp_path) -> None:
    table = saved(tmp_path, f"sep=;\r\n{HEAD}\r\n{ROWS}")
    assert (table.delimiter, table.header_row) == (";", 2)
    assert [row.number for row in table.rows()] == [3, 4]


def test_newlines_and_delimiters_inside_quotes_belong_to_the_cell(tmp_path) -> None:
    table = saved(tmp_path, 'id;Текст\n1;"строка; раз\nстрока ""два"""\n2;конец\n')
    assert column(table, "Текст") == ['строка; раз\nстрока "два"', "конец"]
    assert [row.number for row in table.rows()] == [2, 3]  # as Excel counts


def test_title_rows_above_the_header_are_skipped(tmp_path) -> None:
    title = "Отчёт по теме «Ромашка»;;;\nПериод: 01.11.2026 - 22.11.2026;;;\n;;;\n"
    table = saved(tmp_path, f"{title}{HEAD}\n{ROWS}")
    assert table.header_row == 4
    assert [row.number for row in table.rows()] == [5, 6]


def test_a_table_without_a_header_gets_numbered_columns(tmp_path) -> None:
    table = saved(tmp_path, "22.11.2026;https://a.example/1;5\n23.11.2026;https://a.example/2;4\n")
    assert table.headers == ("column 1", "column 2", "column 3")
    assert len(column(table, "column 1")) == 2


def test_empty_and_repeated_headers_get_names_of_their_own(tmp_path) -> None:
    table = saved(tmp_path, "Текст;;Автор;Автор\nпривет;x;Анна;Иван\n")
    assert table.headers == ("Текст", "column 2", "Автор", "Автор (2)")
    assert next(table.rows()).values["Автор (2)"] == "Иван"


def test_a_short_row_is_filled_and_an_empty_one_left_out(tmp_path) -> None:
    table = saved(tmp_path, "a;b;Текст\n1\n\n;;\n2;3;x\n")
    assert [(row.number, row.values) for row in table.rows()][0] == (2, {"a": "1", "b": "", "Текст": ""})
    assert [row.number for row in table.rows()][-1] == 5


def test_a_row_with_too_many_cells_is_an_error_of_its_own(tmp_path) -> None:
    rows = list(saved(tmp_path, "Автор;Текст\nАнна;да; нет\nИван;да\n").rows())
    assert rows[0].error is not None
    assert rows[0].error.code == "too_many_cells"
    assert rows[1].error is None


def test_trailing_empty_cells_are_no_error(tmp_path) -> None:
    assert all(row.error is None for row in saved(tmp_path, "Автор;Текст\nАнна;да;;;\n").rows())


def test_an_unclosed_quote_costs_one_row(tmp_path) -> None:
    rows = list(saved(tmp_path, 'Автор;Текст\nАнна;да\nИван;"нет\nОльга;да\nПётр;да\n').rows())
    assert [(row.number, row.error.code if row.error else "") for row in rows] == [
        (2, ""),
        (3, "unclosed_quote"),
        (4, ""),
        (5, ""),
    ]


def test_two_stray_quotes_do_not_swallow_the_rows_between_them(tmp_path) -> None:
    rows = list(saved(tmp_path, 'Автор;Текст\nАнна;"да\nИван;нет\nОльга;"да\nПётр;да\n').rows())
    assert [row.values["Автор"] for row in rows] == ["Анна", "Иван", "Ольга", "Пётр"]
    assert [row.error is not None for row in rows] == [True, False, True, False]


def test_bare_quotes_inside_a_quoted_cell_are_read_as_excel_reads_them(tmp_path) -> None:
    rows = list(saved(tmp_path, 'Автор;Текст\nАнна;"Кафе "Ромашка" рядом"\nИван;нет\n').rows())
    assert [row.error for row in rows] == [None, None]
    assert "Ромашка" in rows[0].values["Текст"]


def test_a_row_is_found_again_by_its_number(tmp_path) -> None:
    table = saved(tmp_path, f"{HEAD}\n" + ROWS * 50)
    assert [row.number for row in table.read_from(99)] == [99, 100, 101]


def test_nul_bytes_are_dropped(tmp_path) -> None:
    assert column(saved(tmp_path, "Автор;Текст\nАн\0на;да\n"), "Автор") == ["Анна"]


def test_old_mac_line_ends_are_line_ends(tmp_path) -> None:
    assert column(saved(tmp_path, "Автор;Текст\rАнна;да\rИван;нет\r"), "Автор") == ["Анна", "Иван"]


def test_json_lines_with_bad_lines_lose_only_those(tmp_path) -> None:
    table = saved(tmp_path, '{"id": 1, "text": "да"}\nмусор\n[1]\n\n{"id": 2, "text": "нет"}\n', "t.jsonl")
    rows = list(table.rows())
    assert table.kind == "jsonl"
    assert [(row.number, row.error.code if row.error else "") for row in rows] == [
        (1, ""),
        (2, "not_json"),
        (3, "not_object"),
        (5, ""),
    ]


def test_nested_json_becomes_dotted_columns(tmp_path) -> None:
    record = {"id": 204518.0, "author": {"name": "Анна"}, "tags": ["a", "b"], "seen": None, "ok": True}
    table = saved(tmp_path, json.dumps(record) + "\n", "t.jsonl")
    assert next(table.rows()).values == {
        "id": "204518",
        "author.name": "Анна",
        "tags": "a, b",
        "seen": "",
        "ok": "true",
    }


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array_is_streamed_by_element(tmp_path, indent: int | None) -> None:
    items = [{"id": n, "text": "слово " * 50} for n in range(1000)]
    table = saved(tmp_path, json.dumps(items, ensure_ascii=False, indent=indent), "t.json")
    assert table.kind == "json"
    assert column(table, "id") == [str(n) for n in range(1000)]
    assert [row.number for row in table.rows(start=999)] == [999, 1000]


def test_a_list_wrapped_in_an_object_is_found(tmp_path) -> None:
    table = saved(
        tmp_path, '{"mentions": [{"id": 1, "text": "да"}, {"id": 2, "text": "нет"}], "total": 2}', "t.json"
    )
    assert column(table, "text") == ["да", "нет"]


def test_a_broken_element_of_an_array_costs_only_itself(tmp_path) -> None:
    rows = list(saved(tmp_path, '[{"id": 1}, {"id": oops}, {"id": 3}]', "t.json").rows())
    assert [row.error.code if row.error else row.values["id"] for row in rows] == ["1", "not_json", "3"]


def test_lone_surrogates_and_control_characters_cannot_reach_the_database(tmp_path) -> None:
    values = next(saved(tmp_path, '{"text": "a\\ud800\\u0000b"}\n', "t.jsonl").rows()).values
    assert values["text"] == "a\ufffd\ufffdb"


def workbook(tmp_path: Path, rows: list[list[object]], *, cover: bool = False) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    if cover:
        sheet.append(["Отчёт"])
        sheet = book.create_sheet("Упоминания")
    for row in rows:
        sheet.append(row)
    path = tmp_path / "t.xlsx"
    book.save(path)
    return path


def test_numbers_of_a_workbook_stay_as_people_see_them(tmp_path) -> None:
    path = workbook(
        tmp_path,
        [
            ["Текст", "Номер заказа", "Телефон", "Дата", "День", "Оценка", "Проверено"],
            ["да", 204518, 79161234567, MOMENT, MOMENT.replace(hour=0, minute=0), 4.5, True],
        ],
    )
    table = open_table(path)
    assert table.kind == "xlsx"
    assert next(table.rows()).values == {
        "Текст": "да",
        "Номер заказа": "204518",
        "Телефон": "79161234567",
        "Дата": "2026-11-22 14:05:00",
        "День": "2026-11-22",
        "Оценка": "4.5",
        "Проверено": "true",
    }


def test_the_largest_sheet_is_read_and_its_titles_skipped(tmp_path) -> None:
    rows: list[list[object]] = [[], ["", "Тема: Ромашка"], [], ["", "Дата", "Текст", "Автор"]]
    rows += [["", MOMENT.replace(day=n), f"Текст номер {n}", "Анна"] for n in range(1, 4)]
    table = open_table(workbook(tmp_path, rows, cover=True))
    assert (table.sheet, table.header_row) == ("Упоминания", 4)
    assert [row.number for row in table.rows()] == [5, 6, 7]
    assert column(table, "Текст")[0] == "Текст номер 1"


def test_a_link_formula_gives_its_address(tmp_path) -> None:
    path = workbook(
        tmp_path,
        [
            ["Дата", "Текст", "Url"],
            ["22.11.2026", "да", '=HYPERLINK("https://a.example/1")'],
            ["22.11.2026", "нет", '=HYPERLINK("https://a.example/2","ссылка")'],
        ],
    )
    assert column(open_table(path), "Url") == ["https://a.example/1", "https://a.example/2"]


def test_a_workbook_under_a_temporary_name_is_still_a_workbook(tmp_path) -> None:
    path = workbook(tmp_path, [["Текст", "Url"], ["да", '=HYPERLINK("https://a.example/1")']])
    renamed = path.rename(tmp_path / "tmp1a2b.upload")
    table = open_table(renamed)
    assert (table.kind, column(table, "Url")) == ("xlsx", ["https://a.example/1"])


def test_a_missing_sheet_is_answered_with_the_list(tmp_path) -> None:
    path = workbook(tmp_path, [["Текст"], ["да"]])
    with pytest.raises(TableError, match="Sheet"):
        open_table(path, sheet="Нет такого")


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("e.csv", b"", "empty_file"),
        ("e.csv", b"\xef\xbb\xbf\r\n\r\n", "empty_file"),
        ("b.xlsx", b"PK\x03\x04 not a zip", "bad_workbook"),
        ("b.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 no", "bad_workbook"),
    ],
)
def test_a_file_that_is_no_table_gets_a_sentence(tmp_path, name: str, content: bytes, code: str) -> None:
    with pytest.raises(TableError) as caught:
        saved(tmp_path, content, name)
    assert caught.value.code == code
    assert name in caught.value.sentence("ru")


def test_a_missing_file_gets_a_sentence(tmp_path) -> None:
    with pytest.raises(TableError) as caught:
        open_table(tmp_path / "нет.csv")
    assert caught.value.code == "no_file"


def test_a_hundred_thousand_rows_take_no_more_memory_than_a_few(tmp_path) -> None:
    path = tmp_path / "big.csv"
    with path.open("w", encoding="cp1251", newline="") as handle:
        handle.write(HEAD + "\r\n")
        for number in range(100_000):
            handle.write(f'22.11.2026;Автор {number};"Не привезли заказ;\nжду";{number % 5 + 1}\r\n')
    table = open_table(path)
    tracemalloc.start()
    count = sum(1 for _ in table.rows())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 100_000
    assert peak < 3 << 20
    assert abs(table.total_estimate - count) < count / 10


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_a_sentence(tmp_path_factory, raw: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.bin"
    path.write_bytes(raw)
    try:
        table = open_table(path)
    except TableError as error:
        assert error.ru
        return
    for row in table.rows():
        json.dumps(row.values).encode()


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet='ab1;,"\n\r\t{}[]:\\ ж', max_size=120))
def test_any_mixture_of_delimiters_and_quotes_is_read_to_its_end(tmp_path_factory, text: str) -> None:
    path = tmp_path_factory.getbasetemp() / "any.txt"
    path.write_text(text, encoding="utf-8", newline="")
    try:
        assert all(row.number > 0 for row in open_table(path).rows())
    except TableError as error:
        assert error.code in ("empty_file", "no_rows", "not_json")
