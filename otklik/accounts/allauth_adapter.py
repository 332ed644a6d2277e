"""Where allauth meets our rules: no open sign-up, mail through our outbox, sign-in and sign-out on record."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest
from django.urls import reverse

from otklik.accounts import mailer, services
from otklik.accounts.models import User


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Render as allauth does, send as we do: after the commit, repeated when the server is away."""
        message = self.render_mail(
            template_prefix, email, {"request": self.request, "email": email, **context}
        )
        user = context.get("user")
        organisation_id = user.organisation_id if isinstance(user, User) else None
        mailer.queue(email, message.subject, message.body, organisation_id=organisation_id)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """The link as people open Otklik (SITE_URL), whatever host the request named."""
        uid, _dash, token = key.partition("-")
        return mailer.absolute(reverse("account_reset_password_from_key", args=[uid, token]))

    def format_email_subject(self, subject: str) -> str:
        return subject

    def post_login(self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any) -> Any:
        if isinstance(user, User):
            services.record_sign_in(user, ip=self.get_client_ip(request))
        return super().post_login(request, user, **kwargs)

    def logout(self, request: HttpRequest) -> None:
        if isinstance(request.user, User):
            services.record_sign_out(request.user)
        super().logout(request)


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    def get_public_key_credential_rp_entity(self) -> dict[str, Any]:
        entity: dict[str, Any] = super().get_public_key_credential_rp_entity()
        return {**entity, "name": "Отклик"}
