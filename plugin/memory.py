"""Gives memory back to the system that the allocator of the C library keeps for later.

A plugin reads megabytes of compiled code for a moment. The allocator of glibc learns from each such block to
serve the next ones from its heap, where they leave holes, and has a heap for each thread (mallopt(3),
`M_MMAP_THRESHOLD`, `M_ARENA_MAX`). Other C libraries have no such functions, and are left as they are.
"""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
_BYTES: Final = 128 * 1024
"""The thresholds that glibc begins with; one that is set stays."""

_LIBRARY: Final = ctypes.CDLL("msvcrt" if sys.platform == "win32" else None)


def keep_little() -> None:
    """Keep no large block for later, and have one heap for all threads; called before there are threads."""
    if hasattr(_LIBRARY, "mallopt"):
        for option, value in ((_TRIM_THRESHOLD, _BYTES), (_MMAP_THRESHOLD, _BYTES), (_ARENA_MAX, 1)):
            _LIBRARY.mallopt(option, value)


def give_back() -> None:
    """Give all pages back on which nothing is; takes milliseconds."""
    if hasattr(_LIBRARY, "malloc_trim"):
        _LIBRARY.malloc_trim(0)
