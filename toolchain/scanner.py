"""Provides the Python programs of `make scan`, each in its own environment, once per user."""

from __future__ import annotations

import sys

from packages import PythonTool, command

SCANNERS = (
    # Later Pythons have no wheels of what it pins.
    PythonTool(
        "checkov", "checkov", "3.12" if sys.version_info >= (3, 13) else sys.executable, "about 200 MB"
    ),
    PythonTool("zizmor", "zizmor", sys.executable, "about 30 MB"),
    PythonTool("check-jsonschema", "check-jsonschema", sys.executable, "about 15 MB"),
)


def main() -> int:
    """Exit code 0 when all are in `.toolchain/bin`, else 1 with one sentence."""
    return command(__doc__, SCANNERS)


if __name__ == "__main__":
    sys.exit(main())
