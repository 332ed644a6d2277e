"""Customers: one person, many identities; what they prefer; what they bought."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from otklik.kernel.jobs import FileJob
from otklik.people.engine.values import show_phone


class AddressForm(models.TextChoices):
    UNKNOWN = "", _("Not known")
    VY = "vy", _("Formal (вы)")
    TY = "ty", _("Informal (ты)")


class Customer(models.Model):
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200, blank=True, default="")
    city = models.CharField(max_length=100, blank=True, default="")
    phone = models.CharField(max_length=32, blank=True, default="")  # E.164
    email = models.CharField(max_length=254, blank=True, default="")
    preferred_channel = models.CharField(max_length=32, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    address_form = models.CharField(max_length=2, choices=AddressForm, blank=True, default="")
    contact_time = models.CharField(max_length=100, blank=True, default="")  # in the customer's words
    # the same as hours that routing and sending keep (engine.hours): "18:00"; empty: not said
    contact_since = models.CharField(max_length=5, blank=True, default="")
    contact_until = models.CharField(max_length=5, blank=True, default="")
    contact_days = models.CharField(
        max_length=7, blank=True, default=""
    )  # digits, Monday 0; empty: every day
    time_zone = models.CharField(max_length=64, blank=True, default="")  # empty: the organisation's
    handling_notes = models.TextField(blank=True, default="")  # how to talk to this person (S2-13)
    do_not_contact = models.BooleanField(default=False)
    do_not_contact_reason = models.CharField(max_length=300, blank=True, default="")
    do_not_call = models.BooleanField(default=False)
    do_not_call_reason = models.CharField(max_length=300, blank=True, default="")
    merged_into = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="merged_from")
    first_seen_at = models.DateTimeField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "id"], name="customer_live", condition=Q(merged_into=None)),
            models.Index(fields=["organisation", "email"], name="customer_email"),
            models.Index(fields=["organisation", "phone"], name="customer_phone"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or show_phone(self.phone) or f"#{self.pk}"

    @property
    def first_name(self) -> str:
        return self.name.split()[0] if self.name.strip() else ""

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper() or "?"


class Identity(models.Model):
    """One face of a customer. `scope` is the channel account for ids that mean something only there;
    empty for those that are the same everywhere (a mail address, a phone number)."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identities")
    kind = models.CharField(max_length=32)
    scope = models.CharField(max_length=64, blank=True, default="")
    external_id = models.CharField(max_length=254)
    name = models.CharField(max_length=200, blank=True, default="")
    handle = models.CharField(max_length=100, blank=True, default="")
    url = models.CharField(max_length=500, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "scope", "external_id"], name="identity_once"
            )
        ]


class IdentityRemoval(models.Model):
    """A face that was taken away, whole, so that this can be taken back; kept for a day."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    identity = models.JSONField()  # every column of the row, its number too: merges name it
    profile = models.JSONField(default=dict)  # field of the customer → [before, after]
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["organisation", "at"], name="identity_removal_at")]


class CustomerMerge(models.Model):
    """What a merge moved, so that it can be taken back."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    survivor = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    merged = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    moved = models.JSONField(
        default=dict
    )  # {"identities": [...], "orders": [...], "conversations": [...], "fields": {...}}
    by = models.ForeignKey("accounts.User", on_delete=models.PROTECT, null=True, related_name="+")
    at = models.DateTimeField()
    undone_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["merged"], name="merged_once", condition=Q(undone_at=None)),
        ]


class OrderImport(FileJob):
    """One run of a file of orders."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    table = models.JSONField(default=dict)  # {"encoding", "delimiter", "columns"} as found
    created_by = models.ForeignKey("accounts.User", on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["running", "done", "failed", "cancelled"]),
                name="order_import_state_known",
            )
        ]
        indexes = [models.Index(fields=["organisation", "-id"], name="order_import_list")]


class OrderImportProblem(models.Model):
    """A row that was not taken; worded when it is shown, with the row itself from the file."""

    job = models.ForeignKey(OrderImport, on_delete=models.CASCADE, related_name="problems")
    row = models.PositiveIntegerField()
    code = models.CharField(max_length=64)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["job", "row"], name="order_import_problem_row")]


class KeptApart(models.Model):
    """Two customers who look alike and are not the same person: never suggested again. `one` < `other`."""

    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    one = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")
    other = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["one", "other"], name="kept_apart_once")]


class Order(models.Model):
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.CASCADE, related_name="+")
    customer = models.ForeignKey(Customer, on_delete=models.SET_NULL, null=True, related_name="orders")
    number = models.CharField(max_length=64)
    ordered_at = models.DateTimeField(null=True)
    items = models.JSONField(default=list)  # [{"name", "quantity", "price"}]
    total = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    outlet_key = models.CharField(max_length=64, blank=True, default="")
    promised_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    paid_at = models.DateTimeField(null=True)
    returned_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "number"], name="order_number_once")]
        indexes = [models.Index(fields=["customer", "-ordered_at"], name="order_customer")]
