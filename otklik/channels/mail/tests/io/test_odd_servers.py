"""What Dovecot and Postfix never do but others are allowed to: a scripted far end says it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from otklik.channels.mail import imap, smtp
from otklik.channels.mail.imap import ImapConfig
from otklik.channels.mail.smtp import SmtpConfig
from otklik.channels.mail.tests.io.conftest import NOW, key_of, letter
from otklik.channels.protocol import PullPage, SendState

Talk = Callable[[str], bytes | None]  # None: say nothing and go on listening


@contextmanager
def far_end(greeting: bytes, talk: Talk) -> Iterator[int]:
    """A server on a free port: `talk` answers each line; b"" hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                client, _ = listener.accept()
            except TimeoutError:
                continue
            with suppress(OSError), client, client.makefile("rb") as lines:
                client.settimeout(5)
                client.sendall(greeting)
                for line in lines:
                    answer = talk(line.decode(errors="replace").rstrip("\r\n"))
                    if answer == b"":
                        break
                    client.sendall(answer or b"")
                    if answer and not answer.endswith(b"\n"):  # a line cut in the middle
                        break

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        stop.set()
        thread.join(6)
        listener.close()


def imap_talk(fetch: dict[str, bytes], select: bytes = b"* 1 EXISTS\r\n* OK [UIDVALIDITY 5]\r\n") -> Talk:
    """A mailbox with one mail, uid 7. `fetch`: what FETCH of each part answers."""

    def talk(line: str) -> bytes:
        tag, _, rest = line.partition(" ")
        verb = rest.upper()
        said = b""
        if verb.startswith("CAPABILITY"):
            said = b"* CAPABILITY IMAP4rev1\r\n"
        elif verb.startswith("EXAMINE"):
            said = select
        elif verb.startswith("UID SEARCH"):
            said = b"* SEARCH 7\r\n"
        elif verb.startswith("UID FETCH"):
            said = next(answer for part, answer in fetch.items() if part in verb)
        return said + f"{tag} OK done\r\n".encode()

    return talk


def pulled(talk: Talk) -> PullPage:
    with far_end(b"* OK hello\r\n", talk) as port:
        config = ImapConfig(
            host="127.0.0.1", port=port, security="none", user="u", secret="p", timeout=3, backfill_days=None
        )
        return imap.pull(config, {}, key_of=key_of, now=NOW)


SIZES = b'* 1 FETCH (UID 7 RFC822.SIZE 20 INTERNALDATE " 1-Nov-2026 10:00:00 +0300" FLAGS (\\Seen))\r\n'
RAW = b"Subject: a\r\n\r\nbody\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"* 1 FETCH (UID 7 BODY[] {20}\r\n" + RAW + b")\r\n",
        b"* 1 FETCH (BODY[] {20}\r\n" + RAW + b" UID 7)\r\n",
        b"* 1 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (BODY[] {20}\r\n" + RAW + b" UID 7 FLAGS (\\Seen))\r\n",
        b"* 1 FETCH (UID 7 BODY[] {20}\r\n" + RAW + b")\r\n* 2 FETCH (UID 8 FLAGS ())\r\n* 3 EXISTS\r\n",
    ],
)
def test_a_body_is_read_wherever_the_server_puts_the_uid_and_whatever_it_says_between(body: bytes) -> None:
    page = pulled(imap_talk({"SIZE": SIZES, "BODY": body}))
    assert [event.payload for event in page.events] == [RAW]
    assert page.events[0].meta["internaldate"] == "2026-11-01T10:00:00+03:00"
    assert page.cursor["INBOX"]["uid"] == 7


def test_a_short_text_in_quotes_is_a_body_too() -> None:
    page = pulled(imap_talk({"SIZE": SIZES, "BODY": b'* 1 FETCH (UID 7 BODY[] "a \\"b\\"")\r\n'}))
    assert [event.payload for event in page.events] == [b'a "b"']


def test_a_server_that_answers_nothing_for_a_mail_it_lists_owes_it() -> None:
    page = pulled(imap_talk({"SIZE": b"", "BODY": b""}))
    assert page.events == ()
    assert page.cursor["INBOX"]["owed"] == [7]
    assert [code for code, _ in page.notices] == ["owed"]


def smtp_talk(**answers: bytes) -> Talk:
    """Says 250 to everything except the verbs given; "end" is the answer to the final dot."""
    state = {"data": False}

    def talk(line: str) -> bytes | None:
        verb = line.partition(" ")[0].partition(":")[0].lower()
        if state["data"]:
            if line != ".":
                return None
            state["data"] = False
            return answers.get("end", b"250 queued\r\n")
        if verb == "data" and "data" not in answers:
            state["data"] = True
            return b"354 go on\r\n"
        return answers.get(verb, b"250 fine\r\n")

    return talk


@pytest.mark.parametrize(
    ("answers", "state", "code"),
    [
        ({"end": b"250 queued\r\n"}, SendState.SENT, ""),
        ({"end": b"421 closing\r\n"}, SendState.THROTTLED, "throttled"),
        ({"end": b"451 4.3.0 local problem\r\n"}, SendState.RETRY, "deferred"),
        ({"end": b"554 5.7.1 looks like spam\r\n"}, SendState.REJECTED, "message_refused"),
        ({"end": b""}, SendState.UNCERTAIN, "answer_lost"),
        ({"end": b"25"}, SendState.UNCERTAIN, ""),
        ({"end": b"what?\r\n"}, SendState.UNCERTAIN, "answer_unreadable"),
        ({"mail": b"550 5.7.1 not your address\r\n"}, SendState.REJECTED, "sender_refused"),
        ({"mail": b"what?\r\n"}, SendState.RETRY, "connection_lost"),
        ({"rcpt": b"450 4.2.1 slow down, retry in 5 minutes\r\n"}, SendState.RETRY, "deferred"),
        ({"rcpt": b"451 4.7.1 rate limit, retry in 5 minutes\r\n"}, SendState.THROTTLED, "throttled"),
        ({"data": b"503 5.5.1 no\r\n"}, SendState.REJECTED, "message_refused"),
        ({"auth": b"454 4.7.0 temporary failure\r\n"}, SendState.RETRY, "login_unavailable"),
        ({"auth": b"53"}, SendState.RETRY, "connection_lost"),
        ({"auth": b"535 5.7.8 wrong\r\n"}, SendState.REJECTED, "login_failed"),
    ],
)
def test_each_answer_of_a_server_has_one_honest_name(
    answers: dict[str, bytes], state: SendState, code: str
) -> None:
    with far_end(b"220 hello\r\n", smtp_talk(**{"auth": b"235 in\r\n", **answers})) as port:
        config = SmtpConfig(
            host="127.0.0.1", port=port, security="none", user="u", secret="p", timeout=1, final_timeout=1
        )
        result = smtp.send(config, letter(1), "a@shop.test", ["b@mail.test"])
    assert result.state is state, result
    assert code in ("", result.code)
    assert (result.retry_after == 300) is (state is SendState.THROTTLED)  # five minutes said or assumed


@pytest.mark.parametrize(
    ("greeting", "state"),
    [
        (b"421 4.3.2 too many connections\r\n", SendState.THROTTLED),
        (b"554 5.7.1 your address is on a list\r\n", SendState.REJECTED),
        (b"HTTP/1.1 400 Bad Request\r\n", SendState.REJECTED),
        (b"22", SendState.RETRY),
    ],
)
def test_a_greeting_that_is_none_says_what_it_was(greeting: bytes, state: SendState) -> None:
    with far_end(greeting, lambda line: b"") as port:
        config = SmtpConfig(host="127.0.0.1", port=port, security="none", timeout=1)
        result = smtp.send(config, letter(1), "a@shop.test", ["b@mail.test"])
    assert result.state is state, result
    assert result.code in smtp.ACCOUNT_CODES | {"connection_lost", "timeout"}
