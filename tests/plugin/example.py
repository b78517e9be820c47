"""The committed example of the plugin: what its Pulumi YAML says, read without Pulumi."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.portfolios import ROOT, catalog
from tiers.plan.from_program import plan_of_documents
from tiers.plan.plan import Plan

EXAMPLE: Path = ROOT / "examples" / "plugin"


def variables() -> dict[str, Any]:
    """The variables of the example: the platform, and a tenant each."""
    content = yaml.safe_load((EXAMPLE / "Pulumi.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = content["variables"]
    return found


def platform() -> dict[str, Any]:
    """The example's platform."""
    found: dict[str, Any] = variables()["platform"]
    return found


def tenants() -> list[dict[str, Any]]:
    """The example's tenants."""
    return [value for name, value in variables().items() if name != "platform"]


def plan() -> Plan:
    """The plan that the same values make in this process."""
    return plan_of_documents(platform(), tenants(), catalog())
