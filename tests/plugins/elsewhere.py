"""On PostgreSQL only what meets a database is run again: a test of a domain that uses none is the same on both.

Kernel, web and the tests across domains start processes that find the database by themselves: all of them are run.
"""

from __future__ import annotations

import os

import pytest

STAGE = "postgres"
DOMAINS = ("accounts", "analysis", "audit", "channels", "inbox", "maths", "people")
DATABASE = frozenset({"db", "transactional_db"})


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get("OTKLIK_STAGE") != STAGE:
        return
    left = [item for item in items if _of_a_domain(item) and not _meets_database(item)]
    if left:
        config.hook.pytest_deselected(items=left)
        dropped = set(left)
        items[:] = [item for item in items if item not in dropped]


def _of_a_domain(item: pytest.Item) -> bool:
    parts = item.path.relative_to(item.config.rootpath).parts
    return parts[0] == "otklik" and parts[1] in DOMAINS


def _meets_database(item: pytest.Item) -> bool:
    names = getattr(item, "fixturenames", ())
    marks = [mark.name for mark in item.iter_markers()]
    return "django_db" in marks or "postgres" in marks or "redis" in marks or not DATABASE.isdisjoint(names)
