"""Provides the scanners of `make scan`, checkov and zizmor, each in its own environment, once per user."""

from __future__ import annotations

import sys

from packages import PythonTool, command

SCANNERS = (
    # Later Pythons have no wheels of what it pins.
    PythonTool(
        "checkov", "checkov", "3.12" if sys.version_info >= (3, 13) else sys.executable, "about 200 MB"
    ),
    PythonTool("zizmor", "zizmor", sys.executable, "about 30 MB"),
)


def main() -> int:
    """Exit code 0 when both are in `.toolchain/bin`, else 1 with one sentence."""
    return command(__doc__, SCANNERS)


if __name__ == "__main__":
    sys.exit(main())
