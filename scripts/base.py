"""What every script shares: where things are, lines of progress, and trouble told in one sentence.

Standard library only, and readable by old Pythons: it must be able to say that Python is too old.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
BUILD = ROOT / "build"
MINIMUM_PYTHON = (3, 11)
MINIMUM_NODE = 18
NEARLY_FULL = 30 * 1024 * 1024  # bytes free below which a failed step is put down to the disk

_DISK_WORDS = ("No space left on device", "ENOSPC", "Disk quota exceeded")
_NETWORK_WORDS = (
    "Max retries exceeded",
    "NewConnectionError",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Connection refused",
    "Read timed out",
    "ENOTFOUND",
    "EAI_AGAIN",
    "ECONNREFUSED",
    "ETIMEDOUT",
    "ENETUNREACH",
    "No matching distribution found",
    "Could not resolve",
    "Temporary failure resolving",
)


class Trouble(Exception):
    """Something foreseeable went wrong: one sentence that says what and what to do. Never a traceback."""


def russian() -> bool:
    """True when the terminal's locale is Russian (OTKLIK_LANG=ru|en decides before it)."""
    chosen = os.environ.get("OTKLIK_LANG") or os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES")
    return (chosen or os.environ.get("LANG") or "").startswith("ru")


def tell(en: str, ru: str) -> str:
    return ru if russian() else en


def venv_python() -> str:
    return str(VENV / "bin" / "python")


def say(line: str) -> None:
    print(line, flush=True)


@contextmanager
def step(title: str) -> Any:
    """Print `title …` at once and the seconds it took when it is done."""
    print(f"· {title} …", end="", flush=True)
    started = time.monotonic()
    try:
        yield
    except BaseException:
        print(" ✗", flush=True)
        raise
    print(f" {time.monotonic() - started:.1f} s", flush=True)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def call(command: Sequence[str], *, what: str, env: Mapping[str, str] | None = None, cwd: Path = ROOT) -> str:
    """Run `command` quietly and return its stdout; trouble becomes one sentence, the rest goes into a log."""
    try:
        done = subprocess.run(
            list(command),
            cwd=str(cwd),
            env=dict(os.environ, **(env or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise Trouble(
            tell(
                f"{what}: the program {command[0]} is not there.",
                f"{what}: нет программы {command[0]}.",
            )
        ) from error
    if done.returncode:
        raise Trouble(explain(what, done.stdout + done.stderr))
    return done.stdout


def explain(what: str, output: str) -> str:
    """One sentence for the failed step `what`, read from the output of the tool that failed."""
    if any(word in output for word in _DISK_WORDS) or disk_is_full():
        return _disk_full(what)
    if "DO NOT MATCH THE HASHES" in output:
        return tell(
            f"{what}: a downloaded package differs from its hash in the lock file; "
            "nothing was installed. Try again, and if it stays, do not trust this mirror.",
            f"{what}: скачанный пакет не совпал с хешем в файле блокировки, ничего не установлено. "
            "Повторите; если не поможет, этому зеркалу доверять нельзя.",
        )
    log = _keep(output)
    if any(word in output for word in _NETWORK_WORDS):
        return tell(
            f"{what}: the package registry does not answer. Check the network or the proxy "
            f"and start again (details: {log}).",
            f"{what}: хранилище пакетов не отвечает. Проверьте сеть или прокси "
            f"и запустите снова (подробности: {log}).",
        )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    last = lines[-1] if lines else tell("no output", "вывода нет")
    return tell(f"{what} failed: {last} (details: {log})", f"{what}: сбой: {last} (подробности: {log})")


def disk_is_full() -> bool:
    return shutil.disk_usage(str(ROOT)).free < NEARLY_FULL


def _keep(output: str) -> str:
    try:
        BUILD.mkdir(exist_ok=True)
        log = BUILD / "last-error.log"
        log.write_text(output, encoding="utf-8", errors="replace")
    except OSError:
        return "-"
    return str(log.relative_to(ROOT))


def _disk_full(what: str) -> str:
    return tell(
        f"{what}: the disk is full. Free at least 1 GB and start again.",
        f"{what}: на диске нет места. Освободите хотя бы 1 ГБ и запустите снова.",
    )


def guarded(main: Callable[[], int]) -> int:
    """Run `main`; foreseeable trouble is one sentence on stderr and exit code 1."""
    try:
        return main()
    except Trouble as trouble:
        print(f"✗ {trouble}", file=sys.stderr, flush=True)
        return 1
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            sentence = _disk_full(tell("Writing", "Запись"))
        elif error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            sentence = tell(
                f"No right to write {error.filename}. Give this user the folder, or choose another one.",
                f"Нет права записи в {error.filename}. Отдайте папку этому пользователю или выберите другую.",
            )
        else:
            raise
        print(f"✗ {sentence}", file=sys.stderr, flush=True)
        return 1
