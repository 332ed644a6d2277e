"""What IMAP and SMTP share: the account, signing in, TLS, and one sentence for every failure. No Django.

A failure reaches the caller as `MailIOError` only, with the server's words cleaned of secrets.
"""

from __future__ import annotations

import base64
import re
import smtplib
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

Lang = Literal["ru", "en"]
Security = Literal["tls", "starttls", "none"]
Auth = Literal["password", "xoauth2"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_WORDS_LIMIT = 200


class MailIOError(Exception):
    """`code` is snake_case, `sentence` says what is wrong and what to do.

    `permanent`: trying again is useless until a person changes the settings or signs in again.
    """

    def __init__(self, code: str, sentence: str, permanent: bool = False) -> None:
        super().__init__(code, sentence)
        self.code = code
        self.sentence = sentence
        self.permanent = permanent

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class MailAccount:
    """Where and as whom to connect. `secret` is the password or, for xoauth2, the access token."""

    host: str
    port: int
    security: Security = "tls"
    user: str = ""
    auth: Auth = "password"
    secret: str = field(default="", repr=False)
    ca_bundle: str = ""  # path of a PEM file trusted beside the system's certificates
    timeout: float = 30.0  # seconds without any byte from the server
    lang: Lang = "ru"

    def say(self, code: str, **data: Any) -> str:
        """The sentence of `code` in the account's language."""
        values = {"host": self.host, "port": self.port, "seconds": f"{self.timeout:g}", "user": self.user}
        return SENTENCES[code][self.lang == "en"].format(**{**values, **data}).strip()

    def error(self, code: str, **data: Any) -> MailIOError:
        return MailIOError(code, self.say(code, **data), code in NEEDS_A_PERSON)

    def clean(self, words: str | bytes) -> str:
        """The server's words on one line, short, without the secret in any form we send it."""
        text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
        for form in (self.secret, xoauth2_base64(self), plain_base64(self)):
            if self.secret and form:
                text = text.replace(form, "…")
        return " ".join(_CONTROL.sub(" ", text).split())[:_WORDS_LIMIT]


NEEDS_A_PERSON = frozenset(
    {
        *("tls_expected", "plain_expected", "starttls_missing", "login_needs_tls"),
        *("cert_untrusted", "cert_expired", "cert_wrong_host", "ca_bundle_unreadable"),
        *("login_failed", "token_expired", "control_characters"),
        *("folder_not_found", "not_imap", "not_smtp", "bad_header", "bad_address"),
    }
)

# code -> (ru, en)
SENTENCES: dict[str, tuple[str, str]] = {
    "host_not_found": (
        "Сервер {host} не найден: проверьте, нет ли опечатки в имени.",
        "Host {host} was not found: check the name for typing errors.",
    ),
    "dns_failed": (
        "Не удалось узнать адрес {host}: сервер имён не отвечает, проверьте сеть этой машины.",
        "The address of {host} could not be looked up: check the network of this machine.",
    ),
    "port_closed": (
        "{host} не принимает соединения на порту {port}: проверьте порт. Обычные: {usual}.",
        "{host} refuses connections on port {port}: check the port. Usual ones: {usual}.",
    ),
    "timeout": (
        "{host}:{port} молчит дольше {seconds} с: проверьте адрес, порт и межсетевой экран.",
        "{host}:{port} was silent for {seconds} s: check the address, the port and any firewall on the way.",
    ),
    "unreachable": (
        "До {host}:{port} не дойти ({detail}): проверьте сеть этой машины.",
        "{host}:{port} cannot be reached ({detail}): check the network of this machine.",
    ),
    "connection_lost": (
        "{host}:{port} оборвал соединение, попробуем ещё раз; если повторится, проверьте порт и шифрование.",
        "{host}:{port} cut the connection: we will try again; if it repeats, check the port and encryption.",
    ),
    "tls_expected": (
        "Порт {port} на {host} работает только с TLS: выберите шифрование «TLS».",
        "Port {port} on {host} speaks TLS only: choose “TLS” as encryption.",
    ),
    "plain_expected": (
        "Порт {port} на {host} отвечает без TLS: выберите «STARTTLS» или другой порт. Обычные: {usual}.",
        "Port {port} on {host} answers without TLS: choose “STARTTLS” or another port. Usual ones: {usual}.",
    ),
    "starttls_missing": (
        "{host}:{port} не предлагает STARTTLS: выберите «TLS» и подходящий порт. Обычные: {usual}.",
        "{host}:{port} does not offer STARTTLS: choose “TLS” and its port. Usual ones: {usual}.",
    ),
    "cert_untrusted": (
        "Сертификату {host} нет доверия: укажите файл корневого сертификата вашей организации.",
        "The certificate of {host} is not trusted: give the file of your organisation's root certificate.",
    ),
    "cert_expired": (
        "Срок сертификата {host} истёк или ещё не начался: попросите владельца сервера обновить его.",
        "The certificate of {host} has expired or is not valid yet: ask the server's owner to renew it.",
    ),
    "cert_wrong_host": (
        "Сертификат выдан не на {host}: укажите имя сервера, которое стоит в сертификате.",
        "The certificate is not made out to {host}: enter the server name that stands in the certificate.",
    ),
    "tls_failed": (
        "Не удалось установить TLS с {host}:{port} ({detail}): проверьте порт и шифрование.",
        "TLS with {host}:{port} failed ({detail}): check the port and encryption.",
    ),
    "ca_bundle_unreadable": (
        "Файл корневого сертификата не читается: проверьте путь и что это PEM.",
        "The root certificate file cannot be read: check the path and that it is PEM.",
    ),
    "login_failed": (
        "{host} не принял имя {user} или пароль: проверьте их. {hint}",
        "{host} did not accept the name {user} or its password: check both. {hint}",
    ),
    "token_expired": (
        "Доступ OAuth2 для {user} истёк или отозван: войдите в почту заново, чтобы обновить его.",
        "OAuth2 access of {user} has expired or was revoked: sign in to the mailbox again to renew it.",
    ),
    "login_unavailable": (
        "{host} сейчас не может проверить пароль («{detail}»): попробуем позже.",
        "{host} cannot check the password right now (“{detail}”): we will try later.",
    ),
    "login_needs_tls": (
        "{host} не принимает пароль без шифрования: выберите «TLS» или «STARTTLS».",
        "{host} takes no password without encryption: choose “TLS” or “STARTTLS”.",
    ),
    "control_characters": (
        "В имени или пароле есть перенос строки или другой служебный знак: введите их заново.",
        "The name or password holds a line break or another control character: enter them again.",
    ),
    "folder_not_found": (
        "Папки «{folder}» в ящике нет: выберите другую. Похожие: {nearest}.",
        "There is no folder “{folder}” in the mailbox: choose another. Nearest: {nearest}.",
    ),
    "not_imap": (
        "На {host}:{port} отвечает не IMAP («{detail}»): проверьте порт. Обычные: {usual}.",
        "What answers at {host}:{port} is not IMAP (“{detail}”): check the port. Usual ones: {usual}.",
    ),
    "not_smtp": (
        "На {host}:{port} отвечает не SMTP («{detail}»): проверьте порт. Обычные: {usual}.",
        "What answers at {host}:{port} is not SMTP (“{detail}”): check the port. Usual ones: {usual}.",
    ),
    "server_refused": (
        "{host} ответил отказом: «{detail}».",
        "{host} refused: “{detail}”.",
    ),
    "bad_header": (
        "В поле «{field}» есть перенос строки или служебный знак: уберите его, письмо не отправлено.",
        "The field “{field}” holds a line break or a control character: remove it, nothing was sent.",
    ),
    "bad_address": (
        "Адрес «{address}» записан неверно: исправьте его, письмо на него не отправлено.",
        "The address “{address}” is not well formed: correct it, nothing was sent to it.",
    ),
    "ok": ("Соединение работает.", "The connection works."),
    "uid_reset": (
        "Сервер заново пронумеровал письма папки «{folder}»: она перечитывается, повторов не будет.",
        "The server renumbered the folder “{folder}”: it is read again, nothing is stored twice.",
    ),
    "too_large": (
        "Письмо {uid} в папке «{folder}» ({size} байт) больше предела: сохранены только заголовки.",
        "Mail {uid} in folder “{folder}” ({size} bytes) is over the limit: only its headers are stored.",
    ),
    "owed": (
        "Письмо {uid} в папке «{folder}» сервер не отдал: остальные получены, это запросим снова.",
        "The server did not hand over mail {uid} of folder “{folder}”: the rest came, it is asked for again.",
    ),
    "key_failed": (
        "Письмо {uid} в папке «{folder}» не разобрать: оно сохранено как есть.",
        "Mail {uid} of folder “{folder}” cannot be read as a mail: it is stored as it is.",
    ),
}

_USUAL = {"imap": "993 (TLS), 143 (STARTTLS)", "smtp": "465 (TLS), 587 (STARTTLS)"}

# part of the host name -> (ru, en): why a right password is refused by the big providers
_HINTS: tuple[tuple[tuple[str, ...], str, str], ...] = (
    (
        ("yandex.", "ya.ru"),
        "В Яндекс Почте включите IMAP (Настройки → Почтовые программы) и создайте пароль приложения.",
        "In Yandex Mail enable IMAP (Settings → Email clients) and create an app password.",
    ),
    (
        ("mail.ru",),
        "Mail.ru принимает только пароль для внешнего приложения: создайте его в разделе «Безопасность».",
        "Mail.ru accepts only a password for external applications: create one under Security.",
    ),
    (
        ("gmail.", "googlemail.", "google."),
        "Для Gmail нужен пароль приложения (myaccount.google.com/apppasswords) или вход OAuth2.",
        "Gmail needs an app password (myaccount.google.com/apppasswords) or OAuth2.",
    ),
    (
        ("office365.", "outlook.", "hotmail.", "live.com"),
        "Microsoft не принимает обычный пароль: выберите вход OAuth2.",
        "Microsoft does not take plain passwords: choose OAuth2.",
    ),
    (
        ("rambler.",),
        "В Рамблер Почте включите доступ из почтовых программ (Настройки → Программы).",
        "In Rambler Mail enable access from mail clients (Settings → Programs).",
    ),
)


def hint(account: MailAccount) -> str:
    """What the owner of this host usually has to be told when a password is refused; may be empty."""
    host = account.host.lower()
    for parts, ru, en in _HINTS:
        if any(part in host for part in parts):
            return en if account.lang == "en" else ru
    return ""


def usual_ports(service: str) -> str:
    return _USUAL[service]


def xoauth2(account: MailAccount) -> str:
    """The SASL XOAUTH2 answer (Google's format, also Microsoft's and Yandex's)."""
    return f"user={account.user}\x01auth=Bearer {account.secret}\x01\x01"


def xoauth2_base64(account: MailAccount) -> str:
    return base64.b64encode(xoauth2(account).encode()).decode()


def plain_base64(account: MailAccount) -> str:
    """SASL PLAIN (RFC 4616), UTF-8: Cyrillic passwords included."""
    return base64.b64encode(f"\0{account.user}\0{account.secret}".encode()).decode()


def refuse_control_characters(account: MailAccount) -> None:
    """A line break in a name or password would become a command of its own."""
    if _CONTROL.search(account.user + account.secret):
        raise account.error("control_characters")


def tls_context(account: MailAccount) -> ssl.SSLContext:
    """Certificates are always verified; `ca_bundle` adds trust and never takes it away."""
    context = ssl.create_default_context()
    if account.ca_bundle:
        try:
            context.load_verify_locations(cafile=account.ca_bundle)
        except (OSError, ssl.SSLError):
            raise account.error("ca_bundle_unreadable") from None
    return context


def speaks_tls(account: MailAccount) -> bool:
    """Whether a TLS handshake is answered: tells a silent port from one that waits for TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # nothing is sent and nothing believed: only whether TLS is spoken there is asked
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((account.host, account.port), timeout=min(account.timeout, 5)) as sock,
            context.wrap_socket(sock, server_hostname=account.host),
        ):
            return True
    except (OSError, ValueError):
        return False


def login_error(account: MailAccount, words: str | bytes, temporary: bool = False) -> MailIOError:
    """The sentence for a refused sign-in. Codes in brackets: RFC 5530."""
    said = account.clean(words)
    if temporary or re.search(r"\[(UNAVAILABLE|INUSE|LIMIT)\]|temporar|try again|too many", said, re.I):
        return account.error("login_unavailable", detail=said)
    if account.auth == "xoauth2":
        return account.error("token_expired")
    return account.error("login_failed", hint=hint(account))


def explain(error: BaseException, account: MailAccount, service: Literal["imap", "smtp"]) -> MailIOError:
    """Any failure of the network, TLS or the protocol as a MailIOError with its sentence."""
    if isinstance(error, MailIOError):
        return error
    code = _code(error)
    if code in ("timeout", "connection_lost") and account.security != "tls" and speaks_tls(account):
        code = "tls_expected"
    return account.error(code, detail=account.clean(words_of(error)), usual=_USUAL[service])


def words_of(error: BaseException) -> str:
    """What the server or the system said, without the wrapping of the libraries."""
    result = getattr(error, "command_result", None)  # imap-tools: (status, [words])
    if isinstance(error, smtplib.SMTPResponseException):
        said: Any = b"%d " % error.smtp_code + _bytes(error.smtp_error)
    elif isinstance(result, tuple) and result[1]:
        said = result[1][-1]
    elif isinstance(error, OSError) and error.strerror:
        said = error.strerror
    else:
        said = error.args[0] if error.args else ""
    return _bytes(said).decode("utf-8", "replace")


def _bytes(said: Any) -> bytes:
    return said if isinstance(said, bytes) else str(said).encode("utf-8", "replace")


_BY_TYPE: tuple[tuple[type[BaseException], str], ...] = (
    (UnicodeError, "host_not_found"),  # a name that cannot be a host name at all
    (ConnectionRefusedError, "port_closed"),
    (TimeoutError, "timeout"),
    (ConnectionError, "connection_lost"),
    (EOFError, "connection_lost"),
    (smtplib.SMTPServerDisconnected, "connection_lost"),
    (smtplib.SMTPException, "server_refused"),
    (OSError, "unreachable"),
)


def _code(error: BaseException) -> str:
    if isinstance(error, ssl.SSLError):
        return _tls_code(error)
    if isinstance(error, socket.gaierror):
        return "dns_failed" if error.errno == socket.EAI_AGAIN else "host_not_found"
    if isinstance(error, smtplib.SMTPServerDisconnected) and isinstance(error.__context__, TimeoutError):
        return "timeout"  # smtplib calls a time-out a lost connection
    for kind, code in _BY_TYPE:
        if isinstance(error, kind):
            return code
    return "connection_lost" if re.search("socket error|EOF", str(error)) else "server_refused"


def _tls_code(error: ssl.SSLError) -> str:
    """Numbers: OpenSSL's X509_V_ERR_*."""
    if isinstance(error, ssl.SSLCertVerificationError):
        by_number = {9: "cert_expired", 10: "cert_expired", 62: "cert_wrong_host", 64: "cert_wrong_host"}
        return by_number.get(error.verify_code, "cert_untrusted")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return "connection_lost"
    plain = ("WRONG_VERSION_NUMBER", "PACKET_LENGTH_TOO_LONG", "HTTP_REQUEST", "UNKNOWN_PROTOCOL")
    return "plain_expected" if error.reason in plain else "tls_failed"
