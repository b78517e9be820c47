"""Portfolios in cells, made of the committed one."""

from __future__ import annotations

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from tests.portfolios import LOCAL, local_plan
from tiers.inventory import Inventory, exported, read_inventory
from tiers.plan.cells.assigned import assigned
from tiers.plan.cells.stacks import part_of, stacks_of, without_platform
from tiers.plan.plan import TenantPlan
from tiers.portfolio.cells.assignment import CELLS_FILE, Assignment, assignment_text
from tiers.portfolio.cells.section import PLATFORM_STACK, CellsSpec

RULE = CellsSpec(tenants_per_cell=2)


@cache
def shared_and_dedicated() -> tuple[TenantPlan, TenantPlan]:
    """A tenant that shares everything, and one with a server of its own."""
    plan = local_plan()
    shared, dedicated = plan.tenant("acme"), plan.tenant("cobalt")
    assert shared is not None
    assert dedicated is not None
    return shared, dedicated


def named(name: str, client: str, *, dedicated: bool = False) -> TenantPlan:
    """A tenant of these names, as far as assignments look at it."""
    return shared_and_dedicated()[dedicated].model_copy(update={"tenant": name, "client": client})


def in_cells(
    target: Path, *, per_cell: int = 2, assignment: Assignment | None = None, name: str = "local"
) -> Path:
    """The committed portfolio with `cells` and its assignment, in a folder of its name."""
    folder = Path(shutil.copytree(LOCAL, target / name))
    with (folder / "platform.yaml").open("a", encoding="utf-8") as file:
        file.write(f"cells: {{tenants_per_cell: {per_cell}}}\n")
    stored = assignment or assigned(local_plan().tenants, CellsSpec(tenants_per_cell=per_cell), Assignment())
    (folder / CELLS_FILE).write_text(assignment_text(stored), encoding="utf-8")
    return folder


def inventories(assignment: Assignment) -> list[Inventory]:
    """What the stacks of the committed portfolio export, the platform first."""
    made = []
    for stack in stacks_of(assignment):
        part = part_of(local_plan(), assignment, stack)
        told: dict[str, Any] = {"stack": stack, "contract": "told"}
        ids = {f"{each.tenant}/logs": f"arn:aws:logs:{each.tenant}" for each in part.tenants}
        if stack == PLATFORM_STACK:
            told["tenants"] = dict(assignment.tenants)
            ids = {"platform/key": "arn:aws:kms:key"}
        else:
            part = without_platform(part)
        made.append(read_inventory(json.loads(json.dumps(exported(part, ids, one_of=told))), stack))
    return made
