"""What glibc's allocator does with freed memory: an engine keeps it, a web process returns it."""

from __future__ import annotations

import ctypes
import sys

# mallopt(3)
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Tell glibc's allocator to serve large blocks from its heap and never to shrink it. True if it was told.

    A batch of frames needs blocks of tens of megabytes. By default each is mapped afresh, and clearing its pages
    costs as much as a convolution: upsampling took 35 times, a convolution twice as long. For processes that only
    compute, because the heap stays as large as it ever was. Nothing happens where there is no glibc.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except (OSError, AttributeError):
        return False
    return all(
        mallopt(option, value)
        for option, value in ((_M_MMAP_MAX, 0), (_M_TRIM_THRESHOLD, 2**31 - 1), (_M_TOP_PAD, 64 * 2**20))
    )


def return_freed_memory() -> bool:
    """Give freed heap memory back to the system, malloc_trim(3). True if some was. Nothing happens without glibc."""
    if not sys.platform.startswith("linux"):
        return False
    try:
        return bool(ctypes.CDLL("libc.so.6").malloc_trim(0))
    except (OSError, AttributeError):
        return False
