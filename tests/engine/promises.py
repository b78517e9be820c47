"""What a cost preview says of a change of a tenant's tier, and whether the estimate says it afterwards."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from tests.engine.listing import pass_the_window
from tests.engine.project import STACK, Project

REGION: Final = "eu-west-1"
IN_REGION: Final = {
    # What is restored there for a test has no price in the price book.
    "cross-region-backup": ("--set", f"dr_region={REGION}", "--accept", "unpriced")
}


@dataclass(frozen=True)
class Promise:
    """A cost preview of one tenant on another tier: before the change, and what it must be after it."""

    project: Project
    tenant: str
    preview: dict[str, Any]

    @property
    def moved(self) -> dict[str, Any]:
        """What it says of the tenant."""
        (moved,) = [each for each in self.preview["tenants"] if each["tenant"] == self.tenant]
        assert moved["kind"] == "moved"
        return dict(moved)

    def is_kept(self) -> None:
        """The change is over: nothing is left to do, and every figure of the estimate is the preview's."""
        project, promised = self.project, self.preview
        pass_the_window(project)
        project.refresh("--yes", "--skip-preview")
        project.up("--expect-no-changes")
        allocated = json.loads(project.costack("allocate", "--stack", STACK, "-o", "json").stdout)
        assert {each["tenant"]: each["total"] for each in allocated["tenants"]} == {
            each["tenant"]: each["cost"]["after"] for each in promised["tenants"]
        }
        assert allocated["totals"]["charged"] == promised["bill"]["after"]
        assert Decimal(allocated["totals"]["difference"]) == 0
        assert allocated["totals"]["idle"] == promised["idle"]["after"]
        assert len(allocated["unpriced"]) == len(promised["unpriced"]["after"])
        amount, currency = shown(project)[self.tenant].split()
        # Cents are given out so that they add up: one may be a cent beside its own rounding.
        assert abs(Decimal(amount) - Decimal(self.moved["cost"]["after"])) < Decimal("0.01")
        assert currency == "USD"
        again = said(project, "--stack", STACK, "--expect-no-changes")
        assert again["no_changes"] is True
        assert again["bill"]["before"] == promised["bill"]["after"]


def promise(project: Project, tenant: str, before: str, after: str) -> Promise:
    """What a preview says of the tenant on another tier."""
    what_if = ("--tenant", tenant, "--tier", after, *IN_REGION.get(after, ()))
    made = Promise(project, tenant, said(project, "--stack", STACK, *what_if))
    assert made.moved["tier"] == {"before": before, "after": after}
    return made


def said(project: Project, *arguments: str) -> dict[str, Any]:
    """The JSON of `costack preview`."""
    result: dict[str, Any] = json.loads(project.costack("preview", *arguments, "-o", "json").stdout)
    return result


def shown(project: Project) -> dict[str, str]:
    """The stack output that `pulumi preview` and `pulumi up` show."""
    said = project.pulumi("stack", "output", "monthly_estimate", "--json", "--stack", STACK)
    estimates: dict[str, str] = json.loads(said.stdout)
    return estimates


def is_the_largest(project: Project, server: str) -> None:
    """The server of a tenant on the largest tier is really there, beside the shared one."""
    there = databases(project)
    assert there.keys() == {"local-postgresql", server}
    own = there[server]
    kind = (own["DBInstanceClass"], own["MultiAZ"], own["AllocatedStorage"])
    assert kind == ("db.r7g.large", True, 100)


def databases(project: Project) -> dict[str, dict[str, Any]]:
    """The servers that AWS lists."""
    found = project.clients().get("rds").describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"]: each for each in found}
