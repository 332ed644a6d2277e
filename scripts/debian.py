"""Debian's packages that tests need: what is missing, and how it is installed when we are root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.base import explain, say, step

POLICY = Path("/usr/sbin/policy-rc.d")
PRESEED = """postfix postfix/main_mailer_type select No configuration
postfix postfix/mailname string localhost
"""


@dataclass(frozen=True)
class Part:
    """A program of the machine: `files` (any path of each group) prove it is there."""

    name: str
    packages: tuple[str, ...]
    files: tuple[str, ...]

    def is_there(self) -> bool:
        return all(_exists(file) for file in self.files)


PARTS = (
    Part("chromium", ("chromium",), ("chromium",)),
    Part("postfix", ("postfix",), ("/usr/sbin/postfix",)),
    Part(
        "dovecot",
        ("dovecot-imapd", "dovecot-lmtpd", "dovecot-submissiond"),
        (
            "/usr/sbin/dovecot",
            "/usr/lib/dovecot/imap",
            "/usr/lib/dovecot/lmtp",
            "/usr/lib/dovecot/submission",
        ),
    ),
)
# installed only where a missing part is a failure (CI): a developer's machine gets no database server unasked
SERVERS = (
    Part("postgresql", ("postgresql",), ("pg_ctlcluster",)),
    Part("redis", ("redis-server",), ("redis-server",)),
)


def _exists(file: str) -> bool:
    return Path(file).exists() if file.startswith("/") else shutil.which(file) is not None


def missing(parts: tuple[Part, ...]) -> list[Part]:
    return [part for part in parts if not part.is_there()]


def install_missing(parts: tuple[Part, ...]) -> dict[str, str]:
    """Install what is missing when we are root. Returns the reasons of what is still missing, by name."""
    absent = missing(parts)
    if not absent:
        return {}
    packages = [package for part in absent for package in part.packages]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        hint = "apt install " + " ".join(packages)
        return {part.name: f"{part.name} is not installed ({hint}, as root)" for part in absent}
    with step(f"Debian packages {' '.join(packages)}"):
        failure = _install(packages)
    if failure:
        say(f"  {failure}")
    still = missing(parts)
    return {part.name: f"{part.name} could not be installed: {failure}" for part in still}


def _install(packages: list[str]) -> str:
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    if shutil.which("debconf-set-selections"):
        subprocess.run(["debconf-set-selections"], input=PRESEED, text=True, env=env, check=False)
    with no_services_start():
        for command in (
            ["apt-get", "update", "-qq"],
            ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *packages],
        ):
            done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
            if done.returncode:
                return explain(" ".join(command[:2]), done.stdout + done.stderr)
    return ""


@contextmanager
def no_services_start() -> Iterator[None]:
    """policy-rc.d 101 while packages are installed; a policy that was there before stays untouched."""
    if POLICY.exists():
        yield
        return
    POLICY.write_text("#!/bin/sh\nexit 101\n", encoding="ascii")
    POLICY.chmod(0o755)
    try:
        yield
    finally:
        POLICY.unlink(missing_ok=True)
