"""Forms of connecting a channel. What they hold becomes the config an adapter wants."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from otklik.accounts import queries as staff
from otklik.accounts.principals import User
from otklik.channels.mail.providers import guess

SECURITY = (
    ("tls", _("TLS")),
    ("starttls", _("STARTTLS")),
    ("none", _("No encryption (only in your own network)")),
)
BACKFILL = (
    ("0", _("Only new messages")),
    ("7", _("The last 7 days")),
    ("30", _("The last 30 days")),
    ("90", _("The last 90 days")),
    ("365", _("The last year")),
)
EVERY = (
    (30, _("every 30 seconds")),
    (60, _("every minute")),
    (300, _("every 5 minutes")),
    (1800, _("every half hour")),
)
PLACES = (
    ("", _("Each row says itself")),
    ("review", _("Review")),
    ("vk", _("VK")),
    ("telegram", _("Telegram")),
    ("market", _("Marketplace")),
    ("chat", _("Chat")),
    ("form", _("Form")),
)


class ChannelForm(forms.Form):
    """What every channel has: a name and a team."""

    name = forms.CharField(
        label=_("Name of the channel"), max_length=200, help_text=_("As your colleagues will recognise it.")
    )
    team = forms.ChoiceField(
        label=_("Team"), required=False, help_text=_("New conversations go to this team.")
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        teams = [(str(team.pk), team.name) for team in staff.teams(person.organisation_id)]
        self.fields["team"].choices = [("", _("No team")), *teams]  # type: ignore[attr-defined]  # a ChoiceField

    def team_id(self) -> int:
        return int(self.cleaned_data.get("team") or 0)

    def config(self) -> dict[str, Any]:
        """Settings and secrets together, as adapters want them."""
        raise NotImplementedError


class MailForm(ChannelForm):
    """A mailbox. Servers left empty are those of the address's mail service."""

    address = forms.EmailField(label=_("Address"), max_length=254)
    auth = forms.ChoiceField(
        label=_("Sign-in"),
        choices=(("password", _("Password")), ("xoauth2", _("XOAUTH2"))),
        required=False,
    )
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    token = forms.CharField(
        label=_("Access token"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("Not needed with a refresh token. Without one, the channel says when it expires."),
    )
    refresh_token = forms.CharField(
        label=_("Refresh token"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 2, "autocomplete": "off", "spellcheck": "false"}),
        help_text=_("With it the access is renewed by itself."),
    )
    client_id = forms.CharField(label=_("Client id"), required=False, max_length=300)
    client_secret = forms.CharField(
        label=_("Client secret"),
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("Of the application you registered with the mail service."),
    )
    access_url = forms.URLField(
        label=_("Address for renewing the access"), required=False, max_length=500, assume_scheme="https"
    )
    sender_name = forms.CharField(
        label=_("Name of the company in answers"),
        required=False,
        max_length=100,
        help_text=_("Customers see “Pavel Tuzhilin, Company”."),
    )
    backfill_days = forms.ChoiceField(label=_("What to fetch first"), choices=BACKFILL, required=False)
    poll_every = forms.TypedChoiceField(
        label=_("Look"), choices=EVERY, coerce=int, required=False, empty_value=None
    )
    imap_host = forms.CharField(label=_("Server"), required=False, max_length=200)
    imap_port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535)
    imap_security = forms.ChoiceField(label=_("Protection"), choices=SECURITY, required=False)
    imap_user = forms.CharField(
        label=_("Login"), required=False, max_length=254, help_text=_("When it differs from the address.")
    )
    smtp_host = forms.CharField(label=_("Server"), required=False, max_length=200)
    smtp_port = forms.IntegerField(label=_("Port"), required=False, min_value=1, max_value=65535)
    smtp_security = forms.ChoiceField(label=_("Protection"), choices=SECURITY, required=False)
    smtp_password = forms.CharField(
        label=_("Password of the sending server"),
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("When it differs."),
    )
    folders = forms.CharField(
        label=_("Folders"),
        required=False,
        help_text=_("One a line; without any, the inbox. The test lists what there is."),
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
    )
    server_files_sent = forms.BooleanField(
        label=_("The server puts sent messages into “Sent” by itself"), required=False
    )

    def __init__(self, *args: Any, stored: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.stored = stored  # an empty password then means the one we have
        self.fields["name"].required = False

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        address = data.get("address") or ""
        provider = guess(address)
        data["imap_host"] = data.get("imap_host") or provider.imap_host
        data["smtp_host"] = data.get("smtp_host") or provider.smtp_host
        data["imap_port"] = data.get("imap_port") or 993
        data["smtp_port"] = data.get("smtp_port") or provider.smtp_port
        data["imap_security"] = data.get("imap_security") or "tls"
        data["smtp_security"] = data.get("smtp_security") or provider.smtp_security
        data["name"] = data.get("name") or address
        data["access_url"] = data.get("access_url") or provider.access_url
        oauth = data.get("auth") == "xoauth2"
        secret = data.get("token") or data.get("refresh_token") if oauth else data.get("password")
        if address and not secret and not self.stored:
            field = "refresh_token" if oauth else "password"
            self.add_error(field, _("Without it the server lets nobody in."))
        if oauth and data.get("refresh_token"):
            for name in ("client_id", "access_url"):
                if not data.get(name):
                    self.add_error(name, _("A refresh token is of no use without it."))
        return data

    def config(self) -> dict[str, Any]:
        data = self.cleaned_data
        names = (
            "address",
            "password",
            "token",
            "refresh_token",
            "client_id",
            "client_secret",
            "access_url",
            "sender_name",
            "imap_host",
            "imap_port",
            "imap_security",
            "smtp_host",
            "smtp_port",
            "smtp_security",
            "smtp_password",
            "server_files_sent",
        )
        config = {name: data[name] for name in names}
        folders = [line.strip() for line in data["folders"].splitlines() if line.strip()]
        return {
            **config,
            "imap_user": data["imap_user"] or data["address"],
            "auth": data["auth"] or "password",
            "folders": folders or ["INBOX"],
            "backfill_days": int(data["backfill_days"] or 0),
        }


class FeedForm(ChannelForm):
    url = forms.URLField(
        label=_("Address of the feed"), max_length=1000, assume_scheme="https", help_text=_("RSS or Atom.")
    )
    poll_every = forms.TypedChoiceField(label=_("Look"), choices=EVERY, coerce=int, initial=300)
    field_order = ("url", "name", "poll_every", "team")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = False
        self.fields["name"].help_text = _("Empty: the title of the feed.")

    def config(self) -> dict[str, Any]:
        return {"url": self.cleaned_data["url"]}


class HookForm(ChannelForm):
    looks_like = forms.ChoiceField(label=_("Shown as"), choices=PLACES[1:], required=False, initial="form")
    visibility = forms.ChoiceField(
        label=_("Who sees what is written there"),
        choices=(("private", _("Only we and the customer")), ("public", _("Everybody"))),
    )

    def config(self) -> dict[str, Any]:
        return {"looks_like": self.cleaned_data["looks_like"], "visibility": self.cleaned_data["visibility"]}


class ImportSourceForm(ChannelForm):
    looks_like = forms.ChoiceField(label=_("Shown as"), choices=PLACES, required=False)
    visibility = forms.ChoiceField(
        label=_("Who sees what is written there"),
        choices=(
            ("", _("Reviews and mentions everybody, messages only we")),
            ("public", _("Everybody")),
            ("private", _("Only we and the customer")),
        ),
        required=False,
    )

    def config(self) -> dict[str, Any]:
        return {"looks_like": self.cleaned_data["looks_like"], "visibility": self.cleaned_data["visibility"]}


class UploadForm(forms.Form):
    file = forms.FileField(
        label=_("File"),
        widget=forms.ClearableFileInput(
            attrs={"accept": ".csv,.tsv,.txt,.xlsx,.xls,.json,.jsonl,.gz", "class": "form-control"}
        ),
    )


FORMS: dict[str, type[ChannelForm]] = {
    "mail": MailForm,
    "feed": FeedForm,
    "hook": HookForm,
    "import": ImportSourceForm,
}
