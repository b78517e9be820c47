"""Provides the validators of FOCUS data, each in its own environment, installed once per user."""

from __future__ import annotations

import sys

from packages import PythonTool, command

VALIDATORS = (
    # Python 3.13 has no wheel of NumPy 1; on 3.11 pip silently finds 1.0.0, which knows FOCUS 1.0.
    PythonTool("focus-validator", "focus-validator", "3.12", "about 350 MB"),
    PythonTool("focus-data-toolkit", "focus-toolkit", sys.executable, "about 3 MB"),
)


def main() -> int:
    """Exit code 0 when both are in `.toolchain/bin`, else 1 with one sentence."""
    return command(__doc__, VALIDATORS)


if __name__ == "__main__":
    sys.exit(main())
