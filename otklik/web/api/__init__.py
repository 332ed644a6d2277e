"""The public API: /api/v1/ (docs/api.md). Operations live in each domain's `api`; here is the door before them."""

from __future__ import annotations

from ninja import NinjaAPI

from otklik import __version__
from otklik.accounts.api import calendar_router, directory_router, me_router
from otklik.accounts.api_staff import router as staff_router
from otklik.analysis.api import ROUTERS as ANALYSIS
from otklik.channels.api import import_router
from otklik.channels.api import router as channel_router
from otklik.channels.api_messages import router as message_router
from otklik.inbox.api import ROUTERS as INBOX
from otklik.people.api import order_router
from otklik.people.api import router as customer_router
from otklik.web.api import auth, door, errors
from otklik.web.api.overview import audit_router, event_router, operations_router
from otklik.web.api.webhooks import router as webhook_router

ABOUT = (
    "Everything the screen does. Times are RFC 3339 with an offset; lists are cut by `cursor`; every POST takes an "
    "`Idempotency-Key`; errors have one shape; missing and forbidden objects look the same (404)."
)
ROUTERS = (
    me_router,
    *INBOX,
    message_router,
    *ANALYSIS,
    customer_router,
    order_router,
    channel_router,
    import_router,
    staff_router,
    directory_router,
    calendar_router,
    event_router,
    webhook_router,
    operations_router,
    audit_router,
)

api = NinjaAPI(
    title="Otklik",
    version=__version__,
    description=ABOUT,
    openapi_url=None,
    docs_url=None,
    urls_namespace="api",
    auth=[auth.ApiKey(), auth.BrowserSession()],
    parser=door.OnceParser(),
)
errors.register(api)
for _router in ROUTERS:
    api.add_router("", door.guard(_router))
