"""The two commands as a person calls them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from otklik.channels.mail.tests.engine.builders import mail
from otklik.web.cli import main

FIELDS = ["file", "from", "to", "cc", "reply_to", "subject", "date", "message_id", "in_reply_to",
"references", "text",
          "quoted", "html", "attachments", "auto", "bounce_of", "problems"]  # fmt: skip


def lines(capsysbinary: pytest.CaptureFixture[bytes]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsysbinary.readouterr().out.decode("utf-8").splitlines()]


def test_parse_answers_every_file_in_order(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    good, missing = tmp_path / "a.eml", tmp_path / "нет.eml"
    good.write_bytes(mail("Где заказ?"))
    assert main(["mail", "parse", str(good), str(missing), str(tmp_path)]) == 0
    first, second, third = lines(capsysbinary)
    assert list(first) == FIELDS
    assert first["text"] == "Где заказ?"
    assert second["error"] == {"code": "not_found", "message": f"Файла «{missing}» нет: проверьте путь."}
    assert isinstance(third["error"], dict) and third["error"]["code"] == "is_directory"


def test_problems_are_told_in_the_asked_language(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    (tmp_path / "a.eml").write_bytes(mail("x", Message_ID=""))
    main(["mail", "parse", "--lang", "en", str(tmp_path / "a.eml")])
    (record,) = lines(capsysbinary)
    assert record["problems"] == [
        {"code": "no_message_id", "message": "There is no Message-ID: the mail is known by its content."}
    ]


def test_reply_echoes_the_id_and_goes_on_after_a_bad_line(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id":[1],"text":"Да\\r\\n> вопрос"}\n{"id":2}\n', encoding="utf-8")
    assert main(["mail", "reply", "--in", str(source)]) == 0
    first, second = lines(capsysbinary)
    assert first == {"id": [1], "reply": "Да", "quoted": "> вопрос", "signature": ""}
    assert isinstance(second["error"], dict) and second["error"]["code"] == "no_text"


def test_reply_names_a_missing_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mail", "reply", "--in", str(tmp_path / "нет")]) == 2
    assert "не читается" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["parse", "reply"])
def test_help_shows_fields_and_an_example(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["mail", command, "--help"])
    shown = capsys.readouterr().out
    assert "example:" in shown and "quoted" in shown
