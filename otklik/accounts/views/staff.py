"""Staff, invitations and teams."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from otklik.accounts import mailer, policy, queries, services
from otklik.accounts.forms.staff import AcceptForm, InviteForm, StaffForm, TeamForm
from otklik.accounts.models import Role
from otklik.accounts.views.base import done, me, page
from otklik.audit import services as audit
from otklik.kernel import clock
from otklik.kernel.errors import NotFound

BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def staff(request: HttpRequest) -> HttpResponse:
    user = me(request, "staff.read")
    query = request.GET.get("q", "")
    may_write = policy.can(user, "staff.write")
    return page(
        request,
        "staff",
        people=queries.everybody(user.organisation_id, query),
        invitations=list(queries.invitations(user.organisation_id)) if may_write else [],
        q=query,
        may_write=may_write,
        now=clock.now(),
        role_names=dict(Role.choices),
        tab="people",
    )


def person(request: HttpRequest, user_id: int) -> HttpResponse:
    user = me(request, "staff.write")
    someone = queries.anybody(user.organisation_id, user_id)
    initial = {
        "name": someone.name,
        "title": someone.title,
        "capacity": someone.capacity,
        "roles": sorted(someone.roles),
        "team_ids": list(someone.teams.values_list("pk", flat=True)),
        "speaks": someone.speaks,
    }
    form = StaffForm(request.POST or None, initial=initial, organisation_id=user.organisation_id)
    if (
        form.is_valid()
        and form.attempt(lambda: services.update_staff(user_id, form.data_of(), by=user)) is not None
    ):
        return done(request, _("Saved"), "staff")
    return page(request, "person", form, someone=someone, tab="people")


@require_POST
def deactivate(request: HttpRequest, user_id: int) -> HttpResponse:
    someone = services.deactivate(user_id, by=me(request))
    text = _("%(name)s is switched off and signed out") % {"name": someone.name}
    return done(request, text, "staff", undo=reverse("staff_activate", args=[user_id]))


@require_POST
def activate(request: HttpRequest, user_id: int) -> HttpResponse:
    someone = services.activate(user_id, by=me(request))
    return done(request, _("%(name)s can sign in again") % {"name": someone.name}, "staff")


@require_POST
@never_cache
def password_link(request: HttpRequest, user_id: int) -> HttpResponse:
    """A link to choose a new password, shown once: for installations that send no mail."""
    user = me(request, "staff.write")
    someone = queries.user(user.organisation_id, user_id)
    key = default_token_generator.make_token(someone)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(someone), key])
    audit.record(
        "staff.password_link",
        organisation_id=user.organisation_id,
        by=user,
        kind="user",
        object_id=someone.pk,
    )
    return page(request, "link", link=mailer.absolute(path), someone=someone, kind="password", tab="people")


@never_cache
def invite(request: HttpRequest) -> HttpResponse:
    user = me(request, "staff.write")
    form = InviteForm(
        request.POST or None, organisation_id=user.organisation_id, initial={"roles": ["operator"]}
    )
    if form.is_valid():
        clean = form.cleaned_data
        made = form.attempt(
            lambda: services.invite(
                by=user,
                email=clean["email"],
                name=clean["name"],
                roles=clean["roles"],
                team_ids=clean["team_ids"],
            )
        )
        if made:
            return _show_link(request, made[0].email, made[1])
    return page(request, "invite", form, tab="people")


def _show_link(request: HttpRequest, email: str, link: str) -> HttpResponse:
    if mailer.enabled():
        return done(request, _("The invitation is on its way to %(email)s") % {"email": email}, "staff")
    return page(request, "link", link=link, email=email, kind="invitation", tab="people")


@require_POST
@never_cache
def renew(request: HttpRequest, invitation_id: int) -> HttpResponse:
    invitation, link = services.renew_invitation(invitation_id, by=me(request))
    return _show_link(request, invitation.email, link)


@require_POST
def revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    services.revoke_invitation(invitation_id, by=me(request))
    return done(request, _("The invitation is withdrawn"), "staff")


@login_not_required
@never_cache
def accept(request: HttpRequest, token: str) -> HttpResponse:
    """The invited person's first page; afterwards they are signed in."""
    try:
        invitation = queries.open_invitation(token)
    except NotFound as error:
        raise NotFound(
            _(
                "This link no longer works: it was used, withdrawn or is older than seven days. Ask for a new one."
            )
        ) from error
    form = AcceptForm(request.POST or None, initial={"name": invitation.name})
    if form.is_valid():
        clean = form.cleaned_data
        user = form.attempt(lambda: services.accept(token, name=clean["name"], password=clean["password"]))
        if user:
            login(request, user, backend=BACKEND)
            services.record_sign_in(user, ip=request.META.get("REMOTE_ADDR", ""))
            return redirect("home")
    return page(request, "accept", form, invitation=invitation)


def teams(request: HttpRequest) -> HttpResponse:
    user = me(request, "staff.read")
    rows = queries.teams(user.organisation_id).prefetch_related("members")
    return page(request, "teams", teams=rows, may_write=policy.can(user, "team.write"), tab="teams")


def team(request: HttpRequest, team_id: int | None = None) -> HttpResponse:
    user = me(request, "team.write")
    row = queries.team(user.organisation_id, team_id) if team_id else None
    initial = (
        {
            "name": row.name,
            "round_robin": row.round_robin,
            "member_ids": [each.pk for each in row.members.all()],
        }
        if row
        else {}
    )
    form = TeamForm(request.POST or None, initial=initial, organisation_id=user.organisation_id)
    if form.is_valid():
        clean = form.cleaned_data
        saved = form.attempt(
            lambda: services.save_team(
                by=user,
                name=clean["name"],
                round_robin=clean["round_robin"],
                member_ids=frozenset(clean["member_ids"]),
                team_id=team_id,
            )
        )
        if saved:
            return done(request, _("Team “%(name)s” is saved") % {"name": saved.name}, "teams")
    return page(request, "team", form, team=row, tab="teams")


@require_POST
def delete_team(request: HttpRequest, team_id: int) -> HttpResponse:
    services.delete_team(team_id, by=me(request))
    return done(request, _("The team is deleted"), "teams")
