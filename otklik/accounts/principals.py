"""Who acts: the types other domains name in their signatures (they never import models of accounts)."""

from __future__ import annotations

from dataclasses import dataclass

from otklik.accounts.models import ApiKey, User

__all__ = ["KeyPrincipal", "User"]


@dataclass(frozen=True)
class KeyPrincipal:
    """A program with an API key: a `policy.Principal` and an `audit.Actor`. `user` made the key."""

    key: ApiKey
    rights: frozenset[str]

    audit_kind = "api"

    @property
    def organisation_id(self) -> int:
        return self.key.organisation_id

    @property
    def user(self) -> User:
        return self.key.created_by

    @property
    def audit_id(self) -> int | None:
        return self.key.pk

    @property
    def audit_name(self) -> str:
        return self.key.name
