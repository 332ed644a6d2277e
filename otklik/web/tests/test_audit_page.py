"""The audit page: filters, export, words for every code."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from otklik.audit import services as audit
from otklik.audit.models import Entry
from otklik.web import audit_words
from otklik.web.audit_page import guard

ROOT = Path(__file__).resolve().parents[3]
CODE = re.compile(r"""audit\.record\(\s*(?:"([a-z_.]+)"(?: if [^,\n]+? else "([a-z_.]+)")?)""")
TOLD = re.compile(
    r"""\b_(?:told|enter|record|audit|note|log|write)\((?:\w+, (?:ConversationState\.\w+, )?(?:by, )?)?"""
    r"""\s*"([a-z]+\.[a-z_]+)"(?: if \w+ else "([a-z_.]+)")?"""
)


def codes():
    found = set()
    for path in (ROOT / "otklik").rglob("*.py"):
        if "tests" in path.parts or "migrations" in path.parts:
            continue
        text = path.read_text()
        for pattern in (CODE, TOLD):
            for match in pattern.finditer(text):
                found |= {code for code in match.groups() if code}
    return found


def test_every_code_in_the_services_has_words():
    used = codes()
    assert "staff.created" in used
    assert not used - set(audit_words.WORDS), "word these in otklik/web/audit_words.py"


@pytest.fixture
def entries(alisa, olga):
    for actor, action, kind, number in (
        (alisa, "staff.created", "user", 1),
        (olga, "conversation.closed", "conversation", 7),
        (audit.SYSTEM, "conversation.closed", "conversation", 8),
    ):
        audit.record(
            action, organisation_id=alisa.organisation_id, by=actor, kind=kind, object_id=number, note="=1+1"
        )
    return alisa


def shown(client, **filters):
    page = client.get("/audit/", filters)
    assert page.status_code == 200
    return [line.subject for line in page.context["lines"]]


def test_the_list_is_filtered_by_action_person_object_and_day(client, entries, olga):
    client.force_login(entries)
    assert shown(client, action="conversation.closed") == ["обращение 8", "обращение 7"]
    assert shown(client, person=str(olga.pk), action="conversation.closed") == ["обращение 7"]
    assert shown(client, person="system", kind="conversation") == ["обращение 8"]
    assert shown(client, kind="conversation", object="№7") == ["обращение 7"]
    assert shown(client, until="2001-01-01") == []
    assert "обращение 7" in shown(client, since="2001-01-01", until="nonsense")


def test_the_export_cannot_become_a_formula(client, entries):
    Entry.objects.filter(action="conversation.closed").update(actor_name="=HYPERLINK(1)")
    client.force_login(entries)
    text = b"".join(client.get("/audit/export.csv", {"action": "conversation.closed"})).decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text), delimiter=";"))
    assert len(rows) == 3
    assert rows[1][2] == "'=HYPERLINK(1)"
    assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_every_dangerous_beginning_is_guarded(cell):
    assert guard(cell) == "'" + cell


def test_the_page_tells_whether_the_chain_is_whole(client, entries):
    audit.seal()
    client.force_login(entries)
    assert "Цепочка цела." in client.get("/audit/", {"check": "1"}).content.decode()
    Entry.objects.filter(object_id=7).update(reason="чужая рука")
    assert "Цепочка нарушена" in client.get("/audit/", {"check": "1"}).content.decode()
