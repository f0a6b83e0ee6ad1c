"""The engine's options as the settings have them. Imports no torch."""

from __future__ import annotations

from django.conf import settings

from portrait.engine.options import EngineOptions


def engine_options() -> EngineOptions:
    chosen = settings.PORTRAIT
    return EngineOptions(
        checkpoints=chosen["CHECKPOINTS"],
        device=chosen["DEVICE"],
        precision=chosen["PRECISION"],
        threads=chosen["THREADS"],
        ai_mark=chosen["AI_MARK"],
    )
