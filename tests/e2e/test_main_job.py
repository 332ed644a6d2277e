"""The main job in a browser: connect a mailbox, a mail comes in live, a person answers, the customer has it."""

from __future__ import annotations

from email import message_from_bytes
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import Care, assert_accessible
from tests.mail.test_journey import letter
from tests.support.mailserver import MailServer

pytestmark = [pytest.mark.needs("chromium", "postfix", "dovecot"), pytest.mark.timeout(240)]

COMPANY = "zabota@shop.test"
ANNA = "anna@mail.test"


def _connect_mailbox(page: Page, server: MailServer, password: str) -> None:
    page.goto("/channels/connect/mail/")
    page.locator("#id_address").fill(COMPANY)
    page.locator("#id_name").fill("Почта заботы")
    page.locator("#id_password").fill(password)
    page.locator("#servers summary").click()
    for prefix, port in (("imap", server.imap_port), ("smtp", server.submission_port)):
        page.locator(f"#id_{prefix}_host").fill(server.host)
        page.locator(f"#id_{prefix}_port").fill(str(port))
        page.locator(f"#id_{prefix}_security").select_option("none")
    page.get_by_role("button", name="Проверить и подключить").click()


@pytest.mark.smoke
def test_a_mail_is_answered_from_connecting_the_mailbox_to_the_customers_mailbox(
    page: Page, care: Care, mail_server: MailServer
) -> None:
    mail_server.add_user(COMPANY, "right")
    mail_server.add_user(ANNA)

    # a wrong password gets one sentence, and nothing is saved
    _connect_mailbox(page, mail_server, "wrong")
    expect(page.locator("#verdict")).to_contain_text("парол")
    page.locator("#id_password").fill("right")
    page.get_by_role("button", name="Проверить и подключить").click()
    page.wait_for_url("**/channels/**")
    expect(page.get_by_role("main")).to_contain_text("Почта заботы")

    # the mail arrives while the inbox is open; nothing is reloaded
    page.goto("/inbox/?view=all")
    mail_server.deliver(
        letter(
            f"Анна Белова <{ANNA}>",
            COMPANY,
            "Холодильник",
            "Когда привезут холодильник?",
            Message_ID="<q1@mail.test>",
        ),
        [COMPANY],
    )
    fresh = page.locator("#list-fresh").get_by_role("button").or_(page.locator("#list-fresh"))
    row = page.locator("#rows a.o-row", has_text="Анна Белова")
    expect(fresh.or_(row).first).to_be_visible(timeout=60_000)
    if not row.count():
        fresh.first.click()
    row.first.click()
    expect(page.locator("#pane-thread")).to_contain_text("Когда привезут холодильник?")
    assert_accessible(page, "thread")

    # an operator answers; the answer can be taken back for two seconds, then it leaves
    text = page.locator("#text-private")
    text.fill("Анна, простите за ожидание. Привезём завтра до 15:00.")
    text.press("Control+Enter")
    expect(page.locator("#pane-thread")).to_contain_text("Привезём завтра до 15:00.")
    mail_server.wait_for(ANNA, 1, seconds=60)
    answer = message_from_bytes(mail_server.mailbox(ANNA)[0])
    assert answer["In-Reply-To"] == "<q1@mail.test>"
    assert "<q1@mail.test>" in answer["References"]

    # she answers back into the same thread
    mail_server.deliver(
        letter(ANNA, COMPANY, "Re: Холодильник", "Спасибо, жду!", In_Reply_To=answer["Message-ID"]), [COMPANY]
    )
    expect(page.locator("#pane-thread")).to_contain_text("Спасибо, жду!", timeout=60_000)


def test_a_file_of_reviews_is_imported_and_found_in_another_word_form(
    page: Page, care: Care, tmp_path: Path
) -> None:
    table = tmp_path / "otzyvy.csv"
    table.write_text(
        "Текст;Ссылка;Автор;Дата;Оценка\n"
        "Стиральную машинку доставили с глубокой царапиной;https://karty.example/1;Зоя;20.11.2026;2\n"
        "Посудомойкой очень довольны;https://karty.example/2;Лев;21.11.2026;5\n",
        encoding="cp1251",
    )
    page.goto("/channels/import/")
    page.locator("input[type=file]").set_input_files(table)
    page.get_by_role("button", name="Посмотреть файл").click()
    page.wait_for_url("**/channels/import/*/")
    expect(page.get_by_role("main")).to_contain_text("царапиной")
    page.locator("[name=new_source]").fill("Отзывы с карт")
    page.locator("#go").click()
    expect(page.locator("#go")).to_have_count(0, timeout=30_000)
    found = page.locator("#rows a.o-row", has_text="царапиной")
    for _ in range(20):
        page.goto("/inbox/?q=царапины машинок")
        if found.count():
            break
        page.wait_for_timeout(500)
    expect(found.first).to_be_visible()
