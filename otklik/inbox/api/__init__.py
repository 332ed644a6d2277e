"""The inbox over the API: conversations, what is said in them, and what people set up around them."""

from otklik.inbox.api import contacts, conversations, grouping, messages, rules, setup

ROUTERS = (
    conversations.router,
    grouping.router,
    messages.router,
    setup.router,
    rules.router,
    contacts.router,
)

__all__ = ["ROUTERS"]
