"""The composer in a browser: a wish of the customer, a reason, a later moment; to whom a letter goes; an undo."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Care, assert_accessible

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.timeout(240)]

PREPARE = """
import json
from datetime import timedelta
from otklik.accounts.models import Organisation
from otklik.channels.models import ChannelAccount
from otklik.inbox.models import Conversation
from otklik.inbox.tests.support import arrive, mail
from otklik.kernel import clock
from otklik.people.models import Customer, Identity
org = Organisation.objects.get()
account = ChannelAccount.objects.create(
    organisation=org, kind="mail", name="Почта для теста", settings={"address": "shop@shop.test"},
    active=True, created_at=clock.now(),
)
ChannelAccount.objects.filter(pk=account.pk).update(poll_due_at=None)
said = {"to": [{"name": "", "address": "shop@shop.test"}], "cc": [{"name": "Игорь", "address": "igor@mail.test"}]}
letter = arrive(account, mail("anna-wish@mail.test", "Где заказ?", name="Анна Пожелаева",
                              extra={"recipients": {**said, "reply_to": []}}))
talk = Conversation.objects.filter(state="open", visibility="private", waiting_since__isnull=False)
talk = talk.exclude(pk=letter.pk).order_by("-last_message_at").first()
soon = clock.now() + timedelta(hours=3)
Customer.objects.filter(pk=talk.customer_id).update(
    language="en", contact_since=soon.strftime("%H:%M"),
    contact_until=(soon + timedelta(hours=2)).strftime("%H:%M"), time_zone="UTC",
)
Identity.objects.create(organisation=org, customer_id=talk.customer_id, kind="mail",
                        external_id="wish@mail.test", created_at=clock.now())
print(json.dumps({"letter": letter.pk, "talk": talk.pk, "customer": talk.customer_id}))
"""


@pytest.fixture(scope="module")
def scene(care: Care) -> dict[str, int]:
    found: dict[str, int] = care.installation.shell(PREPARE)
    return found


def ask(care: Care, code: str) -> Any:
    return care.installation.shell(
        f"import json\nfrom otklik.inbox.models import Message\nprint(json.dumps({code}))"
    )


@pytest.mark.req("S2-2")
def test_an_answer_outside_the_wishes_asks_for_a_reason_or_goes_later(
    page: Page, care: Care, scene: dict[str, int]
) -> None:
    page.goto(f"/inbox/{scene['talk']}/")
    strip = page.locator("#compose-wish")
    expect(strip).to_be_visible()
    text = page.locator(".o-compose__panel:not([hidden]) textarea")
    text.fill("Здравствуйте! Ваш заказ приедет завтра утром.")
    expect(strip).to_contain_text("английский")
    assert_accessible(page, "a wish that is not kept")
    text.press("Control+Enter")
    expect(page.locator("#compose-problem")).to_contain_text("Клиент просил иначе")
    expect(text).to_have_value("Здравствуйте! Ваш заказ приедет завтра утром.")

    # at the customer's best hours, in the customer's language: no reason is needed
    text.fill("Hello! Your order will arrive tomorrow morning.")
    expect(strip).not_to_contain_text("английский")
    page.locator("#wish-later").click()
    expect(page.locator("#o-toast")).to_contain_text("Уйдёт")
    planned = page.locator(".o-msg", has_text="Your order will arrive")
    expect(planned).to_contain_text("Если клиент напишет раньше")
    planned.get_by_role("button", name="Вернуть в черновик").click()
    expect(text).to_have_value("Hello! Your order will arrive tomorrow morning.")

    # now, with a reason in own words: it stands beside the answer
    page.locator("#compose-wish select").select_option("own")
    page.locator("#compose-wish [name=reason_own]").fill("Клиент звонит и ждёт")
    page.locator("#compose-send").click()
    expect(page.locator(".o-msg--ours", has_text="Your order will arrive")).to_contain_text(
        "Клиент звонит и ждёт"
    )
    kept = ask(
        care, f"Message.objects.filter(conversation={scene['talk']}, direction='out').last().deviation"
    )
    assert kept["reason"] == "Клиент звонит и ждёт"


def test_a_letter_goes_to_whom_the_composer_shows(page: Page, care: Care, scene: dict[str, int]) -> None:
    page.goto(f"/inbox/{scene['letter']}/")
    to, cc = page.locator("[data-field=to]"), page.locator("[data-field=cc]")
    expect(to.locator("[data-address]")).to_have_count(1)
    expect(cc.locator("[data-address]")).to_have_count(0)
    page.get_by_role("button", name="Ответить всем").click()
    expect(cc.locator("[data-address]")).to_have_text("Игорь")
    page.locator("#rcpt-to").fill("vera@mail.test, нет")
    page.locator("#rcpt-to").press("Enter")
    expect(to.locator("[data-address]")).to_have_count(3)
    assert_accessible(page, "recipients of a letter")
    text = page.locator(".o-compose__panel:not([hidden]) textarea")
    text.fill("Едет")
    text.press("Control+Enter")
    expect(page.locator("#compose-problem")).to_contain_text("«нет»")
    page.get_by_role("button", name="Убрать: нет").click()
    text.press("Control+Enter")
    expect(page.locator(".o-msg--ours", has_text="Едет")).to_contain_text("vera@mail.test")
    expect(cc.locator("[data-address]")).to_have_count(0)  # the next letter begins with who wrote
    kept = ask(care, f"Message.objects.get(conversation={scene['letter']}, direction='out').recipients")
    assert kept == {"to": ["anna-wish@mail.test", "vera@mail.test"], "cc": ["igor@mail.test"]}


def test_a_removed_address_comes_back_from_the_notice(page: Page, scene: dict[str, int]) -> None:
    page.goto(f"/customers/{scene['customer']}/")
    face = page.locator(".p-face", has_text="wish@mail.test")
    face.locator("summary").click()
    face.get_by_role("button", name="Убрать").click()
    expect(page.locator("#o-toast")).to_contain_text("wish@mail.test")
    expect(face).to_have_count(0)
    page.locator("#o-toast").get_by_role("button", name="Отменить").click()
    expect(face).to_have_count(1)


def test_a_letter_to_a_customer_begins_on_their_page(page: Page, scene: dict[str, int]) -> None:
    page.goto(f"/customers/{scene['customer']}/")
    page.get_by_role("link", name="Написать").click()
    dialog = page.locator("dialog[open]")
    expect(dialog.locator("select[name=way]")).to_contain_text("wish@mail.test")
    assert_accessible(page, "a letter to a customer")
