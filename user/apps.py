from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UserConfig(AppConfig):
    name = "user"
    verbose_name = _("Students")

    def ready(self) -> None:
        # Connects the receivers.
        from user import signals  # noqa: F401
