"""Every way a sending can end is told apart, and counted in the mailbox of the one who receives."""

from __future__ import annotations

import random
from collections.abc import Callable
from email import message_from_bytes, policy

import pytest

from otklik.channels.mail import smtp
from otklik.channels.mail.smtp import MailSendResult
from otklik.channels.mail.tests.io.conftest import NOW, Box, letter
from otklik.channels.protocol import Found, SendState
from tests.support.mailserver import MailServer, short_dir, wait_until
from tests.support.proxy import Fault, Proxy

END_OF_MAIL = b"\r\n.\r\n"


def quiet(server: MailServer) -> None:
    """All that was accepted has been delivered: only now is a count in a mailbox final."""
    wait_until(lambda: server.queue_size() == 0, "the queue of Postfix is empty")


def test_an_accepted_mail_is_sent_and_arrives_once(box: Box) -> None:
    result = smtp.send(box.smtp(), letter("sent"), box.user, [box.user])
    assert (result.state, result.external_id) == (SendState.SENT, "<sent@client.test>")
    assert result.detail.startswith("250")
    box.server.wait_for(box.user, 1)


@pytest.mark.parametrize("auth", ["password", "xoauth2"])
@pytest.mark.parametrize("security", ["none", "starttls", "tls"])
def test_sending_works_with_each_encryption_and_sign_in(box: Box, auth: str, security: str) -> None:
    secret = box.password if auth == "password" else box.server.token(box.user)
    port = box.server.submissions_port if security == "tls" else box.server.submission_port
    config = box.smtp(port=port, auth=auth, secret=secret, security=security, ca_bundle=box.server.ca_bundle)
    assert smtp.send(config, letter("x"), box.user, [box.user]).state is SendState.SENT
    box.server.wait_for(box.user, 1)


def test_a_mail_arrives_byte_for_byte_with_dots_and_bare_line_ends(box: Box) -> None:
    raw = b"Message-ID: <dots@x.test>\nSubject: dots\n\n.\n..\n.a\nend\n"
    assert smtp.send(box.smtp(), raw, box.user, [box.user]).state is SendState.SENT
    box.server.wait_for(box.user, 1)
    assert box.server.mailbox(box.user)[0].endswith(b"\r\n\r\n.\r\n..\r\n.a\r\nend\r\n")


@pytest.mark.parametrize("port", ["submission_port", "smtp_port"])
def test_when_the_answer_is_lost_after_accepting_it_is_uncertain_and_the_mailbox_has_one(
    box: Box, port: str
) -> None:
    """Both over Dovecot's submission and straight to Postfix."""
    with Proxy(box.server.host, getattr(box.server, port)) as proxy:
        proxy.next(Fault(lose_answer_to=END_OF_MAIL))
        config = box.smtp(port=proxy.port, user=box.user if port == "submission_port" else "")
        result = smtp.send(config, letter("lost"), box.user, [box.user])
        assert proxy.seen[0].swallowed.startswith(b"250")
    assert (result.state, result.code) == (SendState.UNCERTAIN, "answer_lost")
    assert result.external_id == "<lost@client.test>"
    box.server.wait_for(box.user, 1)
    quiet(box.server)
    assert len(box.server.mailbox(box.user)) == 1


def test_an_answer_that_does_not_come_in_time_is_uncertain(box: Box) -> None:
    with Proxy(box.server.host, box.server.smtp_port) as proxy:
        proxy.next(Fault(delay_answer_to=END_OF_MAIL, delay=2))
        config = box.smtp(port=proxy.port, user="", timeout=0.5, final_timeout=0.5)
        result = smtp.send(config, letter("late"), box.user, [box.user])
    assert result.state is SendState.UNCERTAIN
    box.server.wait_for(box.user, 1)


def test_a_line_cut_before_the_end_of_the_mail_is_safe_to_try_again(box: Box) -> None:
    raw = letter("half", body="x" * 300_000)
    with Proxy(box.server.host, box.server.smtp_port) as proxy:
        proxy.next(Fault(cut_after_client=100_000))
        result = smtp.send(box.smtp(port=proxy.port, user=""), raw, box.user, [box.user])
    # the operating system may have taken the last bytes before it knew of the cut: then the honest word
    # is uncertain; what may never be said is "sent" or "rejected"
    assert result.state in (SendState.RETRY, SendState.UNCERTAIN)
    quiet(box.server)
    assert box.server.mailbox(box.user) == []


def test_cuts_at_random_bytes_never_claim_what_did_not_happen(box: Box) -> None:
    """RETRY: not in the mailbox. SENT: in it once. UNCERTAIN: at most once."""
    seed = random.SystemRandom().randrange(10**6)
    rng = random.Random(seed)
    outcomes: dict[str, MailSendResult] = {}
    with Proxy(box.server.host, box.server.smtp_port) as proxy:
        for number in range(40):
            side = rng.choice(["client", "server"])
            proxy.next(Fault.random(rng, 1, 700 if side == "client" else 420, side))
            config = box.smtp(port=proxy.port, user="", timeout=5.0)
            outcomes[f"<{number}@client.test>"] = smtp.send(config, letter(number), box.user, [box.user])
    quiet(box.server)
    held = [str(message_from_bytes(raw)["Message-ID"]) for raw in box.server.mailbox(box.user)]
    expected = {SendState.SENT: {1}, SendState.RETRY: {0}, SendState.UNCERTAIN: {0, 1}}
    for message_id, result in outcomes.items():
        assert held.count(message_id) in expected[result.state], (seed, message_id, result)
    assert {result.state for result in outcomes.values()} >= {SendState.RETRY}, seed


def test_a_refused_recipient_is_rejected_with_the_servers_words(box: Box) -> None:
    result = smtp.send(box.smtp(), letter(1), box.user, ["refused@shop.test"])
    assert (result.state, result.code) == (SendState.REJECTED, "recipient_refused")
    assert result.detail.startswith("550 5.1.1")
    assert "No such user here" in result.detail


def test_a_grey_list_is_throttled_with_the_time_to_wait_and_passes_later(box: Box) -> None:
    address = box.user.replace("care", "greylisted")
    box.server.add_user(address, "x")
    result = smtp.send(box.smtp(), letter("grey"), box.user, [address])
    assert (result.state, result.retry_after) == (SendState.THROTTLED, 60)
    box.server.accept(address)
    assert smtp.send(box.smtp(), letter("grey"), box.user, [address]).state is SendState.SENT
    box.server.wait_for(address, 1)
    assert len(box.server.mailbox(address)) == 1


def test_a_temporary_refusal_without_a_word_of_waiting_is_a_retry(box: Box) -> None:
    address = box.user.replace("care", "full")
    box.server.refuse(address, "452 4.2.2 Mailbox is full")
    result = smtp.send(box.smtp(), letter(1), box.user, [address])
    assert (result.state, result.code) == (SendState.RETRY, "deferred")


def test_a_server_that_closes_for_now_is_throttled_or_tried_again(box: Box) -> None:
    result = smtp.send(box.smtp(user="", port=box.server.smtp_port), letter(1), box.user, ["busy@shop.test"])
    assert result.state is SendState.THROTTLED
    assert result.detail.startswith("421")


def test_refused_among_several_recipients_are_named_and_the_others_get_the_mail(box: Box) -> None:
    everyone = [box.user, "refused@shop.test", "greylisted@shop.test", "not an address"]
    result = smtp.send(box.smtp(), letter("many"), box.user, everyone)
    assert (result.state, result.code) == (SendState.SENT, "partial")
    assert [(one.address, one.state) for one in result.refused] == [
        ("refused@shop.test", SendState.REJECTED),
        ("greylisted@shop.test", SendState.THROTTLED),
        ("not an address", SendState.REJECTED),
    ]
    assert "refused@shop.test: 550" in result.detail
    box.server.wait_for(box.user, 1)


def test_when_all_are_refused_the_mildest_answer_decides(box: Box) -> None:
    result = smtp.send(box.smtp(), letter(1), box.user, ["refused@shop.test", "greylisted@shop.test"])
    assert result.state is SendState.THROTTLED
    assert len(result.refused) == 2


def test_an_address_cannot_smuggle_in_a_command(box: Box) -> None:
    evil = f"{box.user}>\r\nRCPT TO:<care1@shop.test"
    result = smtp.send(box.smtp(), letter(1), box.user, [evil])
    assert (result.state, result.code) == (SendState.REJECTED, "bad_address")


@pytest.mark.parametrize(
    ("changes", "state", "code"),
    [
        ({"secret": "wrong"}, SendState.REJECTED, "login_failed"),
        ({"port": 1}, SendState.RETRY, "port_closed"),
        ({"host": "nowhere.invalid"}, SendState.RETRY, "host_not_found"),
        ({"security": "starttls"}, SendState.REJECTED, "cert_untrusted"),
    ],
)
def test_nothing_is_sent_when_the_account_itself_fails(
    box: Box, changes: dict[str, object], state: SendState, code: str
) -> None:
    result = smtp.send(box.smtp(**changes), letter(1), box.user, [box.user])
    assert (result.state, result.code) == (state, code)
    assert result.detail.endswith(".")


def test_an_expired_token_says_so(box: Box) -> None:
    config = box.smtp(auth="xoauth2", secret=box.server.token(box.user, -5))
    result = smtp.send(config, letter(1), box.user, [box.user])
    assert (result.state, result.code) == (SendState.REJECTED, "token_expired")
    assert "истёк" in result.detail


def test_a_mail_larger_than_the_server_takes_is_rejected_as_too_large() -> None:
    with MailServer(short_dir("small"), message_size_limit=50_000) as server:
        config = smtp.SmtpConfig(host=server.host, port=server.smtp_port, security="none", timeout=10)
        result = smtp.send(config, letter(1, body="x" * 60_000), "a@mail.test", ["b@shop.test"])
        assert (result.state, result.code) == (SendState.REJECTED, "too_large")
        assert smtp.check(config).facts == {"max_size": 50_000}


def test_a_full_mailbox_sends_back_a_bounce_that_names_our_message(new_box: Callable[..., Box]) -> None:
    sender, receiver = new_box(), new_box(quota_bytes=2_000)
    result = smtp.send(sender.smtp(), letter("over", body="x" * 5_000), sender.user, [receiver.user])
    assert result.state is SendState.SENT
    sender.server.wait_for(sender.user, 1)
    bounce = message_from_bytes(sender.server.mailbox(sender.user)[0], policy=policy.default)
    assert bounce.get_content_type() == "multipart/report"
    assert b"<over@client.test>" in bounce.as_bytes()
    assert sender.server.mailbox(receiver.user) == []


def test_a_copy_is_filed_once_in_sent_and_found_there(box: Box) -> None:
    raw = letter("filed")
    config = box.imap()
    assert smtp.find_sent(config, "<filed@client.test>") is Found.CANNOT_TELL
    assert smtp.find_sent(config, "<filed@client.test>", server_files_sent=True) is Found.ABSENT
    assert smtp.append_sent(config, raw, NOW) == "Sent"
    assert smtp.append_sent(config, raw, NOW) == "Sent"
    assert box.server.mailbox(box.user, "Sent") == [raw]
    assert "\\Seen" in box.server.flags(box.user, 1, "Sent")
    assert smtp.find_sent(config, "<filed@client.test>") is Found.FOUND
    assert smtp.find_sent(config, "<filed@client.test>", ["INBOX", "Sent"]) is Found.FOUND


def test_an_unreachable_mailbox_or_a_strange_id_cannot_tell(box: Box) -> None:
    assert smtp.find_sent(box.imap(secret="wrong"), "<a@b>", server_files_sent=True) is Found.CANNOT_TELL
    assert smtp.find_sent(box.imap(), '<a"@b>', server_files_sent=True) is Found.CANNOT_TELL
