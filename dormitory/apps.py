from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class DormitoryConfig(AppConfig):
    name = "dormitory"
    verbose_name = _("Houses")

    def ready(self) -> None:
        # Connects the receivers and registers the check.
        from dormitory import checks, signals  # noqa: F401
