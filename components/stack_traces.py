"""Says where resources are declared without reading the program's sources.

The SDK takes a stack trace for each resource and uses files and lines of it. Python's own trace also reads
the text of every line: the sources of all modules on the stack stay in memory, 4 MiB for a platform and its
tenants, and each trace asks the file system whether one of them has changed (pulumi 3.272,
runtime/resource.py: `_get_stack_trace`).
"""

from __future__ import annotations

import sys
import traceback
from types import FrameType
from typing import Any

from pulumi.runtime import resource


class UnreadTraces:
    """The module `traceback`, whose traces read a line when somebody asks for it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(traceback, name)

    def extract_stack(self, f: FrameType | None = None, limit: int | None = None) -> traceback.StackSummary:
        """The frames that Python's function of that name finds, of its caller where none is given."""
        frame = f or sys._getframe(1)  # noqa: SLF001 - as Python's own does
        found = traceback.StackSummary.extract(traceback.walk_stack(frame), limit=limit, lookup_lines=False)
        found.reverse()
        return found


def leave_unread() -> None:
    """Take traces of resources so from now on."""
    vars(resource)["traceback"] = UnreadTraces()
