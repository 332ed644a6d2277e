"""The form of an address that is told."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from otklik.web.webhooks.topics import TOPICS


class WebhookForm(forms.Form):
    """Services check everything; their sentence is put on the field it names."""

    name = forms.CharField(
        label=_("Name of the address"),
        max_length=100,
        required=False,
        help_text=_("How colleagues recognise it, e.g. “CRM”."),
    )
    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        help_text=_("Begins with https://. Otklik sends POST requests there."),
    )
    topics = forms.MultipleChoiceField(
        label=_("What to tell"),
        choices=[(name, words) for name, words in TOPICS.items()],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        help_text=_("Nothing chosen: everything."),
    )

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ("name", "url", "topics")}


class ReplayForm(forms.Form):
    since = forms.DateTimeField(label=_("From"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"}))
    until = forms.DateTimeField(
        label=_("Until"), widget=forms.DateTimeInput(attrs={"type": "datetime-local"})
    )
    all = forms.BooleanField(label=_("Also what was delivered"), required=False)
