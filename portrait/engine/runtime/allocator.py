"""What glibc's allocator does with freed memory: an engine keeps it, a web process returns it."""

from __future__ import annotations

import ctypes
import sys

# mallopt(3)
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4


def keep_freed_memory() -> bool:
    """Make glibc's allocator serve large blocks from its heap and never shrink it. Returns whether that succeeded.

    A batch of frames needs blocks of tens of megabytes. By default each is mapped again, and clearing its pages
    costs as much as a convolution: upsampling took 35 times, a convolution twice as long. Meant for processes that
    only compute, because the heap keeps its largest size. Does nothing without glibc.
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
