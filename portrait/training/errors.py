"""Errors of the training code."""

from __future__ import annotations

from portrait.engine.errors import EngineError


class TrainingDataError(EngineError):
    """A folder of training data that cannot be used; the text says what is missing. Code ``training_data``."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail, code="training_data")
