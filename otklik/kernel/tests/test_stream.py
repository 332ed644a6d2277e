"""The protocol of the stream commands, tried through the real console command in a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

COMMAND = [
    sys.executable,
    "-c",
    "import sys; from otklik.web.cli import main; sys.exit(main())",
    "mail",
    "reply",
]


def run(text: bytes, *words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *words], input=text, capture_output=True, check=False)


def answers(text: bytes, *words: str) -> list[dict[str, Any]]:
    done = run(text, *words)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line, parse_constant=pytest.fail) for line in done.stdout.splitlines()]


def test_empty_lines_a_byte_order_mark_and_windows_line_ends_are_no_matter() -> None:
    text = b'\xef\xbb\xbf{"id":1,"text":"a"}\r\n\r\n  \n{"id":2,"text":"b"}'
    assert [answer["id"] for answer in answers(text)] == [1, 2]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b'{"id":NaN,"text":"a"}', "not_json"),
        (b'{"id":-Infinity,"text":"a"}', "not_json"),
        (b'{"id":1e999,"text":"a"}', "not_json"),
        (b'{"id":1,"text":"a"', "not_json"),
        (b"[" * 100_000, "not_json"),
        (b'{"id":' + b"7" * 5000 + b',"text":"a"}', "number_too_long"),
        (b'{"id":1,"text":"\xff"}', "not_utf8"),
        (b'["id"]', "not_object"),
        (b"null", "not_object"),
    ],
)
def test_an_unreadable_line_has_no_id_and_the_next_is_answered(line: bytes, code: str) -> None:
    first, second = answers(line + b'\n{"id":2,"text":"b"}\n')
    assert (first["id"], first["error"]["code"], list(first)) == (None, code, ["id", "error"])
    assert second["reply"] == "b"


@pytest.mark.parametrize(
    "value", [None, True, 0, -1.5, 10**30, "", "я", [1, {"a": None}], {"b": []}, "\ud800"]
)
def test_any_id_comes_back_as_it_was(value: object) -> None:
    line = json.dumps({"id": value, "text": "a"}).encode()
    assert answers(line) == [{"id": value, "reply": "a", "quoted": "", "signature": ""}]


def test_a_line_without_text_names_the_field_in_the_asked_language() -> None:
    (answer,) = answers(b'{"id":[7],"body":"a"}', "--lang", "en")
    assert answer == {
        "id": [7],
        "error": {"code": "no_text", "message": 'There is no string "text": add this field to the object.'},
    }


def test_a_reader_that_leaves_early_is_no_fault() -> None:
    lines = b'{"id":1,"text":"a"}\n' * 200_000
    with subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdin and child.stdout and child.stderr
        child.stdout.close()
        try:
            child.stdin.write(lines)
            child.stdin.close()
        except BrokenPipeError:
            child.stdin = None
        assert (child.stderr.read(), child.wait()) == (b"", 0)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_is_told_in_a_sentence() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            COMMAND, input=b'{"id":1,"text":"a"}', stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 1
    assert "Не записать" in done.stderr.decode() and "Traceback" not in done.stderr.decode()


def test_every_thousand_answers_leave_the_command_even_between_empty_lines() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin and child.stdout
        child.stdin.write(b'{"id":1,"text":"a"}\n\n' * 1000)
        child.stdin.flush()
        got = [child.stdout.readline() for _ in range(1000)]
        child.stdin.close()
    assert len(got) == 1000 and all(line.endswith(b"\n") for line in got)


def test_no_file_to_read_is_a_wrong_call(tmp_path: Path) -> None:
    done = run(b"", "--in", str(tmp_path / "none"))
    assert (done.returncode, done.stdout) == (2, b"")
    assert "не читается" in done.stderr.decode()
