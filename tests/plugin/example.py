"""The committed example of the plugin: what its Pulumi YAML says, read without Pulumi."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from plugin.schema import PATH
from plugin.spelling import Spelling
from tests.portfolios import ROOT, catalog
from tiers.plan.from_program import plan_of_documents
from tiers.plan.plan import Plan

EXAMPLES: Path = ROOT / "examples" / "plugin"
EXAMPLE: Path = EXAMPLES / "yaml"


def variables() -> dict[str, Any]:
    """The variables of the example: the platform, and a tenant each."""
    content = yaml.safe_load((EXAMPLE / "Pulumi.yaml").read_text(encoding="utf-8"))
    found: dict[str, Any] = content["variables"]
    return found


def platform() -> dict[str, Any]:
    """The example's platform, with the names that files have."""
    return _for_file(variables()["platform"], "Platform")


def tenants() -> list[dict[str, Any]]:
    """The example's tenants, with the names that files have."""
    return [_for_file(value, "Tenant") for name, value in variables().items() if name != "platform"]


def inputs() -> dict[str, Any]:
    """The inputs of the example's platform as the program gives them."""
    found = variables()
    return {"platform": found.pop("platform"), "tenants": list(found.values())}


def _for_file(value: dict[str, Any], kind: str) -> dict[str, Any]:
    spelling = Spelling(json.loads(PATH.read_text(encoding="utf-8")))
    found: dict[str, Any] = spelling.for_file(value, {"$ref": f"#/types/costack:index:{kind}"}, "")
    return found


def plan() -> Plan:
    """The plan that the same values make in this process."""
    return plan_of_documents(platform(), tenants(), catalog())
