"""The engine's options as the settings have them. Imports no torch."""

from __future__ import annotations

from django.conf import settings

from portrait.engine.options import EngineOptions


def engine_options() -> EngineOptions:
    """Whatever starts an engine starts it with these."""
    chosen = settings.PORTRAIT
    motion_config, motion_weights = chosen["MOTION_MODEL"]
    certificate, key = chosen["C2PA"]
    return EngineOptions(
        checkpoints=chosen["CHECKPOINTS"],
        motion_config=motion_config,
        motion_weights=motion_weights,
        device=chosen["DEVICE"],
        precision=chosen["PRECISION"],
        threads=chosen["THREADS"],
        ai_mark=chosen["AI_MARK"],
        formats=chosen["FORMATS"],
        c2pa=(certificate, key) if certificate and key else None,
    )
