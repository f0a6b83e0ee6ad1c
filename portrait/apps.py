from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortraitConfig(AppConfig):
    name = "portrait"
    verbose_name = _("Portraits")

    def ready(self) -> None:
        # Connects the receivers, and registers the checks.
        from portrait import (
            checks,  # noqa: F401
            monitoring,
            signals,  # noqa: F401
        )

        monitoring.register()
