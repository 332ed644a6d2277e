"""What accounts announce in the durable stream; payloads carry ids and codes only."""

from __future__ import annotations

TOPIC_STAFF = "staff.changed"
TOPIC_PRESENCE = "staff.presence"
TOPIC_SESSIONS_ENDED = "staff.sessions_ended"
TOPIC_DIRECTORY = "directory.changed"
TOPIC_CALENDAR = "calendar.changed"
TOPIC_ORGANISATION = "organisation.changed"

TOPICS = {
    TOPIC_STAFF: "a member of staff, a role or a team was added or changed",
    TOPIC_PRESENCE: "somebody is at work, away or not at work",
    TOPIC_SESSIONS_ENDED: "somebody was signed out everywhere",
    TOPIC_DIRECTORY: "a brand, outlet, product or employee was added or changed",
    TOPIC_CALENDAR: "working hours or an event of the calendar changed",
    TOPIC_ORGANISATION: "settings of the organisation changed",
}
