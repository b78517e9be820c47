"""The plugin `costack`: the engine starts it when a program declares one of its components."""

from __future__ import annotations

import sys
from datetime import UTC, datetime

from pulumi.provider import main

from plugin.provider import CostackProvider

main(CostackProvider(lambda: datetime.now(UTC).date()), sys.argv[1:])
