"""The audit page: filters, export, words for every code."""

from __future__ import annotations

import ast
import csv
import io
import re
from pathlib import Path

import pytest
from django.utils import translation

from otklik.accounts.models import Organisation
from otklik.audit import services as audit
from otklik.audit.models import Entry
from otklik.kernel import clock
from otklik.web import audit_details, audit_words
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


def told_data():
    """Names of the data that services hand to the audit."""
    common = {"organisation_id", "by", "kind", "object_id", "reason", "unread"}
    for path in (ROOT / "otklik").rglob("*.py"):
        if "tests" in path.parts or path.parent.name in ("reads", "migrations"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not any(
                isinstance(one, ast.Constant) and re.fullmatch(r"[a-z]+\.[a-z_]+", str(one.value))
                for argument in node.args[:1]
                for one in ast.walk(argument)
            ):
                continue
            called = ast.unparse(node.func)
            if called.endswith(("record", "_told", "_enter", "_record")):
                yield from (word.arg for word in node.keywords if word.arg and word.arg not in common)


def test_every_name_of_data_in_the_services_has_words():
    used = set(told_data())
    assert {"team_id", "roles_before", "merged_id"} <= used
    assert not used - set(audit_details.KEYS), "word these in otklik/web/audit_details.py"


def test_every_kind_of_object_has_words():
    kinds = {
        found
        for path in (ROOT / "otklik").rglob("services/*.py")
        for found in re.findall(r"""audit\.record\([^)]*?kind="([a-z_]+)\"""", path.read_text(), re.S)
    }
    assert "conversation" in kinds
    assert not kinds - set(audit_words.KINDS), "word these in otklik/web/audit_words.py"


def detail(who, action, kind="conversation", **data):
    audit.record(action, organisation_id=who.organisation_id, by=who, kind=kind, object_id=1, **data)
    return audit_details.Words(who.organisation_id).details(Entry.objects.latest("id"))


def test_details_name_people_teams_and_fields_instead_of_keys_and_numbers(alisa, olga):
    support = alisa.organisation.teams.create(name="Поддержка")
    with translation.override("ru"):
        said = detail(alisa, "conversation.assigned", user_id=olga.pk, team_id=support.pk)
        assert said == "команда: Поддержка · ответственный: Ольга Ильина"
        roles = detail(
            alisa, "staff.changed", "user", roles=["operator"], roles_before=["supervisor"], teams=[]
        )
        assert roles == "роли: Оператор · роли раньше: Супервизор"
        changed = detail(
            alisa,
            "customer.updated",
            "customer",
            before={"city": "", "phone": "1"},
            after={"city": "Омск", "phone": ""},
        )
        assert changed == "город: – → Омск · телефон: 1 → –"
        assert (
            detail(alisa, "organisation.changed", "organisation", fields=["time_zone"])
            == "поля: часовой пояс"
        )


def test_details_nobody_has_words_for_are_shown_as_they_are(alisa):
    assert detail(alisa, "x.y", unheard_of={"a": [1, 2]}, empty="") == "unheard_of: a: 1, 2"


def test_a_broken_entry_is_found_from_the_page_and_other_companies_are_not_walked(client, entries):
    audit.seal()
    client.force_login(entries)
    assert client.get("/audit/", {"check": "1"}).context["verdict"].ok
    strangers = Organisation.objects.create(name="Чужие", created_at=clock.now())
    audit.record("staff.created", organisation_id=strangers.pk, by=audit.SYSTEM, kind="user")
    audit.seal()
    Entry.objects.filter(organisation_id=strangers.pk).update(actor_name="Подмена")
    assert client.get("/audit/", {"check": "1"}).context["verdict"].ok
    bad = Entry.objects.filter(organisation_id=entries.organisation_id).latest("id")
    Entry.objects.filter(pk=bad.pk).update(actor_name="Подмена")
    verdict = client.get("/audit/", {"check": "1"}).context["verdict"]
    assert (verdict.ok, verdict.first_bad) == (False, bad.pk)


def test_the_page_calculates_only_the_end_of_a_long_chain_and_says_so(entries):
    audit.seal()
    sealed = Entry.objects.filter(organisation_id=entries.organisation_id, seq__isnull=False)
    whole = audit.verify_end(entries.organisation_id)
    assert (whole.ok, whole.entries) == (True, sealed.count())
    Entry.objects.filter(pk=sealed.earliest("seq").pk).update(actor_name="Подмена")
    end = audit.verify_end(entries.organisation_id, limit=2)
    assert (end.ok, end.entries) == (True, 2)
    assert not audit.verify_end(entries.organisation_id).ok
    Entry.objects.filter(pk=sealed.latest("seq").pk).delete()
    assert not audit.verify_end(entries.organisation_id, limit=2).ok


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
