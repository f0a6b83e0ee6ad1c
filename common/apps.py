from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        from common import health, part_headers

        part_headers.install()
        health.readiness.register("database", health.database)
