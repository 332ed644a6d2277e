"""`otklik import` as a person calls it."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from otklik.channels.models import ChannelAccount, RawEvent
from otklik.inbox.models import Message
from otklik.kernel import textindex
from otklik.web.cli import main

SHARED = Path(os.environ.get("OTKLIK_SHARED") or Path(__file__).resolve().parents[4] / "shared")
NOTHING = {"rows": 0, "created": 0, "updated": 0, "unchanged": 0, "errors": 0, "error_file": None}
needs_shared = pytest.mark.needs("shared")


@pytest.fixture(autouse=True)
def _own_var(settings, tmp_path) -> None:
    settings.VAR_DIR = tmp_path


def call(capsys, *words: str) -> tuple[int, dict, str]:
    code = main(["import", *words])
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) <= 1, "one line on stdout and nothing else"
    return code, json.loads(lines[0]) if lines else {}, err


def table(tmp_path: Path, text: str, name: str = "r.csv") -> str:
    path = tmp_path / name
    path.write_bytes(text.encode("cp1251"))
    return str(path)


def test_the_answer_counts_and_a_second_call_changes_nothing(company, capsys, tmp_path) -> None:
    file = table(tmp_path, "Текст;Дата\nНе привезли заказ;01.11.2026\nХорошо;02.11.2026\n")
    code, answer, _ = call(capsys, file, "--channel", "Отзывы")
    assert code == 0
    assert answer == {"rows": 2, "created": 2, "updated": 0, "unchanged": 0, "errors": 0, "error_file": None}
    assert textindex.search(company.pk, "message", "заказы")
    _, again, _ = call(capsys, file, "--channel", "Отзывы")
    assert (again["created"], again["unchanged"]) == (0, 2)
    assert ChannelAccount.objects.get().name == "Отзывы"


def test_a_dry_run_writes_nothing(company, capsys, tmp_path) -> None:
    file = table(tmp_path, "Текст;Дата\nНе привезли заказ;01.11.2026\nПлохо;вчера\n")
    code, answer, _ = call(capsys, file, "--channel", "Отзывы", "--dry-run")
    assert code == 0
    assert answer == {"rows": 2, "created": 1, "updated": 0, "unchanged": 0, "errors": 1, "error_file": None}
    assert not ChannelAccount.objects.exists()
    assert not list(tmp_path.glob("media/**/*"))


def test_row_errors_are_in_a_file_and_nothing_read_is_exit_1(company, capsys, tmp_path) -> None:
    file = table(tmp_path, "Текст;Дата\nПлохо;вчера\n")
    code, answer, err = call(capsys, file, "--channel", "Отзывы")
    assert code == 1
    assert answer["errors"] == 1
    assert "Не вошло строк: 1." in err
    assert "Строка 2, столбец «Дата»" in err
    assert "вчера" in Path(answer["error_file"]).read_text(encoding="utf-8-sig")


def test_a_mapping_file_says_what_the_columns_are(company, capsys, tmp_path) -> None:
    file = table(tmp_path, "a;b;c\nпервое длинное слово;x;9\n")
    mapping = tmp_path / "m.json"
    mapping.write_text('{"columns": {"text": "a", "author_name": "b"}, "constants": {"kind": "review"}}')
    code, answer, _ = call(capsys, file, "--channel", "Отзывы", "--mapping", str(mapping))
    assert (code, answer["created"]) == (0, 1)
    assert Message.objects.get().author_name == "x"
    mapping.write_text('{"columns": {"text": "zzz"}}')
    code, _, err = call(capsys, file, "--channel", "Отзывы", "--mapping", str(mapping))
    assert code == 2
    assert "zzz" in err


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "не открывается"),
        (b"", "нет ни одной строки"),
        (b"text;date\n", "нет ни одной строки"),
        (b"\x1f\x8b\x08junk", "не распаковывается"),
        (bytes(range(256)) * 8, "не таблица и не текст"),
    ],
)
def test_a_bad_file_is_a_sentence_and_exit_1(
    company, capsys, tmp_path, content: bytes | None, words: str
) -> None:
    path = tmp_path / "no.csv"
    if content is not None:
        path.write_bytes(content)
    code, answer, err = call(capsys, str(path), "--channel", "Отзывы")
    assert (code, answer) == (1, NOTHING)
    assert words in err
    assert "Traceback" not in err


def test_a_table_without_text_is_exit_1(company, capsys, tmp_path) -> None:
    code, _, err = call(capsys, table(tmp_path, "a;b\n1;2\n"), "--channel", "Отзывы")
    assert code == 1
    assert "столбца с текстом" in err


def test_a_channel_that_is_no_import_is_not_written_into(company, demo_channel, capsys, tmp_path) -> None:
    code, _, err = call(capsys, table(tmp_path, "text\nпривет\n"), "--channel", demo_channel.name)
    assert code == 1
    assert demo_channel.name in err
    assert not RawEvent.objects.exists()


def test_a_plain_text_is_one_item_found_in_any_word_form(company, capsys, tmp_path) -> None:
    path = tmp_path / "article.txt.gz"
    path.write_bytes(
        gzip.compress("Меню\nГлавная, вход\n\nКлиенты, жалуясь, пишут в социальные сети.".encode())
    )
    _, answer, _ = call(capsys, str(path), "--channel", "Статьи")
    assert answer["created"] == 1
    assert textindex.search(company.pk, "message", "жаловаться клиента")
    _, again, _ = call(capsys, str(path), "--channel", "Статьи")
    assert again["unchanged"] == 1


def test_a_delimiter_of_ones_own_is_named(company, capsys, tmp_path) -> None:
    file = table(tmp_path, "id^Текст\n7^Не привезли заказ\n")
    code, answer, _ = call(capsys, file, "--channel", "Отзывы", "--delimiter", "^")
    assert (code, answer["created"]) == (0, 1)
    assert Message.objects.get().text == "Не привезли заказ"


def test_a_wrong_call_is_exit_2(capsys) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["import"])
    assert ended.value.code == 2


@needs_shared
def test_five_articles_and_five_thousand_texts_are_found_in_any_word_form(company, capsys) -> None:
    for article in sorted((SHARED / "sources").glob("*.txt")):
        code, answer, _ = call(capsys, str(article), "--channel", "Статьи")
        assert (code, answer["created"]) == (0, 1), article
    listening = SHARED / "data" / "listening"
    code, answer, _ = call(capsys, str(listening / "opensentiment_train.csv.gz"), "--channel", "Слушание")
    assert code == 0
    total = answer["created"]
    _, more, _ = call(capsys, str(listening / "cedr_emotions_dev.csv.gz"), "--channel", "Слушание")
    total += more["created"]
    assert total >= 5000
    assert Message.objects.count() == total + 5
    assert not RawEvent.objects.exclude(state="parsed").exists()
    for query in ("айсберги жалоб", "смертному греху", "недовольному клиенту", "репутацией", "соцсетями"):
        found = textindex.search(company.pk, "message", query)
        assert found, query
    for text in Message.objects.filter(account__name="Слушание").order_by("pk")[:5000:250]:
        words = [word for word in text.text.split() if word.isalpha() and len(word) > 6]
        if words:
            found = textindex.search(company.pk, "message", words[0]) or []
            assert text.conversation_id in found, words[0]
