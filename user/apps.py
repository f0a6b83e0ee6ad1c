from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UserConfig(AppConfig):
    name = "user"
    verbose_name = _("Students")

    def ready(self) -> None:
        # Connects the receivers, and registers the description of the tokens.
        from user import schema, signals  # noqa: F401
