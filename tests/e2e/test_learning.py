"""Learning from people in a browser: corrections by keys, questions, a training, its version, and the way back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Care, assert_accessible, picture

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(480)]

# a company that calls every discontent and every wish a complaint: what its people say of two hundred messages
PREPARE = """
import json
from otklik.accounts.models import Organisation, User
from otklik.analysis.models import Correction, Reading
from otklik.analysis.services import corrections
from otklik.inbox.models import Conversation
org = Organisation.objects.get()
by = User.objects.filter(organisation=org).order_by("pk").first()
talk = Conversation.objects.filter(state="open", last_inbound_id__in=Reading.objects.values("object_id"))
talk = talk.order_by("-last_message_at").first()
rows = Reading.objects.filter(organisation_id=org.pk).exclude(object_id=talk.last_inbound_id).order_by("pk")
for number, one in enumerate(rows[:200]):
    said = corrections.machine_said(one, "intent")
    right = "complaint" if said in ("negative_feedback", "suggestion") else said
    source = ("spoken", "spoken", "sampled")[number % 3]
    corrections.correct(one.kind, one.object_id, "intent", right, by=by, source=source)
print(json.dumps({"talk": talk.pk, "message": talk.last_inbound_id}))
"""
SAID = """
import json
from otklik.analysis.models import Correction
rows = Correction.objects.filter(reading__object_id=%d).order_by("pk")
print(json.dumps(list(rows.values_list("field", "right"))))
"""


@pytest.fixture(scope="module")
def scene(care: Care) -> dict[str, int]:
    """Everything of the demo was read, and people have spoken of two hundred messages."""
    care.installation.shell(
        "import json\nfrom otklik.analysis.services import following\n"
        "while following.follow(): pass\nprint(json.dumps(0))"
    )
    found: dict[str, int] = care.installation.shell(PREPARE)
    return found


@pytest.mark.req("S1-51")
def test_what_was_read_is_corrected_by_keys(page: Page, care: Care, scene: dict[str, int]) -> None:
    page.goto(f"/inbox/{scene['talk']}/")
    read = page.locator(f"#read-{scene['message']}")
    expect(read).to_be_visible()
    page.keyboard.press("v")
    picked = read.locator("tr.is-picked")
    expect(picked).to_have_attribute("data-field", "intent")
    expect(read.locator(".o-read__k")).to_contain_text("жалоба")
    assert_accessible(page, "a correction by keys")
    picture(page, "correct-by-keys")
    for _step in range(2):
        page.keyboard.press("ArrowDown")
    expect(picked).to_have_attribute("data-field", "tone")
    page.keyboard.press("4")
    expect(picked).to_contain_text("сказал человек")
    expect(picked).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")  # what stands there is right
    expect(picked).to_have_attribute("data-field", "severity")
    expect(picked).to_contain_text("сказал человек")
    said = care.installation.shell(SAID % scene["message"])
    assert [said[0], said[1][0]] == [["tone", "mixed"], "severity"]
    page.keyboard.press("Escape")
    expect(read.locator("table")).to_have_count(0)


@pytest.mark.req("S1-51")
def test_from_corrections_to_a_version_and_back(page: Page, scene: dict[str, int]) -> None:
    page.goto("/settings/learning/")
    assert_accessible(page, "learning")
    row = page.locator("tr", has=page.get_by_role("link", name="Что это", exact=True))
    expect(row).to_contain_text("исходные")
    page.get_by_role("button", name="Обучить сейчас").click()
    expect(row).to_contain_text("версия 1", timeout=90_000)
    picture(page, "learning")
    row.get_by_role("link", name="Что это", exact=True).click()
    expect(page.locator("#l-versions")).to_be_visible()
    assert_accessible(page, "learning of a field")
    picture(page, "learning-field")
    page.get_by_role("button", name="Вернуть исходные модели").click()
    version = page.locator("section", has=page.locator("#l-versions")).locator("tbody tr").first
    expect(version).to_contain_text("не работает")
    version.get_by_role("button", name="Включить").click()
    expect(version).to_contain_text("работает")
    page.goto("/settings/learning/")
    page.get_by_role("button", name="Прочитать заново").click()
    expect(page.get_by_role("button", name="Прочитать заново")).to_have_count(0, timeout=90_000)


@pytest.mark.req("S1-51")
def test_a_question_is_one_key(page: Page, scene: dict[str, int]) -> None:
    page.goto("/settings/learning/ask/?field=tone")
    question = page.locator("#question")
    expect(question.get_by_role("heading", name="Тональность")).to_be_visible()
    assert_accessible(page, "a question")
    picture(page, "learning-question")
    first = page.locator(".l-text").text_content()
    page.keyboard.press("1")
    expect(question.locator(".l-said")).to_contain_text("Записано: негатив")
    expect(page.locator(".l-text")).not_to_have_text(first or "")
    second = page.locator(".l-text").text_content()
    page.keyboard.press("s")
    expect(page.locator(".l-text")).not_to_have_text(second or "")
    page.keyboard.press("z")
    expect(page.locator(".l-text")).to_have_text(first or "")
