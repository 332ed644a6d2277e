"""Who acts: the type other domains name in their signatures (they never import models of accounts)."""

from otklik.accounts.models import User

__all__ = ["User"]
