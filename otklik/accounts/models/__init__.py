from otklik.accounts.models.access import ApiKey, Invitation
from otklik.accounts.models.calendar import CalendarEvent, WorkingCalendar
from otklik.accounts.models.company import Brand, Employee, Outlet, Product
from otklik.accounts.models.staff import Organisation, Role, RoleGrant, Team, TeamMember, User

__all__ = [
    "ApiKey",
    "Brand",
    "CalendarEvent",
    "Employee",
    "Invitation",
    "Organisation",
    "Outlet",
    "Product",
    "Role",
    "RoleGrant",
    "Team",
    "TeamMember",
    "User",
    "WorkingCalendar",
]
