"""Files that are not what their name says, packed, glued together or damaged: one sentence, or every row."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from otklik.channels.importer.engine.mapping import suggest
from otklik.channels.importer.engine.problems import RowError, TableError
from otklik.channels.importer.engine.rows import Converter
from otklik.channels.importer.engine.table import open_table
from otklik.channels.importer.tests.test_tables import column, saved

TABLE = "id;Дата;Текст отзыва\n1;22.11.2026;Привезли холодильник с вмятиной\n2;21.11.2026;Мастер приехал\n"
LATE = "3;20.11.2026;Совсем плохо отвечают на письма, ёлки\n"


def packed(**files: Any) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


def workbook(*rows: list[object]) -> bytes:
    book, target = openpyxl.Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)  # type: ignore[union-attr]  # a new workbook has a sheet
    book.save(target)
    return target.getvalue()


OK = workbook(["id", "Текст"], [1, "Привет"])


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("h.csv", "id;Дата;Текст\n", "no_rows"),
        ("h.xlsx", workbook(["id", "Текст"]), "no_rows"),
        ("h.json", "[]", "no_rows"),
        ("b.csv", bytes(range(256)) * 40, "no_table"),
        ("p.csv", b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "no_table"),
        ("p.csv", b"%PDF-1.4\n1 0 obj << /Type /Catalog >>", "no_table"),
        ("w.csv", "<!doctype html><html><body><table><tr><td>a</td></tr></table></body></html>", "markup"),
        ("w.xls", "\ufeff\n<table><tr><th>Текст</th></tr></table>", "markup"),
        ("f.csv", '<?xml version="1.0"?><rss version="2.0"></rss>', "markup"),
        ("j.json", '{"text": "a", ', "not_json"),
        ("t.xlsx", OK[: len(OK) // 2], "bad_workbook"),
        ("t.xlsx", OK[:-30], "bad_workbook"),
        ("d.docx", packed(**{"[Content_Types].xml": "<x/>", "word/document.xml": "<x/>"}), "bad_workbook"),
        ("z.zip", packed(), "no_table"),
        ("z.zip", packed(a=TABLE, b=TABLE), "several_files"),
        ("g.csv.gz", gzip.compress(TABLE.encode())[:-9], "bad_archive"),
    ],
)
def test_what_is_no_table_gets_one_sentence(tmp_path, name: str, content: str | bytes, code: str) -> None:
    with pytest.raises(TableError) as caught:
        saved(tmp_path, content, name)
    assert caught.value.code == code
    assert caught.value.ru.endswith(".")


def test_a_zip_of_one_table_is_read_as_the_table(tmp_path) -> None:
    table = saved(tmp_path, packed(**{"__MACOSX/._r.csv": "x", "r.csv": TABLE.encode("cp1251")}), "r.zip")
    assert (table.kind, table.encoding) == ("csv", "cp1251")
    assert column(table, "id") == ["1", "2"]


def test_a_zip_of_one_text_is_one_item(tmp_path) -> None:
    table = saved(tmp_path, packed(**{"статья.txt": "Письмо, в котором две запятые, и всё\n"}), "a.zip")
    assert table.kind == "text"


def test_a_workbook_that_unpacks_to_gigabytes_is_refused_before_it_is_read(tmp_path) -> None:
    path = tmp_path / "bomb.xlsx"
    with (
        zipfile.ZipFile(io.BytesIO(OK)) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for info in source.infolist():
            target.writestr(info.filename, source.read(info))
    _claim(path, (2 << 30) - 1)
    with pytest.raises(TableError) as caught:
        open_table(path)
    assert caught.value.code == "too_large"


def _claim(path: Path, size: int) -> None:
    """Write another unpacked size of the sheet into the directory of the archive."""
    data = bytearray(path.read_bytes())
    entry = data.rindex(b"PK\x01\x02", 0, data.rindex(b"xl/worksheets/sheet1.xml"))
    data[entry + 24 : entry + 28] = size.to_bytes(4, "little")
    path.write_bytes(data)


@pytest.mark.parametrize("first", ["utf-8", "cp1251"])
def test_files_of_two_encodings_glued_together_are_read_line_by_line(tmp_path, first: str) -> None:
    second = "cp1251" if first == "utf-8" else "utf-8"
    table = saved(tmp_path, TABLE.encode(first) + LATE.encode(second) + LATE.encode(first))
    assert table.headers == ("id", "Дата", "Текст отзыва")
    assert column(table, "Текст отзыва") == [
        "Привезли холодильник с вмятиной",
        "Мастер приехал",
        *["Совсем плохо отвечают на письма, ёлки"] * 2,
    ]


def test_a_letter_cut_in_half_costs_one_letter(tmp_path) -> None:
    table = saved(tmp_path, (TABLE + "4;20.11.2026;Прив").encode() + b"\xd0\n" + "5;20.11.2026;Да\n".encode())
    assert column(table, "Текст отзыва")[2:] == ["Прив\ufffd", "Да"]


def test_a_formula_without_a_value_is_said_as_such(tmp_path) -> None:
    table = saved(tmp_path, workbook(["id", "Текст"], [1, '=CONCATENATE("а";"б")'], [2, "Обычный"]), "f.xlsx")
    converter = Converter(suggest(table.headers, table.sample))
    first, second = (converter.convert(row) for row in table.rows())
    assert isinstance(first, RowError)
    assert (first.code, first.row) == ("no_value", 2)
    assert not isinstance(second, RowError)


def test_the_answer_of_an_api_gives_its_list(tmp_path) -> None:
    answer = {"total": 2, "page": {"n": 1}, "items": [{"text": "Привет"}, {"text": "Пока"}]}
    assert column(saved(tmp_path, json.dumps(answer), "a.json"), "text") == ["Привет", "Пока"]


def test_a_record_that_holds_a_list_stays_a_record(tmp_path) -> None:
    record = {"id": 1, "text": "Привет", "files": [{"name": "a.jpg"}]}
    lines = json.dumps(record) + "\n" + json.dumps({**record, "id": 2}) + "\n"
    assert column(saved(tmp_path, lines, "a.jsonl"), "text") == ["Привет", "Привет"]
    assert column(saved(tmp_path, json.dumps(record), "a.jsonl"), "text") == ["Привет"]
    ticket = {"id": 1, "tags": [{"a": 1}], "subject": "Обмен"}
    assert column(saved(tmp_path, json.dumps(ticket), "a.jsonl"), "subject") == ["Обмен"]


def test_a_folder_is_called_a_folder(tmp_path) -> None:
    with pytest.raises(TableError, match="folder"):
        open_table(tmp_path)
