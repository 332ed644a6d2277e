"""The company itself, as customers name it: every entry carries its spellings."""

from __future__ import annotations

from django.db import models

from otklik.accounts.models.staff import Organisation


class Named(models.Model):
    """Shared by the directory's entries: `key` is the company's own code, used by imports to update."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=64)
    name = models.CharField(max_length=200)
    spellings = models.JSONField(default=list)
    archived_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True
        constraints = [models.UniqueConstraint(fields=["organisation", "key"], name="%(class)s_key_once")]

    def __str__(self) -> str:
        return self.name


class Brand(Named):
    pass


class Outlet(Named):
    city = models.CharField(max_length=100, blank=True, default="")
    address = models.CharField(max_length=300, blank=True, default="")
    hours = models.CharField(max_length=200, blank=True, default="")


class Product(Named):
    category = models.CharField(max_length=100, blank=True, default="")
    brand = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, related_name="+")
    price = models.DecimalField(max_digits=12, decimal_places=2, null=True)


class Employee(Named):
    """Somebody customers meet and name; not necessarily a user of Otklik."""

    role_title = models.CharField(max_length=200, blank=True, default="")
    outlet = models.ForeignKey(Outlet, on_delete=models.SET_NULL, null=True, related_name="+")
