"""The pure mail engine: `parse`, `raw_key`, `split`. No Django, no I/O."""

from otklik.channels.mail.engine.model import Address, Attachment, Bounce, ParsedMail, Problem
from otklik.channels.mail.engine.parse import parse, raw_key
from otklik.channels.mail.engine.reply import Reply, cut, split

__all__ = [
    "Address",
    "Attachment",
    "Bounce",
    "ParsedMail",
    "Problem",
    "Reply",
    "cut",
    "parse",
    "raw_key",
    "split",
]
