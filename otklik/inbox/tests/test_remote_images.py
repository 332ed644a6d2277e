"""Images of a mail that lie elsewhere: nothing without asking, then once through us, without a trace of the reader."""

from __future__ import annotations

import base64
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core import signing
from django.db import connections
from django.test import Client
from django.urls import reverse

from otklik.accounts import services as staff
from otklik.channels import transport
from otklik.channels.mail.engine.html import sanitise
from otklik.inbox.models import Message, RemoteImage
from otklik.inbox.services import images
from otklik.kernel import clock, media
from tests.support.website import Page, Website, website

pytestmark = pytest.mark.django_db
WEBP = base64.b64decode("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
SOURCE = re.compile(r' src="([^"]+)"')


@pytest.fixture
def site(settings: Any) -> Iterator[Website]:
    settings.TRUSTED_PRIVATE_HOSTS = ["127.0.0.1"]
    with website() as running:
        running.pages["/a.webp"] = Page(WEBP, "text/html")  # its label is not believed
        yield running


@pytest.fixture
def letter(write_in: Callable[..., Any]) -> Callable[..., Message]:
    """A mail with this HTML."""

    def make(html: str) -> Message:
        message = Message.objects.get(conversation=write_in("Письмо"))
        message.html = sanitise(html) or ""
        message.save(update_fields=["html"])
        return message

    return make


def sign_in(user: Any) -> Client:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def frame(user: Any, message: Message, *, images: bool) -> Any:
    return sign_in(user).get(reverse("inbox-html", args=[message.pk]), {"images": "1"} if images else {})


def links(user: Any, message: Message) -> list[str]:
    return SOURCE.findall(frame(user, message, images=True).content.decode())


def shown(link: str) -> Any:
    """What the frame gets for an image: without a session, as the sandbox asks."""
    return Client().get(link)


def assert_placeholder(answer: Any) -> None:
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/svg+xml")
    assert b"<svg" in answer.content
    assert b"script" not in answer.content
    assert answer["Cache-Control"] == "no-store"


def test_without_asking_nothing_is_loaded_and_the_thread_offers_to(
    olga: Any, letter: Callable[..., Message], site: Website
) -> None:
    message = letter(f'<p>Дизайн</p><img src="{site.url}/a.webp"><img src="{site.url}/t" width=1 height=1>')
    answer = frame(olga, message, images=False)
    assert SOURCE.findall(answer.content.decode()) == []
    assert "<p>Дизайн</p>" in answer.content.decode()
    policy = answer["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "img-src 'self' data:;" in policy
    assert "sandbox" in policy
    assert site.asked == []
    thread = sign_in(olga).get(reverse("inbox-thread", args=[message.conversation_id])).content.decode()
    assert f'data-images="{reverse("inbox-html", args=[message.pk])}?images=1"' in thread


def test_a_mail_without_remote_images_offers_nothing(olga: Any, letter: Callable[..., Message]) -> None:
    message = letter('<p>Дизайн</p><img src="https://t.test/t.gif" width=1 height=1>')
    thread = sign_in(olga).get(reverse("inbox-thread", args=[message.conversation_id])).content.decode()
    assert "data-mail=" in thread
    assert "data-images=" not in thread


def test_an_image_comes_through_us_and_the_far_end_hears_of_it_once(
    olga: Any, boris: Any, letter: Callable[..., Message], site: Website
) -> None:
    message = letter(f'<img src="{site.url}/a.webp"><img src="{site.url}/a.webp">')
    first, again = links(olga, message)
    (theirs, _) = links(boris, message)
    for link in (first, again, theirs, first):
        assert link.startswith("/inbox/images/")
        answer = shown(link)
        assert (answer.status_code, answer["Content-Type"]) == (200, "image/webp")
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert answer.getvalue() == WEBP
    assert site.count("/a.webp") == 1


def test_nothing_of_the_reader_goes_along(olga: Any, letter: Callable[..., Message], site: Website) -> None:
    site.pages["/go"] = Page(status=302, location="/a.webp", headers={"Set-Cookie": "seen=olga"})
    message = letter(f'<img src="{site.url}/go?client=anna">')
    assert shown(links(olga, message)[0])["Content-Type"] == "image/webp"
    assert [one.path for one in site.asked] == ["/go?client=anna", "/a.webp"]
    for one in site.asked:
        assert set(one.headers) <= {"host", "accept", "accept-encoding", "user-agent", "connection"}


@pytest.mark.parametrize(
    ("page", "code"),
    [
        (Page(SVG, "image/png"), "not_an_image"),
        (Page(b"<html>", "image/png"), "not_an_image"),
        (Page(WEBP, status=404), "http_404"),
        (Page(WEBP + b"x" * images.MAX_BYTES), "too_large"),
        (Page(status=302, location="/nowhere"), "http_404"),
        (Page(status=302, location="http://localhost:1/x.png"), "address_blocked"),
        (Page(status=302, location="file:///etc/passwd"), "transport"),
        (Page(status=302, location="/x"), "transport"),
    ],
)
def test_what_is_no_image_or_cannot_be_had_is_a_quiet_placeholder_and_not_asked_for_again(
    olga: Any, letter: Callable[..., Message], site: Website, page: Page, code: str
) -> None:
    site.pages["/x"] = page
    message = letter(f'<img src="{site.url}/x">')
    link = links(olga, message)[0]
    assert_placeholder(shown(link))
    asked = len(site.asked)
    assert_placeholder(shown(link))
    with clock.at(clock.after(86400)):
        row, ours = images._claim(message, RemoteImage.objects.get().key)
    assert not ours
    assert row.code == code
    assert len(site.asked) == asked


def test_the_private_network_is_never_asked(
    olga: Any, letter: Callable[..., Message], site: Website, settings: Any
) -> None:
    settings.TRUSTED_PRIVATE_HOSTS = []
    message = letter(f'<img src="{site.url}/a.webp">')
    assert_placeholder(shown(links(olga, message)[0]))
    assert RemoteImage.objects.get().code == "address_blocked"
    assert site.asked == []


def test_a_far_end_that_drips_is_left_after_seconds(
    olga: Any, letter: Callable[..., Message], site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "DEADLINE", 0.3)
    site.pages["/slow"] = site.drip(b"HTTP/1.1 200 OK\r\n\r\nRIFF", every=0.02)
    message = letter(f'<img src="{site.url}/slow">')
    assert_placeholder(shown(links(olga, message)[0]))
    assert RemoteImage.objects.get().told


def test_an_image_whose_far_end_was_never_reached_is_tried_again_later(
    olga: Any, letter: Callable[..., Message], site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = letter(f'<img src="{site.url}/a.webp">')
    link = links(olga, message)[0]
    with monkeypatch.context() as away:
        away.setattr(transport, "allowed_addresses", lambda host: [])
        assert_placeholder(shown(link))
    assert not RemoteImage.objects.get().told
    assert_placeholder(shown(link))
    RemoteImage.objects.update(since=clock.ago(images.ASK_AGAIN + 1))
    assert shown(link)["Content-Type"] == "image/webp"
    assert site.count("/a.webp") == 1


def test_a_full_disk_shows_a_placeholder_and_the_image_once_there_is_room(
    olga: Any, letter: Callable[..., Message], site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(content: bytes) -> str:
        raise media.DiskFull

    message = letter(f'<img src="{site.url}/a.webp">')
    link = links(olga, message)[0]
    with monkeypatch.context() as out_of_room:
        out_of_room.setattr(media, "put", full)
        assert_placeholder(shown(link))
    RemoteImage.objects.update(since=clock.ago(images.ASK_AGAIN + 1))
    assert shown(link)["Content-Type"] == "image/webp"


def test_all_images_of_a_message_together_have_a_limit(
    olga: Any, letter: Callable[..., Message], site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(images, "MESSAGE_BYTES", len(WEBP))
    monkeypatch.setattr(images, "MAX_IMAGES", 2)
    html = "".join(f'<img src="{site.url}/a.webp?{number}">' for number in range(3))
    message = letter(html)
    found = links(olga, message)
    assert len(found) == 2
    assert shown(found[0])["Content-Type"] == "image/webp"
    assert_placeholder(shown(found[1]))
    assert len(site.asked) == 1


def test_a_link_is_good_for_its_person_and_message_only_and_not_for_long(
    olga: Any, boris: Any, letter: Callable[..., Message], site: Website, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = letter(f'<img src="{site.url}/a.webp">')
    link = links(olga, message)[0]
    assert shown(link[:-1] + ("A" if link[-1] != "A" else "B")).status_code == 404
    assert shown("/inbox/images/nonsense").status_code == 404
    token = signing.dumps(
        [message.pk, olga.organisation_id, olga.pk, images._key(f"{site.url}/else.png")], salt=images.SALT
    )
    assert shown(reverse("inbox-remote-image", args=[token])).status_code == 404
    with monkeypatch.context() as later:
        later.setattr(images, "LINK_AGE", -1)
        assert shown(link).status_code == 404
    Message.objects.update(deleted_at=clock.now())
    assert shown(link).status_code == 404
    Message.objects.update(deleted_at=None)
    staff.deactivate(olga.pk, by=_administrator(olga))
    assert shown(link).status_code == 404
    assert site.asked == []


def _administrator(olga: Any) -> Any:
    return staff.create_user(
        olga.organisation, email="root@shop.test", name="Корень", roles=["administrator"]
    )


def test_a_person_of_another_company_gets_nothing(
    olga: Any, letter: Callable[..., Message], site: Website
) -> None:
    message = letter(f'<img src="{site.url}/a.webp">')
    other = staff.create_user(
        type(olga.organisation).objects.create(name="Другая", created_at=clock.now()),
        email="x@other.test",
        name="Чужой",
        roles=["administrator"],
    )
    key = images._key(f"{site.url}/a.webp")
    for organisation_id in (other.organisation_id, olga.organisation_id):
        token = signing.dumps([message.pk, organisation_id, other.pk, key], salt=images.SALT)
        assert shown(reverse("inbox-remote-image", args=[token])).status_code == 404
    assert site.asked == []


@pytest.mark.django_db(transaction=True)
def test_many_who_ask_at_the_same_moment_ask_the_far_end_once(
    olga: Any, letter: Callable[..., Message], site: Website
) -> None:
    """The first one asks, the others wait for its copy."""
    arrived = threading.Event()

    def slowly(handler: Any) -> None:
        arrived.set()
        site.over.wait(0.5)
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(WEBP)

    site.pages["/slow"] = slowly
    link = links(olga, letter(f'<img src="{site.url}/slow">'))[0]
    got: list[str] = []

    def ask() -> None:
        try:
            got.append(shown(link)["Content-Type"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert arrived.is_set()
    assert got == ["image/webp"] * 4
    assert site.count("/slow") == 1
