"""Provides a Valkey or Redis for the tests: found on PATH, or Debian's packages unpacked once per user."""

from __future__ import annotations

import sys

from build import numbers
from debian import DebianProgram, command

OLDEST = "7.0"
"""The oldest version that our tests were seen to pass with."""
CACHE_SERVER = DebianProgram(
    name="cache-server",
    title="Valkey or Redis",
    names=("valkey-server", "redis-server"),
    oldest=numbers(OLDEST),
    # The server's package has a link only, to a program in the tools.
    packages=("redis-server", "redis-tools"),
    program="usr/bin/redis-server",
    fetches="Redis and its libraries",
    size="about 2 MB",
    remedy=(
        f"put a `valkey-server` or `redis-server` of version {OLDEST} or newer on PATH, then run this again."
    ),
)


if __name__ == "__main__":
    sys.exit(command(CACHE_SERVER))
