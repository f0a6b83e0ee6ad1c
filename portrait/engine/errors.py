"""What can go wrong while a portrait is made, each with a code that no release changes."""

from __future__ import annotations

from pathlib import Path


class EngineError(Exception):
    """A fault with a stable ``code`` (for programs) and a one-line ``detail`` (for people).

    ``code`` is part of the engine's public face: the job row, the API and the command line repeat it.
    """

    code = "engine_error"

    def __init__(self, detail: str, *, code: str | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[object, ...]:
        # Faults cross a process border on their way from the pool's child to its parent.
        return (_rebuild, (type(self), self.detail, self.__dict__.copy()))


def _rebuild(cls: type[EngineError], detail: str, state: dict[str, object]) -> EngineError:
    error = cls.__new__(cls)
    Exception.__init__(error, detail)
    error.__dict__.update(state)
    return error


class PhotoError(EngineError):
    """The uploaded bytes are not a photo that we accept; ``code`` says which rule they break."""

    code = "photo_unreadable"


class NoFaceError(EngineError):
    """No face was found in the photo."""

    code = "no_face"


class CheckpointError(EngineError):
    """A weights file is missing, cut short, of other shapes, or carries code. Names file and first key."""

    code = "bad_checkpoint"

    def __init__(self, path: Path | str, problem: str, *, key: str | None = None) -> None:
        super().__init__(f"{path}: {problem}" + (f" (at {key!r})" if key is not None else ""))
        self.path = str(path)
        self.key = key


class ChoiceError(EngineError):
    """A style, motion, order or other option that does not exist, or does not fit the model."""

    code = "unknown_choice"


class EncodingError(EngineError):
    """The encoder stopped before the file was whole."""

    code = "encoding_failed"


class CredentialsError(EngineError):
    """The certificate or its key cannot be used to sign, or a file cannot be signed."""

    code = "credentials_unusable"


class MotionFileError(EngineError):
    """A motion template is missing, damaged, or holds something else. Names the file."""

    code = "bad_motion"

    def __init__(self, path: Path | str, problem: str) -> None:
        super().__init__(f"{path}: {problem}")
        self.path = str(path)
