"""First start: an organisation, an administrator whose password is printed once, and the demo company on wish."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from otklik.accounts import services
from otklik.web.demo import loader


class Command(BaseCommand):
    help = "Prepare an empty installation. Example: python -m otklik.web.manage bootstrap --demo"

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--demo", action="store_true", help="load the demo company")
        parser.add_argument("--email", default="admin@otklik.local", help="login of the first administrator")
        parser.add_argument("--organisation", default="Моя компания", help="name of the company")

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("createcachetable", verbosity=0)
        call_command("collectstatic", interactive=False, verbosity=0)
        made = services.first_administrator(email=options["email"], organisation_name=options["organisation"])
        if made is None:
            return
        user, password = made
        # printed before anything else can fail: it is shown once and stored nowhere
        self.stdout.write(f"login: {user.email}")
        self.stdout.write(f"password: {password}")
        self.stdout.flush()
        if options["demo"]:
            loader.load(user)
