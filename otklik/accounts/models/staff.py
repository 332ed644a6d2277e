"""Organisations, the people who work in Otklik, their roles and teams."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from otklik.accounts.policy import rights_of_roles


class Organisation(models.Model):
    """A company. Everything else belongs to exactly one; nothing is shared between two."""

    name = models.CharField(max_length=200)
    spellings = models.JSONField(default=list)  # how customers write the name
    time_zone = models.CharField(max_length=64, default="Europe/Moscow")
    language = models.CharField(max_length=5, default="ru")
    signature = models.TextField(blank=True, default="")  # default end of a mail answer
    settings = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.name


class Role(models.TextChoices):
    OPERATOR = "operator", _("Operator")
    SUPERVISOR = "supervisor", _("Supervisor")
    ANALYST = "analyst", _("Analyst")
    PUBLISHER = "publisher", _("Publisher")
    PR = "pr", _("PR")
    QA = "qa", _("Quality control")
    LAWYER = "lawyer", _("Lawyer")
    MANAGER = "manager", _("Manager")
    ADMINISTRATOR = "administrator", _("Administrator")


class Presence(models.TextChoices):
    ONLINE = "online", _("At work")
    AWAY = "away", _("Away")
    OFFLINE = "offline", _("Not at work")


class UserManager(BaseUserManager["User"]):
    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser):
    """A member of staff; belongs to one organisation, which keeps companies apart by construction."""

    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="staff")
    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=200)
    title = models.CharField(
        max_length=200, blank=True, default=""
    )  # what customers may see, e.g. «2-я линия»
    is_active = models.BooleanField(default=True)
    language = models.CharField(max_length=5, blank=True, default="")
    theme = models.CharField(max_length=8, blank=True, default="")  # light, dark, empty = as the system
    single_keys = models.BooleanField(default=True)  # WCAG 2.1.4: single-letter shortcuts can be switched off
    signature = models.TextField(blank=True, default="")
    # codes of kernel.languages in which the person answers customers; empty: the organisation's language
    speaks = models.JSONField(default=list)
    capacity = models.PositiveSmallIntegerField(default=30)  # open conversations given automatically
    presence = models.CharField(max_length=8, choices=Presence, default=Presence.OFFLINE)
    seen_at = models.DateTimeField(null=True)
    assigned_at = models.DateTimeField(null=True)  # last automatic assignment: whose turn it is
    preferences = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = UserManager()

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="user_email_once")]
        indexes = [models.Index(fields=["organisation", "is_active"], name="user_active")]

    def __str__(self) -> str:
        return self.name

    def get_full_name(self) -> str:
        return self.name

    @cached_property
    def roles(self) -> frozenset[str]:
        return frozenset(self.grants.values_list("role", flat=True))

    @cached_property
    def rights(self) -> frozenset[str]:
        return rights_of_roles(self.roles)

    def can_answer_in(self, language: str) -> bool:
        """Whether the person answers customers in a language; nothing said means the organisation's own."""
        return language in (self.speaks or [self.organisation.language])

    @property
    def initials(self) -> str:
        return "".join(part[0] for part in self.name.split()[:2]).upper()

    # the audit's idea of an actor; an API key that acts for this person (accounts.keys) stands in its own name
    acting_key: Any = None

    @property
    def audit_kind(self) -> str:
        return "api" if self.acting_key else "staff"

    @property
    def audit_id(self) -> int | None:
        return self.acting_key.audit_id if self.acting_key else self.pk

    @property
    def audit_name(self) -> str:
        return str(self.acting_key.audit_name) if self.acting_key else self.name

    # django.contrib.auth and allauth ask these; rights live in policy.py alone
    is_staff = False
    is_superuser = False

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        return False

    def has_module_perms(self, app_label: str) -> bool:
        return False


class RoleGrant(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="grants")
    role = models.CharField(max_length=16, choices=Role)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "role"], name="role_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="role_known"),
        ]


class Team(models.Model):
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="teams")
    name = models.CharField(max_length=100)
    round_robin = models.BooleanField(default=False)  # give new conversations to the next free member
    members: models.ManyToManyField[User, TeamMember] = models.ManyToManyField(
        User, through="TeamMember", related_name="teams"
    )

    class Meta:
        constraints = [models.UniqueConstraint(fields=["organisation", "name"], name="team_name_once")]

    def __str__(self) -> str:
        return self.name


class TeamMember(models.Model):
    team = models.ForeignKey(Team, on_delete=models.CASCADE)
    user = models.ForeignKey(User, on_delete=models.CASCADE)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["team", "user"], name="team_member_once")]
