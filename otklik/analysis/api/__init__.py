"""Analysis over the API: what fields and labels there are, and the organisation's causes."""

from otklik.analysis.api import opinion, taxonomy

ROUTERS = (taxonomy.router, opinion.router)

__all__ = ["ROUTERS"]
