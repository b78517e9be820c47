"""Fails where a module is hardly run by any test, from the JSON that coverage wrote."""

from __future__ import annotations

import json
import sys
from pathlib import Path

FLOOR = 60
"""Percent of its statements: less than that is a module that no test is about."""


def below(
    report: dict[str, dict[str, dict[str, dict[str, float]]]], floor: float = FLOOR
) -> dict[str, float]:
    """Modules below the floor, and how much of each is run; one without statements has none to run.

    >>> tried = {"a.py": (10, 90.0), "b.py": (10, 12.5), "empty.py": (0, 0.0)}
    >>> summary = {n: {"summary": {"num_statements": c, "percent_covered": p}} for n, (c, p) in tried.items()}
    >>> below({"files": summary})
    {'b.py': 12.5}
    """
    summaries = {path: each["summary"] for path, each in report["files"].items()}
    return {
        path: each["percent_covered"]
        for path, each in summaries.items()
        if each["num_statements"] and each["percent_covered"] < floor
    }


def main() -> int:
    """The exit code is 1 when there is such a module."""
    found = below(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    for path, percent in sorted(found.items()):
        print(f"{path}: {percent:.0f} % of its statements are run by a test, {FLOOR} % are asked for")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
