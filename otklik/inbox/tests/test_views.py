"""The pages of the inbox, asked for as a browser does."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from otklik.accounts import services
from otklik.accounts.models import Organisation
from otklik.channels.models import Delivery
from otklik.inbox.models import Attachment, Message
from otklik.inbox.queries import Filters
from otklik.inbox.services import reply
from otklik.inbox.views import reading
from otklik.kernel import clock, media

pytestmark = pytest.mark.django_db


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def htmx(target: str) -> dict[str, str]:
    return {"HX-Request": "true", "HX-Target": target}


def open_thread(client: Client, conversation: Any, **headers: str) -> Any:
    return client.get(reverse("inbox-thread", args=[conversation.pk]), headers=headers)


@pytest.fixture
def stranger(db: None) -> Any:
    """An operator of another company."""

    other = Organisation.objects.create(name="Другая", created_at=clock.now())
    return services.create_user(
        other, email="x@other.test", name="Чужой", roles=["administrator"], password="correct horse battery"
    )


def test_the_inbox_shows_list_and_hint(olga: Any, write_in: Any) -> None:
    conversation = write_in("Где мой холодильник?")
    page = sign_in(olga).get(reverse("inbox")).content.decode()
    assert f'id="row-{conversation.pk}"' in page
    assert "Где мой холодильник?" in page
    assert "data-unread" in page


def test_a_person_who_is_not_signed_in_is_sent_to_the_form(client: Client, company: Any) -> None:
    answer = client.get(reverse("inbox"))
    assert answer.status_code == 302
    assert reverse("account_login") in answer["Location"]
    fragment = client.get(reverse("inbox-counts"), headers=htmx("x"))
    assert fragment.status_code == 401
    assert fragment["HX-Retarget"] == "#o-alerts"


def test_a_thread_opens_as_page_and_as_panes(olga: Any, write_in: Any) -> None:
    conversation = write_in("Первое")
    whole = open_thread(sign_in(olga), conversation).content.decode()
    panes = open_thread(sign_in(olga), conversation, **htmx("pane-thread")).content.decode()
    assert "<!doctype html>" in whole
    assert 'id="pane-list"' in whole
    assert panes.lstrip().startswith("<section")
    assert 'hx-swap-oob="true"' in panes
    assert "Первое" in panes


@pytest.mark.parametrize(
    "name", ["inbox-thread", "inbox-card", "inbox-stream", "inbox-templates", "inbox-candidates"]
)
def test_a_conversation_of_another_company_is_not_found(name: str, stranger: Any, write_in: Any) -> None:
    conversation = write_in("Секрет")
    answer = sign_in(stranger).get(reverse(name, args=[conversation.pk]))
    assert answer.status_code == 404
    assert "Секрет" not in answer.content.decode()


def test_another_company_can_change_nothing(stranger: Any, write_in: Any) -> None:
    conversation = write_in("Секрет")
    client = sign_in(stranger)
    for action in ("close", "take", "unread"):
        assert client.post(reverse("inbox-do", args=[conversation.pk, action])).status_code == 404
    sent = client.post(reverse("inbox-send", args=[conversation.pk]), {"mode": "private", "text": "Привет"})
    assert sent.status_code == 404
    conversation.refresh_from_db()
    assert conversation.state == "open"
    assert Message.objects.filter(conversation=conversation).count() == 1


def test_who_may_not_answer_sees_the_reason_and_writes_notes(company: Any, write_in: Any) -> None:

    analyst = services.create_user(
        company, email="an@shop.test", name="Анна", roles=["analyst"], password="long enough 1"
    )
    conversation = write_in("Вопрос")
    page = open_thread(sign_in(analyst), conversation).content.decode()
    assert 'data-mode="note"' in page
    assert 'data-mode="private"' not in page
    assert 'aria-describedby="why-not"' in page
    refused = sign_in(analyst).post(
        reverse("inbox-do", args=[conversation.pk, "close"]), headers={"Accept": "application/json"}
    )
    assert refused.status_code == 403
    assert refused.json()["error"]["code"] == "forbidden"


def test_the_list_takes_a_fixed_number_of_queries(olga: Any, write_in: Any) -> None:
    client = sign_in(olga)
    write_in("раз", author="a0")
    client.get(reverse("inbox"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("inbox"))
    for number in range(1, 13):
        write_in(f"обращение {number}", author=f"a{number}")
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("inbox"))
    assert len(many) == len(few)


def test_the_thread_takes_a_fixed_number_of_queries(olga: Any, write_in: Any) -> None:
    client = sign_in(olga)
    conversation = write_in("раз", thread="t")
    open_thread(client, conversation)
    with CaptureQueriesContext(connection) as few:
        open_thread(client, conversation)
    for number in range(15):
        write_in(f"ещё {number}", thread="t")
    with CaptureQueriesContext(connection) as many:
        open_thread(client, conversation)
    assert len(many) == len(few)


def test_pages_of_the_list_follow_each_other_without_gap_or_repeat(olga: Any, write_in: Any) -> None:

    ids = {write_in(f"№{number}", author=f"p{number}").pk for number in range(7)}
    for order in ("newest", "oldest", "waiting"):
        seen: list[int] = []
        after = ""
        while True:
            page = reading.page(olga, Filters(order=order), after=after, size=3)
            seen += [line.conversation.pk for line in page.lines]
            after = page.after
            if not after:
                break
        assert sorted(seen) == sorted(ids)


def test_rows_say_when_a_conversation_left_the_view(olga: Any, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    client = sign_in(olga)
    client.post(reverse("inbox-do", args=[conversation.pk, "close"]))
    page = client.get(reverse("inbox-rows"), {"ids": str(conversation.pk)}).content.decode()
    assert 'data-away="1"' in page


def test_search_finds_another_word_form_and_says_when_nothing_fits(olga: Any, write_in: Any) -> None:
    conversation = write_in("Привезли сломанный холодильник")
    client = sign_in(olga)
    assert f"row-{conversation.pk}" in client.get(reverse("inbox"), {"q": "холодильники"}).content.decode()
    nothing = client.get(reverse("inbox"), {"q": "пылесос"}).content.decode()
    assert "rows-empty" in nothing
    assert "«пылесос»" in nothing


def test_old_and_nonsensical_addresses_open_a_list(olga: Any, write_in: Any) -> None:
    write_in("Вопрос")
    address = "?view=nothing&state=x&label=abc&owner=999999999999999999999&since=2026-99-99&order=up&after=z"
    assert sign_in(olga).get(reverse("inbox") + address).status_code == 200
    assert sign_in(olga).get(reverse("inbox-more") + address).status_code == 200


def test_text_of_customers_is_never_markup(olga: Any, write_in: Any) -> None:
    conversation = write_in("<script>alert(1)</script> https://a.ru/?q=<b>", name='<img src=x onerror="1">')
    page = open_thread(sign_in(olga), conversation).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'href="https://a.ru/?q="' in page


def test_an_html_mail_is_shown_in_a_frame_that_can_load_nothing(olga: Any, write_in: Any) -> None:
    message = Message.objects.get(conversation=write_in("Письмо"))
    message.html = '<p>Дизайн</p><img data-remote-src="https://x.ru/a.png">'
    message.save(update_fields=["html"])
    answer = sign_in(olga).get(reverse("inbox-html", args=[message.pk]))
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' data:" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy
    assert "<p>Дизайн</p>" in answer.content.decode()
    assert ' src="https://x.ru' not in answer.content.decode()


def test_inline_images_of_a_mail_come_with_it(olga: Any, write_in: Any) -> None:
    message = Message.objects.get(conversation=write_in("Письмо"))
    message.html = '<img src="cid:logo@x">'
    message.save(update_fields=["html"])
    Attachment.objects.create(
        organisation=message.organisation,
        message=message,
        filename="l.png",
        content_type="image/png",
        size=3,
        digest=media.put(b"PNG"),
        inline=True,
        content_id="<logo@x>",
    )
    page = sign_in(olga).get(reverse("inbox-html", args=[message.pk])).content.decode()
    assert 'src="data:image/png;base64,UE5H"' in page


def test_a_file_is_downloaded_and_only_safe_images_are_shown(olga: Any, stranger: Any, write_in: Any) -> None:
    message = Message.objects.get(conversation=write_in("Файл"))
    page = Attachment.objects.create(
        organisation=message.organisation,
        message=message,
        filename="страница.html",
        content_type="text/html",
        size=3,
        digest=media.put(b"<b>"),
    )
    answer = sign_in(olga).get(reverse("inbox-file", args=[page.pk]), {"view": ""})
    assert answer["Content-Disposition"].startswith("attachment")
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer.getvalue() == b"<b>"
    assert sign_in(stranger).get(reverse("inbox-file", args=[page.pk])).status_code == 404


def test_a_deleted_text_is_shown_only_to_those_who_may(olga: Any, boris: Any, write_in: Any) -> None:
    message = Message.objects.get(conversation=write_in("Пожалел о сказанном"))
    message.deleted_at = clock.now()
    message.save(update_fields=["deleted_at"])
    assert (
        "Пожалел о сказанном"
        not in open_thread(sign_in(olga), message.conversation).content.decode().partition("pane-thread")[2]
    )
    assert sign_in(olga).get(reverse("inbox-copy", args=[message.pk])).status_code == 403
    assert "Пожалел" in sign_in(boris).get(reverse("inbox-copy", args=[message.pk])).content.decode()
    assert sign_in(olga).get(reverse("inbox-raw", args=[message.pk])).status_code == 404


def test_the_source_is_given_as_it_came(olga: Any, write_in: Any) -> None:
    message = Message.objects.get(conversation=write_in("Исходник"))
    answer = sign_in(olga).get(reverse("inbox-raw", args=[message.pk]))
    assert "attachment" in answer["Content-Disposition"]
    assert b'"id": "m1"' in answer.content


def test_an_edit_shows_what_was_there(olga: Any, write_in: Any) -> None:
    conversation = write_in("На горячей линии не отвечают", thread="t")
    message = Message.objects.get(conversation=conversation)
    message.revisions.create(text="На горячей линии молчат", replaced_at=clock.now())
    page = open_thread(sign_in(olga), conversation).content.decode()
    assert "<del>молчат</del>" in page
    assert "<ins>не" in page


def test_an_uncertain_answer_asks_and_takes_the_word(olga: Any, write_in: Any) -> None:

    conversation = write_in("Вопрос")
    answer = reply.reply(conversation.pk, reply.Answer(text="Ответ", client_key="k"), by=olga)
    Delivery.objects.filter(message_id=answer.pk).update(state="uncertain")
    Message.objects.filter(pk=answer.pk).update(delivery_state="uncertain")
    client = sign_in(olga)
    assert (
        reverse("inbox-decide", args=[answer.pk, "again"])
        in open_thread(client, conversation).content.decode()
    )
    assert (
        client.post(reverse("inbox-decide", args=[answer.pk, "arrived"]), headers=htmx("")).status_code == 204
    )
    answer.refresh_from_db()
    assert answer.delivery_state == "reconciled"
    assert (
        client.post(reverse("inbox-decide", args=[answer.pk, "again"]), headers=htmx("")).status_code == 409
    )
