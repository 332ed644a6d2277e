"""Analysis over the API: what fields and labels there are, and the organisation's causes."""

from otklik.analysis.api import taxonomy

ROUTERS = (taxonomy.router,)

__all__ = ["ROUTERS"]
