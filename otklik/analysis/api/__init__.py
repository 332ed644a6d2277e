"""Analysis over the API: what fields and labels there are, the organisation's causes, learning from people."""

from otklik.analysis.api import learning, opinion, taxonomy

ROUTERS = (taxonomy.router, opinion.router, learning.router)

__all__ = ["ROUTERS"]
