"""The plugin `costack`: the engine starts it when a program declares one of its components."""

from __future__ import annotations

import sys

from pulumi.provider import main

from plugin.provider import CostackProvider

main(CostackProvider(), sys.argv[1:])
