"""What `make setup` and `make run` say about a machine that lacks something."""

from __future__ import annotations

import errno
import os
import socket
from pathlib import Path

import pytest

from scripts import base, debian, run, setup
from scripts.base import Trouble


@pytest.fixture(autouse=True)
def _english(monkeypatch):
    monkeypatch.setenv("OTKLIK_LANG", "en")


def test_an_old_python_is_named_with_the_package_to_install():
    sentence = setup.missing_python((3, 9))
    assert sentence and "3.11" in sentence and "3.9" in sentence and "python3-venv" in sentence


@pytest.mark.parametrize("version", [(3, 11), (3, 13), (4, 0)])
def test_a_new_enough_python_is_accepted(version):
    assert setup.missing_python(version) is None


@pytest.mark.parametrize(
    ("printed", "accepted"), [("v18.0.0", True), ("v20.20.2\n", True), ("v16.3.0", False), ("", False)]
)
def test_node_is_accepted_from_version_18(printed, accepted):
    assert (setup.missing_node(printed) is None) is accepted


def test_missing_node_is_named_with_its_package():
    assert "apt install nodejs npm" in str(setup.missing_node(None))


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("NewConnectionError: Max retries exceeded with url: /simple", "does not answer"),
        ("npm error code EAI_AGAIN", "does not answer"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "hash"),
        ("something\n  odd happened\n", "odd happened"),
    ],
)
def test_output_of_a_failed_tool_becomes_one_sentence(output, words, tmp_path, monkeypatch):
    monkeypatch.setattr(base, "BUILD", tmp_path)
    monkeypatch.setattr(base, "ROOT", tmp_path)
    sentence = base.explain("pip", output)
    assert words in sentence
    assert "\n" not in sentence


def test_a_full_disk_is_a_sentence_and_not_a_traceback(capsys):
    def full() -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "x")

    assert base.guarded(full) == 1
    assert "disk is full" in capsys.readouterr().err


def test_trouble_is_told_in_russian_to_a_russian_terminal(monkeypatch):
    monkeypatch.setenv("OTKLIK_LANG", "ru")
    assert "Нужен Python" in str(setup.missing_python((3, 8)))


def test_another_port_is_taken_when_8000_is_busy(monkeypatch):
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        monkeypatch.setattr(run, "DEFAULT_PORT", port)
        chosen = run.choose_port("127.0.0.1", None)
        assert port < chosen < port + 100


def test_a_busy_port_that_was_asked_for_is_an_error_with_a_way_out():
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        with pytest.raises(Trouble, match="taken"):
            run.choose_port("127.0.0.1", str(busy.getsockname()[1]))


@pytest.mark.parametrize("asked", ["abc", "0", "70000", "-1"])
def test_a_port_that_is_no_port_is_refused(asked):
    with pytest.raises(Trouble, match="not a port"):
        run.choose_port("127.0.0.1", asked)


def test_the_folder_of_data_is_for_its_owner_alone(tmp_path):
    run.private_folder(tmp_path / "var")
    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700


def test_the_environment_of_the_demo_does_not_reach_the_real_database(monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://real/db")
    env = run.environment("127.0.0.1", demo=True)
    assert "DATABASE_URL" not in env
    assert Path(env["VAR_DIR"]).parts[-2:] == ("var", "demo")


def test_without_root_a_missing_package_is_a_reason_and_nothing_is_installed(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    part = debian.Part("ghost", ("ghost-package",), ("/nowhere/ghost",))
    assert "apt install ghost-package" in debian.install_missing((part,))["ghost"]


def test_a_policy_that_was_there_before_an_installation_stays(tmp_path, monkeypatch):
    policy = tmp_path / "policy-rc.d"
    monkeypatch.setattr(debian, "POLICY", policy)
    with debian.no_services_start():
        assert "101" in policy.read_text()
    assert not policy.exists()
    policy.write_text("theirs")
    with debian.no_services_start():
        assert policy.read_text() == "theirs"
    assert policy.read_text() == "theirs"
