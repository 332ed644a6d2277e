"""Writing and acting through the pages of the inbox."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from otklik.inbox.models import Conversation, Draft, Label, Message, Seen
from otklik.kernel import clock

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/json"}
HTMX = {"HX-Request": "true"}


@pytest.fixture
def her(olga: Any) -> Client:
    """Olga's browser."""
    client = Client()
    client.force_login(olga, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def send(client: Client, conversation: Conversation, **fields: Any) -> Any:
    values = {"mode": "private", "text": "Здравствуйте, разбираемся.", "client_key": "k1", **fields}
    return client.post(reverse("inbox-send", args=[conversation.pk]), values, headers=JSON)


def do(client: Client, conversation: Conversation, action: str, **fields: Any) -> Any:
    return client.post(reverse("inbox-do", args=[conversation.pk, action]), fields, headers=HTMX)


def told(answer: Any) -> dict[str, Any]:
    """What the screen is told after an action."""
    assert answer.status_code == 204, answer.content.decode()
    return dict(json.loads(answer["HX-Trigger"])["otklik:done"])


def test_a_double_click_sends_once(her: Client, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    first, second = send(her, conversation), send(her, conversation)
    assert first.json()["message_id"] == second.json()["message_id"]
    assert Message.objects.filter(conversation=conversation, direction="out").count() == 1


def test_a_newer_message_stops_the_answer_and_the_text_stays(her: Client, write_in: Any) -> None:
    conversation = write_in("Первое", thread="t")
    seen = conversation.last_message_id
    her.post(
        reverse("inbox-draft", args=[conversation.pk]), {"mode": "private", "text": "Мой ответ"}, headers=JSON
    )
    write_in("Второе", thread="t")
    answer = send(her, conversation, seen=seen)
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "newer_message"
    assert Draft.objects.get(conversation=conversation).text == "Мой ответ"


def test_a_draft_survives_and_an_emptied_one_is_gone(her: Client, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    url = reverse("inbox-draft", args=[conversation.pk])
    assert her.post(url, {"mode": "private", "text": "Черновик"}, headers=JSON).json()["saved"]
    assert "Черновик</textarea>" in her.get(reverse("inbox-thread", args=[conversation.pk])).content.decode()
    her.post(url, {"mode": "private", "text": "  "}, headers=JSON)
    assert not Draft.objects.exists()


def test_undo_of_send_gives_the_text_back(her: Client, write_in: Any, settings: Any) -> None:
    settings.UNDO_SECONDS = 10
    conversation = write_in("Вопрос")
    undo = send(her, conversation).json()["undo"]
    answer = her.post(undo["url"], undo["values"], headers=JSON)
    assert answer.json()["draft"] == "private"
    assert Draft.objects.get(conversation=conversation).text == "Здравствуйте, разбираемся."
    conversation.refresh_from_db()
    assert conversation.state == "open"


def test_the_button_names_the_audience_and_a_private_talk_has_no_public_tab(
    her: Client, write_in: Any
) -> None:
    private = write_in("Лично", author="p")
    public = write_in("На виду", author="q", visibility="public", reach=18400)
    page = her.get(reverse("inbox-thread", args=[private.pk])).content.decode()
    assert 'data-mode="public"' not in page
    page = her.get(reverse("inbox-thread", args=[public.pk])).content.decode()
    assert 'data-mode="public"' in page
    assert "18\u202f400" in page


def test_a_note_calls_a_colleague(her: Client, boris: Any, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    names = her.get(reverse("inbox-colleagues"), {"q": "бор"}, headers=JSON).json()["names"]
    assert names == ["Борис Панов"]
    assert send(her, conversation, mode="note", text="@Борис Панов, посмотрите").status_code == 200
    note = Message.objects.get(conversation=conversation, direction="note")
    assert note.mentions.get().user == boris
    page = her.get(reverse("inbox-thread", args=[conversation.pk])).content.decode()
    assert '<b class="o-mentioned">@Борис Панов</b>' in page


def test_files_are_attached_listed_and_removed(her: Client, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    url = reverse("inbox-attach", args=[conversation.pk])
    upload = SimpleUploadedFile("чек.txt", "сумма 54 990".encode())
    files = her.post(url, {"mode": "private", "file": upload}, headers=JSON).json()["files"]
    assert files[0]["name"] == "чек.txt"
    gone = her.post(
        reverse("inbox-remove-file", args=[conversation.pk, files[0]["id"]]),
        {"mode": "private"},
        headers=JSON,
    )
    assert gone.json()["files"] == []


def test_actions_answer_with_their_undo(her: Client, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    undo = told(do(her, conversation, "close"))["undo"]
    conversation.refresh_from_db()
    assert conversation.state == "closed"
    her.post(undo["url"], undo["values"], headers=HTMX)
    conversation.refresh_from_db()
    assert conversation.state == "open"


def test_taking_and_giving_back(her: Client, olga: Any, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    undo = told(do(her, conversation, "take"))["undo"]
    conversation.refresh_from_db()
    assert conversation.assignee == olga
    her.post(undo["url"], undo["values"], headers=HTMX)
    conversation.refresh_from_db()
    assert conversation.assignee is None


def test_snooze_wants_a_moment_ahead(her: Client, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    refused = do(her, conversation, "snooze", until="вчера")
    assert refused.status_code == 422
    assert told(do(her, conversation, "snooze", until=clock.after(3600).isoformat()))["undo"]
    conversation.refresh_from_db()
    assert conversation.state == "snoozed"


def test_labels_merge_and_split_can_be_taken_back(her: Client, company: Any, write_in: Any) -> None:
    label = Label.objects.create(organisation=company, name="Доставка")
    one, two = write_in("Раз", author="a"), write_in("Два", author="b")
    told(do(her, one, "label", label=label.pk))
    assert "Доставка" in her.get(reverse("inbox-stream", args=[one.pk])).content.decode()
    undo = told(do(her, one, "merge", other=f"№{two.pk}"))["undo"]
    two.refresh_from_db()
    assert two.merged_into_id == one.pk
    her.post(undo["url"], undo["values"], headers=HTMX)
    two.refresh_from_db()
    assert two.merged_into_id is None
    write_in("Ещё", author="a")
    second = Message.objects.filter(conversation=one, direction="in").latest("pk")
    undo = told(do(her, one, "split", message=[second.pk]))["undo"]
    second.refresh_from_db()
    assert second.conversation_id != one.pk
    her.post(undo["url"], undo["values"], headers=HTMX)
    second.refresh_from_db()
    assert second.conversation_id == one.pk


@pytest.mark.parametrize("action", ["assign", "snooze", "label", "merge", "split", "link", "remind"])
def test_every_question_opens_as_a_dialog(action: str, her: Client, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    page = her.get(reverse("inbox-ask", args=[conversation.pk, action]), headers=HTMX)
    assert page.status_code == 200
    assert "data-open" in page.content.decode()


@pytest.mark.parametrize("name", ["inbox-filter", "inbox-new", "inbox-view-new"])
def test_dialogs_of_the_list_open(name: str, her: Client, write_in: Any) -> None:
    write_in("Вопрос")
    assert "data-open" in her.get(reverse(name), headers=HTMX).content.decode()


def test_several_are_closed_and_taken_back_together(her: Client, write_in: Any) -> None:
    ids = [write_in(f"№{n}", author=f"b{n}").pk for n in range(3)]
    url = reverse("inbox-bulk", args=["close"])
    answer = her.post(url, {"ids": ",".join(map(str, [*ids, 999999]))}, headers=JSON).json()
    assert len(answer["refused"]) == 1
    assert Conversation.objects.filter(pk__in=ids, state="closed").count() == 3
    her.post(answer["undo"]["url"], answer["undo"]["values"], headers=JSON)
    assert Conversation.objects.filter(pk__in=ids, state="open").count() == 3


def test_looking_counts_as_reading_and_can_be_taken_back(her: Client, olga: Any, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    her.post(reverse("inbox-seen", args=[conversation.pk]), {"message": conversation.last_message_id})
    assert "data-unread" not in her.get(reverse("inbox")).content.decode()
    told(do(her, conversation, "unread"))
    assert Seen.objects.get(user=olga).unread
    assert "data-unread" in her.get(reverse("inbox")).content.decode()


def test_colleagues_see_who_writes(her: Client, boris: Any, write_in: Any) -> None:
    conversation = write_in("Вопрос")
    his = Client()
    his.force_login(boris, backend="allauth.account.auth_backends.AuthenticationBackend")
    url = reverse("inbox-present", args=[conversation.pk])
    his.post(url, {"typing": "1"}, headers=JSON)
    assert her.post(url, {}, headers=JSON).json() == {"text": "Борис Панов печатает ответ…", "typing": True}
    assert "Борис Панов" in her.get(reverse("inbox")).content.decode()
    his.post(url, {"leave": "1"}, headers=JSON)
    assert her.post(url, {}, headers=JSON).json()["text"] == ""


def test_filters_are_saved_as_a_view_with_its_number(her: Client, write_in: Any) -> None:
    write_in("Плохо", rating=1)
    saved = her.post(
        reverse("inbox-view-save") + "?rating=1&rating=2", {"name": "Плохие"}, headers=JSON
    ).json()
    page = her.get(saved["go"]).content.decode()
    assert "Плохие" in page
    numbers = her.get(reverse("inbox-counts"), headers=JSON).json()
    assert [value for key, value in numbers.items() if key.startswith("saved-")] == [1]
    assert numbers["unread"] == 0
