"""`make run`: prepare, migrate, start the web server and the worker, print the address, stop on Ctrl-C.

Standard library only: everything of Otklik runs in `.venv` as a child of this process.
Environment: HOST, PORT, DEMO (0: no demo company on the first start), WEB_PROCESSES, and what
`otklik/web/environment.py` lists. `--demo` starts a fresh demo company in var/demo instead.
"""

from __future__ import annotations

import ctypes
import errno
import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from scripts.base import ROOT, Trouble, explain, guarded, say, step, tell, venv_python
from scripts.setup import find_python, prepare

DEFAULT_PORT = 8000
HEALTH_TIMEOUT = 60.0  # seconds from the start of the children to the first healthy answer
STOP_TIMEOUT = 15.0  # seconds between the first signal and the last resort
PR_SET_PDEATHSIG = 1
NAMES = {"web": ("web server", "веб-сервер"), "worker": ("worker", "обработчик очереди")}


class Stop(Exception):
    """Somebody asked us to stop (Ctrl-C, TERM, HUP)."""


def port_is_free(host: str, port: int) -> bool:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise Trouble(
                tell(
                    f"Cannot listen on {host}:{port}: {error.strerror}. Choose another HOST or PORT.",
                    f"Не получается слушать {host}:{port}: {error.strerror}. Задайте другой HOST или PORT.",
                )
            ) from error
    return True


def choose_port(host: str, asked: str | None) -> int:
    """The asked port or a sentence; without one 8000, or the next free port behind it."""
    if asked:
        if not asked.isdigit() or not 0 < int(asked) < 65536:
            raise Trouble(
                tell(
                    f"PORT={asked} is not a port: a number from 1 to 65535 is needed.",
                    f"PORT={asked} не порт: нужно число от 1 до 65535.",
                )
            )
        if not port_is_free(host, int(asked)):
            raise Trouble(
                tell(
                    f"Port {asked} is taken by another program. Choose another: make run PORT=8080.",
                    f"Порт {asked} занят другой программой. Выберите другой: make run PORT=8080.",
                )
            )
        return int(asked)
    for port in range(DEFAULT_PORT, DEFAULT_PORT + 100):
        if port_is_free(host, port):
            if port != DEFAULT_PORT:
                say(
                    tell(
                        f"· Port {DEFAULT_PORT} is taken, using {port}.",
                        f"· Порт {DEFAULT_PORT} занят, беру {port}.",
                    )
                )
            return port
    raise Trouble(tell("No free port from 8000 to 8099.", "Нет свободного порта от 8000 до 8099."))


def private_folder(path: Path) -> None:
    """`path` exists and only its owner may look inside."""
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.chmod(0o700)


def manage(env: dict[str, str], *words: str, title: str) -> str:
    """Run one management command and return what it printed; a refused setting is told in its own words."""
    command = [venv_python(), "-m", "otklik.web.manage", *words]
    with step(title):
        done = subprocess.run(
            command,
            cwd=str(ROOT),
            env=env,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 2 and done.stderr.strip():
            raise Trouble(done.stderr.strip().splitlines()[-1])
        if done.returncode:
            raise Trouble(explain(title, done.stdout + done.stderr))
    return done.stdout.strip()


def _dies_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


class Children:
    """The web server and the worker: started together, stopped together."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._processes: dict[str, subprocess.Popen[Any]] = {}

    def start(self, name: str, command: list[str]) -> None:
        # a session of its own: the terminal's Ctrl-C reaches the child once, through us
        self._processes[name] = subprocess.Popen(
            command,
            cwd=str(ROOT),
            env=self._env,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            # safe: this process has one thread
            preexec_fn=_dies_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509
        )

    def check(self) -> None:
        """Raise Trouble when one of them has ended by itself."""
        for name, process in self._processes.items():
            code = process.poll()
            if code is not None:
                en, ru = NAMES.get(name, (name, name))
                raise Trouble(
                    tell(
                        f"The {en} has stopped (code {code}), its last lines are above. All is stopped.",
                        f"Остановился {ru} (код {code}), его последние строки выше. Остановлено всё.",
                    )
                )

    def stop(self) -> None:
        """SIGINT once to each, then wait; what does not end in time is killed."""
        for process in self._processes.values():
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        deadline = time.monotonic() + STOP_TIMEOUT
        for process in self._processes.values():
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def health(host: str, port: int) -> tuple[int, str]:
    """Status and first words of /healthz; status 0 while nobody answers."""
    target = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    connection = http.client.HTTPConnection(target, port, timeout=5)
    try:
        connection.request("GET", "/healthz", headers={"Host": f"localhost:{port}"})
        answer = connection.getresponse()
        return answer.status, answer.read(300).decode("utf-8", "replace")
    except (OSError, http.client.HTTPException):
        return 0, ""
    finally:
        connection.close()


def wait_until_healthy(children: Children, host: str, port: int) -> None:
    deadline = time.monotonic() + HEALTH_TIMEOUT
    status, words = 0, ""
    while time.monotonic() < deadline:
        children.check()
        status, words = health(host, port)
        if status == 200:
            return
        time.sleep(0.1)
    said = f"{status} {words}".strip() if status else tell("no answer", "ответа нет")
    raise Trouble(
        tell(
            f"Otklik did not become healthy in {HEALTH_TIMEOUT:.0f} s (/healthz: {said}).",
            f"За {HEALTH_TIMEOUT:.0f} с Отклик не стал исправен (/healthz: {said}).",
        )
    )


def commands(host: str, port: int) -> dict[str, list[str]]:
    python = venv_python()
    web = [python, "-m", "uvicorn", "otklik.web.asgi:application", "--host", host, "--port", str(port)]
    web += ["--timeout-graceful-shutdown", "3", "--log-level", "warning", "--no-access-log"]
    web += ["--no-server-header", "--lifespan", "off"]
    processes = os.environ.get("WEB_PROCESSES", "1")
    if processes != "1":
        web += ["--workers", processes]
    return {"web": web, "worker": [python, "-m", "otklik.web.manage", "worker"]}


def environment(host: str, *, demo: bool) -> dict[str, str]:
    env = dict(os.environ, HOST=host, PYTHONUNBUFFERED="1")
    if demo:
        env["VAR_DIR"] = str(ROOT / "var" / "demo")
        for name in ("DATABASE_URL", "QUEUE_URL"):
            env.pop(name, None)
    return env


def database(env: dict[str, str]) -> str:
    """Migrate; on the first start create organisation and administrator. Returns what to print about it."""
    manage(env, "migrate", "--verbosity", "0", title=tell("Database", "База данных"))
    wanted = env.get("DEMO", "1") != "0"
    title = tell("Organisation and administrator", "Организация и администратор")
    return manage(env, "bootstrap", *(["--demo"] if wanted else []), title=title)


def _on_signal(number: int, frame: Any) -> None:
    raise Stop


def serve(env: dict[str, str], host: str, port: int, credentials: str) -> int:
    children = Children(env)
    told = False
    try:
        with step(tell("Starting", "Запуск")):
            for name, command in commands(host, port).items():
                children.start(name, command)
            wait_until_healthy(children, host, port)
        told = True
        _welcome(env, port, credentials)
        while True:
            children.check()
            time.sleep(0.5)
    except Stop:
        say(tell("\nStopping …", "\nОстанавливаю …"))
        return 0
    finally:
        if credentials and not told:
            say(credentials)  # printed once in any case: the database already holds its hash
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        children.stop()


def _welcome(env: dict[str, str], port: int, credentials: str) -> None:
    address = env.get("SITE_URL") or f"http://localhost:{port}"
    say("")
    say(tell(f"Otklik is at {address}", f"Отклик открыт: {address}"))
    if credentials:
        say(credentials)
    say(tell("Ctrl-C stops it.", "Остановить: Ctrl-C."))


def main() -> int:
    demo = "--demo" in sys.argv[1:]
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _on_signal)
    try:
        prepare(dev=False)
        host = os.environ.get("HOST") or "127.0.0.1"
        port = choose_port(host, os.environ.get("PORT"))
        env = environment(host, demo=demo)
        env["PORT"] = str(port)
        folder = Path(env.get("VAR_DIR") or ROOT / "var")
        if demo:
            shutil.rmtree(folder, ignore_errors=True)
        private_folder(folder)
        private_folder(folder / "static")
        os.umask(0o077)  # database, queue, media and keys are for their owner alone
        return serve(env, host, port, database(env))
    except Stop:
        return 130


if __name__ == "__main__":
    find_python()
    raise SystemExit(guarded(main))
