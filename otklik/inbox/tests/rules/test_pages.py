"""The screens of rules: the list, the editor step by step, trying on history, versions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client

from otklik.accounts.models import Organisation, Team
from otklik.accounts.services import create_user
from otklik.inbox.models import Rule, RuleRun
from otklik.inbox.routing.definition import stored
from otklik.inbox.services import labels, rules
from otklik.inbox.tests.rules.support import asked, labels_of, read, rule, when
from otklik.kernel import clock, outbox

pytestmark = pytest.mark.django_db

BAD = ("tone", "negative")
HTMX = {"HX-Request": "true"}


@pytest.fixture
def complaint(boris):
    return labels.create("Жалоба", by=boris)


@pytest.fixture
def page(boris):
    client = Client()
    client.force_login(boris)
    return client


def form(given: Any = None, **more: Any) -> dict[str, Any]:
    """What a browser posts of an editor with one condition on the tone."""
    return {
        "name": "Недовольные",
        "active": "1",
        "g": "0",
        "c-0": "0",
        "field-0-0": "tone",
        "was-0-0": "tone",
        "op-0-0": "any",
        "value-0-0": ["negative", "mixed"],
        "sure-0-0": "1",
        "label": [given.pk] if given else [],
        **more,
    }


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_without_rules_three_examples_lead_into_a_filled_editor(page) -> None:
    shown = text(page.get("/settings/rules/"))
    assert shown.count("Начать с этого") == 3
    filled = text(page.get("/settings/rules/new/?example=court"))
    assert 'value="Жалоба с угрозой суда"' in filled
    assert re.search(r'value="legal_threat" checked', filled)


def test_a_rule_written_in_the_form_is_what_is_kept(page, complaint, company) -> None:
    team = Team.objects.create(organisation=company, name="Юристы")
    answer = page.post("/settings/rules/new/", form(complaint, team=team.pk, note="Звоните", stop="1"))
    kept = Rule.objects.get()
    assert answer["Location"] == f"/settings/rules/{kept.pk}/"
    wanted = when(asked("tone", ("negative", "mixed")), label=complaint, team=team, note="Звоните", stop=True)
    assert stored(kept.versions.get().definition) == wanted
    shown = text(page.get("/settings/rules/"))
    assert "Тональность: негатив, и хорошо, и плохо" in shown
    assert "команда «Юристы»" in shown


def test_a_refused_form_says_why_and_keeps_what_was_typed(page) -> None:
    answer = page.post("/settings/rules/new/", form())
    assert answer.status_code == 422
    assert "Скажите, что правило делает" in text(answer)
    assert 'value="Недовольные"' in text(answer)
    assert not Rule.objects.exists()


def test_the_editor_adds_and_removes_conditions_and_groups_without_a_page(page, complaint) -> None:
    def step(**more: Any) -> str:
        return text(page.post("/settings/rules/conditions/", form(complaint, **more), headers=HTMX))

    added = step(do="add:0")
    assert 'name="field-0-1"' in added
    assert re.search(r'id="field-0-1"[^>]* autofocus', added)
    assert 'value="negative" checked' in added
    grouped = step(do="group")
    assert 'name="field-1-0"' in grouped
    assert "достаточно одной" in grouped
    assert 'name="field-0-0"' in step(do="drop:0:0")  # an editor is never without a condition
    other = step(**{"field-0-0": "severity"})
    assert 'value="4"' in other
    assert " checked" not in other.replace('name="sure-0-0" value="1" checked', "")
    least = step(**{"field-0-0": "severity", "was-0-0": "severity", "op-0-0": "least", "value-0-0": ["3"]})
    assert re.search(r'type="radio"[^>]*value="3" checked', least)
    assert 'name="about-0-0"' in step(**{"field-0-0": "object_tone"})


def test_a_step_works_without_scripts_too(page, complaint) -> None:
    answer = page.post("/settings/rules/new/", form(complaint, do="add:0"))
    assert answer.status_code == 200
    assert 'name="field-0-1"' in text(answer)
    assert not Rule.objects.exists()


@pytest.mark.parametrize(
    "nonsense",
    [
        {"g": ["x", "", "-1"], "c-x": "y"},
        {"field-0-0": "nothing", "op-0-0": "?"},
        {"value-0-0": ["furious"], "do": "drop:9:9"},
        {"g": [str(n) for n in range(99)], "do": "group"},
        {"label": ["x", "99999999999999999999"], "team": "-"},
    ],
)
def test_nonsense_in_the_form_is_no_fault(page, nonsense) -> None:
    assert page.post("/settings/rules/conditions/", form(**nonsense)).status_code == 200


def test_trying_a_draft_counts_and_shows_conversations_and_saves_nothing(page, complaint, write_in) -> None:
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    read(write_in("Спасибо", author="b"), tone="positive")
    answer = page.post("/settings/rules/dry-run/", form(complaint, days="30"), headers=HTMX)
    shown = text(answer)
    assert "1 из 2 обращений" in shown
    assert "метка «Жалоба»: <b>1</b>" in shown
    assert f"/inbox/{talk.pk}/" in shown
    assert "Сохраните правило" in shown
    assert (labels_of(talk), Rule.objects.count()) == ([], 0)
    refused = page.post("/settings/rules/dry-run/", form(days="30", **{"value-0-0": []}), headers=HTMX)
    assert (refused.status_code, "выберите хотя бы одно значение" in text(refused)) == (422, True)


def test_a_saved_rule_is_applied_stopped_and_taken_back_from_its_page(
    page, boris, complaint, write_in
) -> None:
    talk = write_in("Безобразие")
    read(talk, tone="negative")
    own = rule(boris, when(asked("tone", ("negative", "mixed")), label=complaint), "Недовольные")
    tried = text(page.post("/settings/rules/dry-run/", form(complaint, days="30", rule=own.pk), headers=HTMX))
    assert f"/settings/rules/{own.pk}/apply/" in tried
    page.post(f"/settings/rules/{own.pk}/apply/", {"days": "30"})
    run = RuleRun.objects.get(kind="apply")
    assert "Идёт" in text(page.get(f"/settings/rules/runs/{run.pk}/", headers=HTMX))
    outbox.drain()
    assert labels_of(talk) == ["Жалоба"]
    assert "Сработало для 1 обращения" in text(page.get(f"/settings/rules/{own.pk}/"))
    page.post(f"/settings/rules/runs/{run.pk}/undo/", headers=HTMX)
    outbox.drain()
    assert labels_of(talk) == []
    assert "Отменено" in text(page.get(f"/settings/rules/{own.pk}/"))


def test_versions_are_listed_with_their_difference_and_one_goes_back(page, boris, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint))
    rules.save(own.pk, "Иначе", when(("tone", "positive"), label=complaint), by=boris)
    shown = text(page.get(f"/settings/rules/{own.pk}/"))
    assert "Тональность: позитив" in shown
    page.post(f"/settings/rules/{own.pk}/back/", {"number": "1"})
    own.refresh_from_db()
    assert (own.number, own.name) == (3, "Правило")


def test_the_list_switches_moves_archives_and_finds(page, boris, complaint) -> None:
    one, two = (rule(boris, when(BAD, label=complaint), name) for name in ("Первое", "Второе"))
    page.post(f"/settings/rules/{one.pk}/switch/", {"active": "0"})
    page.post(f"/settings/rules/{two.pk}/move/", {"step": "up"})
    shown = text(page.get("/settings/rules/"))
    assert shown.index("Второе") < shown.index("Первое")
    assert not Rule.objects.get(pk=one.pk).active
    assert "Второе" not in text(page.get("/settings/rules/?q=первое"))
    assert "По запросу" in text(page.get("/settings/rules/?q=щука"))
    page.post(f"/settings/rules/{one.pk}/archive/")
    assert "Первое" in text(page.get("/settings/rules/?archived=1"))
    page.post(f"/settings/rules/{one.pk}/restore/")
    assert Rule.objects.get(pk=one.pk).archived_at is None


def test_who_may_not_edit_rules_and_strangers_reach_nothing(boris, olga, complaint) -> None:
    own = rule(boris, when(BAD, label=complaint))
    other = Organisation.objects.create(name="Чужие", created_at=clock.now())
    stranger = create_user(other, email="s@other.test", name="Чужой", roles=["administrator"])
    of_rule = ("", "apply/", "switch/", "move/", "back/", "archive/", "restore/")
    for who, status in ((olga, 403), (stranger, 404)):
        client = Client()
        client.force_login(who)
        for part in of_rule:
            answer = client.post(f"/settings/rules/{own.pk}/{part}", {"number": "1", "days": "30"})
            assert answer.status_code == status, part
        assert client.get(f"/settings/rules/{own.pk}/").status_code == status
    client = Client()
    client.force_login(olga)
    assert client.get("/settings/rules/").status_code == 403
    assert client.post("/settings/rules/dry-run/", {}).status_code == 403
