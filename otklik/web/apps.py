from django.apps import AppConfig


class WebConfig(AppConfig):
    name = "otklik.web"
    label = "web"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from otklik.web import wiring  # noqa: PLC0415 models must be loaded first

        wiring.connect()
