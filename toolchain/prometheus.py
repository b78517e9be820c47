"""Provides a Prometheus with its promtool for the tests: found on PATH, or unpacked once per user."""

from __future__ import annotations

import sys

from build import numbers
from debian import DebianProgram, command

OLDEST = "2.42"
"""The oldest version that our tests were seen to pass with: Debian 12's."""
PROMETHEUS = DebianProgram(
    name="prometheus",
    title="Prometheus",
    names=("prometheus",),
    oldest=numbers(OLDEST),
    packages=("prometheus",),
    # promtool lies beside it.
    program="usr/bin/prometheus",
    fetches="Prometheus and its libraries",
    size="about 25 MB",
    remedy=f"put a `prometheus` of version {OLDEST} or newer, with its `promtool`, on PATH, "
    "then run this again.",
)


if __name__ == "__main__":
    sys.exit(command(PROMETHEUS))
