"""Reads the environment. Every value is checked here, once, with a sentence that says what to write instead."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo


class SettingsError(Exception):
    """A setting that cannot be used."""


# Every variable with what it is; docs/settings.md is checked against this list by a test.
VARIABLES: dict[str, str] = {
    "DATABASE_URL": "sqlite:///PATH or postgresql://USER:PASSWORD@HOST:PORT/NAME",
    "QUEUE_URL": "sqlite:///PATH, redis://HOST:PORT/N or postgresql://…",
    "VAR_DIR": "folder of database, media and keys",
    "SECRET_KEY": "at least 32 characters; otherwise VAR_DIR/secret.key is made",
    "SITE_URL": "address under which people open Otklik, e.g. https://care.example.ru",
    "HOST": "address to listen on",
    "PORT": "port to listen on",
    "ALLOWED_HOSTS": "further host names, separated by commas",
    "EMAIL_URL": "smtp://USER:PASSWORD@HOST:PORT for invitations; without it a link is shown",
    "LANGUAGE": "ru or en: language before a person chooses",
    "TIME_ZONE": "e.g. Europe/Moscow",
    "LOG_LEVEL": "DEBUG, INFO, WARNING or ERROR",
    "UNDO_SECONDS": "0–120: how long an answer waits so that it can be taken back",
    "TRUSTED_PRIVATE_HOSTS": "hosts in the private network that Otklik may connect to, separated by commas",
}


@dataclass(frozen=True)
class Environment:
    var_dir: Path
    secret_key: str
    site_url: str
    allowed_hosts: list[str]
    database: dict[str, Any]
    queue_url: str
    email_url: str
    language: str
    time_zone: str
    log_level: str
    undo_seconds: int
    trusted_private_hosts: list[str]


def read_environment(root: Path) -> Environment:
    """All settings of this process; raises SettingsError."""
    var_dir = Path(os.environ.get("VAR_DIR") or root / "var").resolve()
    try:
        var_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(
            f"Не получается создать {var_dir}: {error.strerror}. Проверьте VAR_DIR."
        ) from error
    site_url = _site_url()
    host = urlsplit(site_url).hostname or "localhost"
    return Environment(
        var_dir=var_dir,
        secret_key=_secret_key(var_dir),
        site_url=site_url,
        allowed_hosts=[host, "localhost", "127.0.0.1", "[::1]", "testserver", *_list("ALLOWED_HOSTS")],
        database=_database(var_dir),
        queue_url=_queue_url(var_dir),
        email_url=_with_scheme("EMAIL_URL", ("smtp", "smtps")),
        language=_choice("LANGUAGE", ("ru", "en"), "ru"),
        time_zone=_time_zone(),
        log_level=_choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR"), "WARNING"),
        undo_seconds=_number("UNDO_SECONDS", 10, 0, 120),
        trusted_private_hosts=_list("TRUSTED_PRIVATE_HOSTS"),
    )


def _refuse(name: str, value: str) -> SettingsError:
    return SettingsError(f"Настройка {name}={value!r} не подходит. Нужно: {VARIABLES[name]}.")


def _choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    value = os.environ.get(name) or default
    if value not in allowed:
        raise _refuse(name, value)
    return value


def _number(name: str, default: int, low: int, high: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdigit() or not low <= int(value) <= high:
        raise _refuse(name, value)
    return int(value)


def _list(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def _time_zone() -> str:
    value = os.environ.get("TIME_ZONE") or "Europe/Moscow"
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError) as error:
        raise _refuse("TIME_ZONE", value) from error
    return value


def _site_url() -> str:
    port = _number("PORT", 8000, 1, 65535)
    value = (os.environ.get("SITE_URL") or f"http://localhost:{port}").rstrip("/")
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise _refuse("SITE_URL", value)
    return value


def _with_scheme(name: str, schemes: tuple[str, ...]) -> str:
    value = os.environ.get(name, "")
    if value and (urlsplit(value).scheme not in schemes or not urlsplit(value).hostname):
        raise _refuse(name, urlsplit(value).scheme + "://…")
    return value


def _secret_key(var_dir: Path) -> str:
    given = os.environ.get("SECRET_KEY")
    if given is not None:
        if len(given) < 32:  # noqa: PLR2004 as the sentence says
            raise _refuse("SECRET_KEY", "…")
        return given
    path = var_dir / "secret.key"
    try:
        # exclusive creation: two processes starting together end with the same key
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as out:
            out.write(secrets.token_urlsafe(48))
    except FileExistsError:
        pass
    except OSError as error:
        raise SettingsError(f"Не получается создать {path}: {error.strerror}. Проверьте VAR_DIR.") from error
    key = path.read_text().strip()
    if len(key) < 32:  # noqa: PLR2004 as above
        raise SettingsError(f"Ключ в {path} короче 32 знаков. Верните прежний файл из резервной копии.")
    return key


def _database(var_dir: Path) -> dict[str, Any]:
    value = os.environ.get("DATABASE_URL") or f"sqlite:///{var_dir / 'otklik.sqlite3'}"
    if value.startswith("sqlite:///"):
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": value.removeprefix("sqlite:///"),
            "OPTIONS": {
                "timeout": 20,
                "transaction_mode": "IMMEDIATE",
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-64000;",
            },
            "CONN_MAX_AGE": 0,
            # tests use a real file too: several processes and threads share it, as in production
            "TEST": {"NAME": str(var_dir / "test.sqlite3")},
        }
    parts = urlsplit(value)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise _refuse("DATABASE_URL", f"{parts.scheme}://…")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.strip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 0,
        # the pool tries a connection before it hands it out: after a restart of the server old ones are dead
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"pool": {"min_size": 1, "max_size": 12, "timeout": 20}},
    }


def _queue_url(var_dir: Path) -> str:
    value = os.environ.get("QUEUE_URL") or f"sqlite:///{var_dir / 'queue.sqlite3'}"
    if not value.startswith(("sqlite:///", "redis://", "rediss://", "postgres://", "postgresql://")):
        raise _refuse("QUEUE_URL", urlsplit(value).scheme + "://…")
    return value
