"""`make setup`: everything Otklik needs on this machine, started nothing, no database.

Checks Python, venv, Node and npm; makes `.venv` from the hash lock, links the package into it, installs
the front-end files, compiles translations. Each part has a stamp, so the second time costs nothing.
Standard library only: it runs before anything is installed. `--dev` takes the lock with test tools.
"""

from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.base import (
    BUILD,
    MINIMUM_NODE,
    MINIMUM_PYTHON,
    ROOT,
    VENV,
    Trouble,
    call,
    digest,
    explain,
    guarded,
    say,
    step,
    tell,
    venv_python,
)

LOCKS = {False: "requirements.lock", True: "requirements-dev.lock"}
STAMP = VENV / ".otklik-locks.json"
NODE_STAMP = ROOT / "node_modules" / ".otklik-lock"
COMMAND = """#!{python}
import sys

from otklik.web.cli import main

sys.exit(main())
"""


def missing_python(version: tuple[int, ...]) -> str | None:
    """The sentence for a Python that is too old, or None when `version` will do."""
    if tuple(version[:2]) >= MINIMUM_PYTHON:
        return None
    have = ".".join(str(part) for part in version[:2])
    need = ".".join(str(part) for part in MINIMUM_PYTHON)
    return tell(
        f"Python {need} or newer is needed, this one is {have}: "
        "apt install python3 python3-venv (Debian 12 or newer).",
        f"Нужен Python {need} или новее, здесь {have}: "
        "apt install python3 python3-venv (Debian 12 или новее).",
    )


def missing_venv() -> str | None:
    if all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return None
    return tell(
        "Python here has no venv: apt install python3-venv.",
        "У этого Python нет venv: apt install python3-venv.",
    )


def missing_node(version_text: str | None) -> str | None:
    """`version_text` is what `node --version` printed (None: there is no node)."""
    if version_text is None:
        return tell(
            f"Node.js {MINIMUM_NODE} or newer is needed and is not there: apt install nodejs npm.",
            f"Нужен Node.js {MINIMUM_NODE} или новее, его нет: apt install nodejs npm.",
        )
    match = re.match(r"v?(\d+)", version_text.strip())
    if match and int(match.group(1)) >= MINIMUM_NODE:
        return None
    return tell(
        f"Node.js {MINIMUM_NODE} or newer is needed, this one is {version_text.strip()}: "
        "apt install nodejs npm (Debian 12 or newer).",
        f"Нужен Node.js {MINIMUM_NODE} или новее, здесь {version_text.strip()}: "
        "apt install nodejs npm (Debian 12 или новее).",
    )


def missing_npm(path: str | None) -> str | None:
    if path:
        return None
    return tell("npm is needed and is not there: apt install npm.", "Нужен npm, его нет: apt install npm.")


def node_version() -> str | None:
    program = shutil.which("node") or shutil.which("nodejs")
    if not program:
        return None
    return subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout


def prepare(*, dev: bool) -> None:
    """Bring `.venv`, `node_modules` and translations up to their sources. Raises Trouble with a sentence."""
    front_end = not front_end_is_current()
    faults = [missing_python(sys.version_info[:2]), missing_venv()]
    if front_end:
        faults += [missing_node(node_version()), missing_npm(shutil.which("npm"))]
    told = [fault for fault in faults if fault]
    if told:
        raise Trouble(" ".join(told))
    with one_at_a_time():
        ensure_venv(dev=dev)
        link_package()
        if not front_end_is_current():
            install_front_end()
        compile_translations()


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Two set-ups in one folder wait for each other."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def wanted_locks(*, dev: bool) -> dict[str, str]:
    names = [LOCKS[False], LOCKS[True]] if dev else [LOCKS[False]]
    return {name: digest(ROOT / name) for name in names}


def installed_locks() -> dict[str, str]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def venv_works() -> bool:
    try:
        done = subprocess.run(
            [venv_python(), "-c", "import pip, sys; assert sys.version_info >= (3, 11)"],
            capture_output=True,
            check=False,
        )
    except OSError:
        return False
    return done.returncode == 0


def ensure_venv(*, dev: bool) -> None:
    """`.venv` holds exactly what the lock says, proven by hash; the stamp is written last."""
    if not venv_works():
        with step(tell("Python environment .venv", "Окружение Python .venv")):
            shutil.rmtree(VENV, ignore_errors=True)
            call([sys.executable, "-m", "venv", str(VENV)], what=".venv")
    wanted = wanted_locks(dev=dev)
    have = installed_locks()
    if all(have.get(name) == value for name, value in wanted.items()):
        return
    lock = LOCKS[dev]
    STAMP.unlink(missing_ok=True)
    title = tell(f"Python packages from {lock} (about a minute)", f"Пакеты Python из {lock} (около минуты)")
    with step(title):
        pip = [venv_python(), "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet"]
        call([*pip, "--require-hashes", "--no-deps", "-r", lock], what=f"pip ({lock})")
    _write(STAMP, json.dumps(wanted, indent=1))


def site_packages() -> Path:
    return next(iter(sorted((VENV / "lib").glob("python3.*/site-packages"))))


def link_package() -> None:
    """Make `import otklik` and `.venv/bin/otklik` work without a build and without the network."""
    link = site_packages() / "otklik-source.pth"
    if not link.exists() or link.read_text(encoding="utf-8").strip() != str(ROOT):
        _write(link, f"{ROOT}\n")
    command = VENV / "bin" / "otklik"
    text = COMMAND.format(python=venv_python())
    if not command.exists() or command.read_text(encoding="utf-8") != text:
        _write(command, text, mode=0o755)


def front_end_is_current() -> bool:
    try:
        return NODE_STAMP.read_text(encoding="utf-8").strip() == digest(ROOT / "package-lock.json")
    except OSError:
        return False


def install_front_end() -> None:
    with step(tell("Front-end files (npm ci)", "Файлы интерфейса (npm ci)")):
        npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        call(npm, what="npm ci")
        _write(NODE_STAMP, digest(ROOT / "package-lock.json"))


def stale_catalogues(root: Path = ROOT) -> list[Path]:
    """Language folders whose .mo is missing or older than one of its parts."""
    stale = []
    for parts in sorted(root.glob("locale/*/parts")):
        compiled = parts.parent / "LC_MESSAGES" / "django.mo"
        sources = list(parts.glob("*.po"))
        made = compiled.stat().st_mtime if compiled.exists() else -1.0
        if any(source.stat().st_mtime >= made for source in sources):
            stale.append(parts.parent)
    return stale


def compile_translations() -> None:
    stale = stale_catalogues()
    if not stale:
        return
    with step(tell("Translations", "Переводы")):
        command = [venv_python(), "-m", "scripts.translations", "compile"]
        done = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, check=False)
        if done.returncode == 2:  # the sentence is already made
            raise Trouble(done.stderr.strip())
        if done.returncode:
            raise Trouble(explain(tell("Translations", "Переводы"), done.stdout + done.stderr))


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    """Whole or not at all: an interrupted write leaves the old file."""
    draft = path.with_name(path.name + ".new")
    draft.write_text(text, encoding="utf-8")
    draft.chmod(mode)
    draft.replace(path)


def find_python() -> None:
    """Go on under a newer Python of this machine when `python3` itself is too old."""
    if missing_python(sys.version_info[:2]) is None:
        return
    for minor in (13, 12, 11):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            name = sys.modules["__main__"].__spec__.name  # type: ignore[union-attr]
            os.execv(newer, [newer, "-m", name, *sys.argv[1:]])  # noqa: S606


def main() -> int:
    dev = "--dev" in sys.argv[1:]
    prepare(dev=dev)
    if not dev:  # otherwise it is the first line of another target
        say(tell("Ready. make run starts Otklik.", "Готово. make run запускает Отклик."))
    return 0


if __name__ == "__main__":
    find_python()
    raise SystemExit(guarded(main))
