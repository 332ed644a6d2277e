"""The contract that keeps models inside their domain."""

from __future__ import annotations

import pytest
from grimp import ImportGraph

from scripts.contracts import PrivateModels


def contract() -> PrivateModels:
    options = {"name": "models", "type": "private_models", "package": "otklik", "allowed_domains": ["web"]}
    return PrivateModels("models", {}, options)


@pytest.mark.parametrize(
    ("importer", "imported", "kept"),
    [
        ("otklik.inbox.services", "otklik.accounts.models", False),
        ("otklik.inbox.services", "otklik.accounts.models.staff", False),
        ("otklik.inbox.services", "otklik.accounts.queries", True),
        ("otklik.accounts.services", "otklik.accounts.models", True),
        ("otklik.web.demo.load", "otklik.accounts.models", True),
        ("otklik.inbox.tests.test_it", "otklik.accounts.models", True),
    ],
)
def test_only_the_domain_itself_and_web_import_models(importer, imported, kept):
    graph = ImportGraph()
    for module in (importer, imported):
        graph.add_module(module)
    graph.add_import(importer=importer, imported=imported, line_number=3, line_contents="import")
    assert contract().check(graph, verbose=False).kept is kept
