"""Servers of the mail services people use here, and what each asks for. Pure data."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Provider:
    """Names and ports of one mail service; `hint` says what its password field wants."""

    imap_host: str
    smtp_host: str
    hint: str | Promise
    smtp_port: int = 465
    smtp_security: str = "tls"
    server_files_sent: bool = False
    access_url: str = ""  # where XOAUTH2 access is renewed


_YANDEX = Provider(
    "imap.yandex.ru",
    "smtp.yandex.ru",
    _(
        "Yandex wants a password for applications: id.yandex.ru, Security, App passwords."
        " Switch IMAP on in the mail settings."
    ),
    access_url="https://oauth.yandex.ru/token",
)
_MAILRU = Provider(
    "imap.mail.ru",
    "smtp.mail.ru",
    _(
        "Mail.ru wants a password for external applications: account.mail.ru, Security, Passwords for applications."
    ),
    access_url="https://oauth.mail.ru/token",
)
_GMAIL = Provider(
    "imap.gmail.com",
    "smtp.gmail.com",
    _("Google wants an app password (two-step verification must be on) or XOAUTH2."),
    server_files_sent=True,
    access_url="https://oauth2.googleapis.com/token",
)
_OUTLOOK = Provider(
    "outlook.office365.com",
    "smtp.office365.com",
    _("Microsoft takes no passwords any more: choose XOAUTH2."),
    smtp_port=587,
    smtp_security="starttls",
    server_files_sent=True,
    access_url="https://login.microsoftonline.com/common/oauth2/v2.0/token",
)
_RAMBLER = Provider(
    "imap.rambler.ru",
    "smtp.rambler.ru",
    _("Rambler: switch on “Access by mail clients” in the mail settings."),
)

PROVIDERS: dict[str, Provider] = {
    **dict.fromkeys(("yandex.ru", "ya.ru", "yandex.com", "yandex.by", "yandex.kz", "narod.ru"), _YANDEX),
    **dict.fromkeys(("mail.ru", "bk.ru", "inbox.ru", "list.ru", "internet.ru", "xmail.ru"), _MAILRU),
    **dict.fromkeys(("gmail.com", "googlemail.com"), _GMAIL),
    **dict.fromkeys(("outlook.com", "hotmail.com", "live.com", "office365.com", "onmicrosoft.com"), _OUTLOOK),
    **dict.fromkeys(("rambler.ru", "lenta.ru", "autorambler.ru", "myrambler.ru", "ro.ru"), _RAMBLER),
}


def guess(address: str) -> Provider:
    """The servers of an address; an unknown domain is asked under its usual names."""
    domain = address.rpartition("@")[2].strip().lower()
    known = PROVIDERS.get(domain)
    if known is not None:
        return known
    return Provider(f"imap.{domain}", f"smtp.{domain}", "") if domain else Provider("", "", "")
