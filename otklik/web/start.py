"""Makes Django ready for a command of ours; text commands never call it."""

from __future__ import annotations

import os

import django

from otklik.kernel.stream import WrongCall
from otklik.web.environment import SettingsError


def start_django() -> None:
    """Raises WrongCall when a setting cannot be used."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "otklik.web.settings")
    try:
        django.setup()
    except SettingsError as error:
        raise WrongCall(str(error), str(error)) from error


def require_database() -> None:
    """Raises WrongCall when there is no database of an installation behind the settings."""
    from django.db import DatabaseError, connection  # noqa: PLC0415 needs Django to be ready

    try:
        ready = "accounts_organisation" in connection.introspection.table_names()
    except DatabaseError as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise WrongCall(
            f"База данных не отвечает: {reason}. Проверьте DATABASE_URL и VAR_DIR.",
            f"The database does not answer: {reason}. Check DATABASE_URL and VAR_DIR.",
        ) from error
    if not ready:
        raise WrongCall(
            "В базе ещё нет Отклика: подготовьте её (make run) или проверьте DATABASE_URL и VAR_DIR.",
            "There is no Otklik in the database yet: prepare it (make run) or check DATABASE_URL and VAR_DIR.",
        )
