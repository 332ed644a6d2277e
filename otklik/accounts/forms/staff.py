"""People, teams, keys and one's own page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from otklik.accounts import policy, queries
from otklik.accounts.forms.base import HouseForm
from otklik.accounts.models import Role
from otklik.accounts.services import Profile, StaffData
from otklik.kernel import languages

LANGUAGES = [("ru", "Русский"), ("en", "English")]
SPEAKS = _("Languages for answering customers")
SPEAKS_HELP = _(
    "None chosen: the organisation's language. Conversations go first to who speaks the customer's."
)
EXPIRY = [(30, _("in 30 days")), (90, _("in 90 days")), (365, _("in a year")), (0, _("never"))]
SCOPE_NAMES = {
    "conversations:read": _("read conversations and customers"),
    "conversations:write": _("answer, assign, close, label"),
    "customers:write": _("change customers and orders"),
    "directory:write": _("change the company's directory and calendar"),
    "channels:write": _("change channels, run imports"),
    "analysis:write": _("correct what was read, retrain"),
    "operations:read": _("read operations and audit"),
    "admin": _("everything an administrator may"),
}


class StaffForm(HouseForm):
    name = forms.CharField(label=_("Name"), max_length=200)
    title = forms.CharField(
        label=_("What customers may see"),
        max_length=200,
        required=False,
        help_text=_("For example: second line"),
    )
    capacity = forms.IntegerField(
        label=_("Open conversations at once"),
        min_value=0,
        max_value=500,
        help_text=_("Automatic assignment gives no more. 0: gives nothing."),
    )
    roles = forms.MultipleChoiceField(
        label=_("Roles"), choices=Role.choices, widget=forms.CheckboxSelectMultiple
    )
    team_ids = forms.TypedMultipleChoiceField(
        label=_("Teams"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )
    speaks = forms.MultipleChoiceField(
        label=SPEAKS,
        choices=list(languages.LANGUAGES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=SPEAKS_HELP,
    )

    def __init__(self, *args: Any, organisation_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = queries.teams(organisation_id).values_list("pk", "name")
        self.fields["team_ids"].choices = list(teams)  # type: ignore[attr-defined]

    def data_of(self) -> StaffData:
        clean = self.cleaned_data
        return StaffData(
            name=clean["name"],
            title=clean["title"],
            capacity=clean["capacity"],
            roles=frozenset(clean["roles"]),
            team_ids=frozenset(clean["team_ids"]),
            speaks=tuple(clean["speaks"]),
        )


class InviteForm(StaffForm):
    email = forms.EmailField(label=_("E-mail"), max_length=254)
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        help_text=_("The person can change it when accepting."),
    )
    field_order = ("email", "name", "roles", "team_ids")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.fields["title"], self.fields["capacity"], self.fields["speaks"]


class AcceptForm(HouseForm):
    name = forms.CharField(
        label=_("Your name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"})
    )
    password = forms.CharField(
        label=_("Password"),
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=_("At least 10 characters; not a common one."),
    )

    def password_rules(self) -> list[str]:
        return list(password_validators_help_texts())


class TeamForm(HouseForm):
    name = forms.CharField(label=_("Name"), max_length=100)
    round_robin = forms.BooleanField(
        label=_("Give new conversations to the next free member"),
        required=False,
        help_text=_("In turn, to those at work, up to their limit of open conversations."),
    )
    member_ids = forms.TypedMultipleChoiceField(
        label=_("Members"), coerce=int, required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, organisation_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = queries.staff(organisation_id).values_list("pk", "name")
        self.fields["member_ids"].choices = list(people)  # type: ignore[attr-defined]


class KeyForm(HouseForm):
    name = forms.CharField(
        label=pgettext_lazy("of a key", "Name"),
        max_length=100,
        help_text=_("What uses it: the name of the program"),
    )
    scopes = forms.MultipleChoiceField(
        label=_("May"),
        choices=[(scope, SCOPE_NAMES[scope]) for scope in policy.SCOPES],
        widget=forms.CheckboxSelectMultiple,
    )
    days = forms.TypedChoiceField(label=_("Expires"), coerce=int, choices=EXPIRY, initial=365)


class ProfileForm(HouseForm):
    name = forms.CharField(label=_("Name"), max_length=200, widget=forms.TextInput({"autocomplete": "name"}))
    title = forms.CharField(
        label=_("What customers may see"),
        max_length=200,
        required=False,
        help_text=_("For example: second line"),
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=[("", _("As the organisation")), *LANGUAGES], required=False
    )
    theme = forms.ChoiceField(
        label=_("Theme"),
        choices=[("", _("As the system")), ("light", _("Light")), ("dark", _("Dark"))],
        required=False,
    )
    single_keys = forms.BooleanField(
        label=_("Keys of one letter"),
        required=False,
        help_text=_("R to answer, J and K to move. Without them only combinations work."),
    )
    capacity = forms.IntegerField(
        label=_("Open conversations at once"),
        min_value=0,
        max_value=500,
        help_text=_("Automatic assignment gives no more. 0: gives nothing."),
    )
    undo_seconds = forms.IntegerField(
        label=_("Seconds to take an answer back"),
        required=False,
        min_value=0,
        max_value=120,
    )
    signature = forms.CharField(
        label=_("Signature"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 4}),
        help_text=_("Stands under your mail answers instead of the organisation's."),
    )

    speaks = forms.MultipleChoiceField(
        label=SPEAKS,
        choices=list(languages.LANGUAGES.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=SPEAKS_HELP,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["undo_seconds"].help_text = _("Empty: as the installation says, %(seconds)s.") % {
            "seconds": settings.UNDO_SECONDS
        }

    def data_of(self) -> Profile:
        clean = {
            name: value for name, value in self.cleaned_data.items() if name in Profile.__dataclass_fields__
        }
        return Profile(**clean)
