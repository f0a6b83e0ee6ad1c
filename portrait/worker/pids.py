"""Whether processes of the worker are alive."""

from __future__ import annotations

import os


def is_alive(pid: int) -> bool:
    """Whether the process ``pid`` exists and is ours."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # the id was used again, by another user
    return True
