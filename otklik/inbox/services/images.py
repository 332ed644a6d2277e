"""Remote images of a mail: fetched by us, once, when a person asks for the images of this message.

The frame of a mail is sandboxed and has no session, so an image is asked for with a signed link: it names the
person, the message and the address, and holds for a few minutes. The right to see the message and the address
itself (it must stand in the stored HTML) are looked at again when the link is used.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time

from django.core import signing
from django.db import IntegrityError, connection, transaction
from django.db.models import Q, Sum
from django.urls import reverse

from otklik.accounts import queries as staff
from otklik.accounts.principals import User
from otklik.channels import transport
from otklik.channels.mail.engine import images
from otklik.inbox import queries
from otklik.inbox.models import Message, RemoteImage
from otklik.kernel import clock, media
from otklik.kernel.errors import NotFound

log = logging.getLogger(__name__)
_pause = threading.Event()  # never set: it only waits

SALT = "inbox.remote-image"
LINK_AGE = 900  # seconds
MAX_IMAGES = 100  # of one message
MAX_BYTES = 5 * 1024 * 1024  # of one image
MESSAGE_BYTES = 25 * 1024 * 1024  # of all images of one message
DEADLINE = 10.0  # seconds for one image, redirects included
ASK_AGAIN = 60.0  # seconds until an image is tried again whose far end was never reached
DIED = 60.0  # seconds after which whoever was fetching is taken for dead
LOOK_EVERY = 0.2  # seconds between looks at an image that another request is fetching
# nothing of the reader: no cookie, no referrer, no language, the same for everybody
HEADERS = {
    "accept": "image/webp,image/png,image/jpeg,image/gif",
    "accept-encoding": "identity",
    "user-agent": "Mozilla/5.0 (compatible; Otklik image proxy)",
}


def body(message: Message, *, shown_to: User | None) -> str:
    """The stored HTML without tracking pixels; with links to our copies for a person who asked for them."""
    known = set(images.remote_images(message.html)[:MAX_IMAGES]) if shown_to else set()

    def link(address: str) -> str | None:
        if shown_to is None or address not in known:
            return None
        token = signing.dumps([message.pk, shown_to.organisation_id, shown_to.pk, _key(address)], salt=SALT)
        return reverse("inbox-remote-image", args=[token])

    return images.place_images(message.html, link)


def _key(address: str) -> str:
    return hashlib.sha256(address.encode("utf-8", "surrogatepass")).hexdigest()


def fetch(token: str) -> RemoteImage:
    """The image behind a link: kept from before, or fetched now. Its state says whether there is a picture.

    Raises NotFound for a link that is old, forged, of a person who may no longer see the message, or whose address
    does not stand in the message.
    """
    message, key, address = _opened(token)
    row, ours = _claim(message, key)
    if ours:
        return _fetch(row, address)
    return _wait(row) if row.state == RemoteImage.State.FETCHING else row


def _opened(token: str) -> tuple[Message, str, str]:
    try:
        message_id, organisation_id, user_id, key = signing.loads(token, salt=SALT, max_age=LINK_AGE)
    except (signing.BadSignature, ValueError) as error:
        raise NotFound from error
    person = staff.user(organisation_id, user_id)
    message = queries.message(person, message_id)
    if message.deleted_at is not None:
        raise NotFound
    for address in images.remote_images(message.html)[:MAX_IMAGES]:
        if _key(address) == key:
            return message, key, address
    raise NotFound


def _claim(message: Message, key: str) -> tuple[RemoteImage, bool]:
    """The row of this image, and whether it is ours to fetch: decided by a constraint and a conditional update."""
    rows = RemoteImage.objects.filter(message=message, key=key)
    row = rows.first()
    if row is None:
        try:
            with transaction.atomic():
                return RemoteImage.objects.create(message=message, key=key, since=clock.now()), True
        except IntegrityError:  # another request was faster
            row = rows.get()
    never_reached = Q(state=RemoteImage.State.FAILED, told=False, since__lt=clock.ago(ASK_AGAIN))
    died = Q(state=RemoteImage.State.FETCHING, since__lt=clock.ago(DIED))
    won = rows.filter(never_reached | died).update(state=RemoteImage.State.FETCHING, since=clock.now())
    row.refresh_from_db()
    return row, bool(won)


def _wait(row: RemoteImage) -> RemoteImage:
    """Somebody else has just asked the far end: its copy is ours too."""
    end = time.monotonic() + DEADLINE
    while row.state == RemoteImage.State.FETCHING and time.monotonic() < end:
        _release()
        _pause.wait(LOOK_EVERY)
        row.refresh_from_db()
    return row


def _release() -> None:
    """A slow far end must not keep a connection of the database busy; the next query takes one anew."""
    if not connection.in_atomic_block:
        connection.close()


def _fetch(row: RemoteImage, address: str) -> RemoteImage:
    used = RemoteImage.objects.filter(message_id=row.message_id).aggregate(all=Sum("size"))["all"] or 0
    if used >= MESSAGE_BYTES:
        return _failed(row, "too_much", told=True)
    _release()
    try:
        answer = transport.request(
            "GET", address, headers=HEADERS, limit=MAX_BYTES, deadline=DEADLINE, cookies=False
        )
    except transport.TransportError as error:
        return _failed(row, error.code, told=error.sent or error.permanent)
    except Exception as error:  # the far end may send anything; the frame stays whole
        log.warning("remote image of message %s: %s", row.message_id, type(error).__name__)
        return _failed(row, "unreadable", told=True)
    if answer.status != 200:  # noqa: PLR2004 OK
        return _failed(row, f"http_{answer.status}", told=True)
    found = images.raster(answer.content)
    if found is None:
        return _failed(row, "not_an_image", told=True)
    try:
        digest = media.put(answer.content)
    except media.DiskFull as error:
        return _failed(row, error.code, told=False)  # asked again when there is room
    return _settle(
        row,
        state=RemoteImage.State.READY,
        told=True,
        code="",
        content_type=found.content_type,
        digest=digest,
        size=len(answer.content),
    )


def _failed(row: RemoteImage, code: str, *, told: bool) -> RemoteImage:
    return _settle(row, state=RemoteImage.State.FAILED, code=code, told=told)


def _settle(row: RemoteImage, **values: object) -> RemoteImage:
    RemoteImage.objects.filter(pk=row.pk).update(**values, since=clock.now())
    row.refresh_from_db()
    return row
