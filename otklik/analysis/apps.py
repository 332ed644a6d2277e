from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    name = "otklik.analysis"
    label = "analysis"
    default_auto_field = "django.db.models.BigAutoField"
