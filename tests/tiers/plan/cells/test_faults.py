"""What contradicts a portfolio in `cells.yaml` is a sentence with file, line and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.portfolios import local_plan
from tests.tiers.plan.cells.portfolios import RULE, in_cells
from tiers.errors import CatalogError
from tiers.plan.cells.assigned import assigned
from tiers.plan.resolve import plan_of_folder
from tiers.portfolio.cells.assignment import Assignment

STORED = assigned(local_plan().tenants, RULE, Assignment())


def refused(folder: Path) -> str:
    with pytest.raises(CatalogError) as told:
        plan_of_folder(folder)
    return str(told.value)


def test_what_fits_is_the_plan_without_cells(tmp_path: Path) -> None:
    assert plan_of_folder(in_cells(tmp_path)) == local_plan()


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"acme": None}, "3: tenants: 'acme' has no stack; run `costack stacks assign`"),
        ({"gone": "cell-1"}, "9: tenants.gone: no file in tenants/ has it; bring that back, or run"),
        (
            {"acme": "tenant-cobalt"},
            "4: tenants.acme: 'tenant-cobalt' is the stack of another client's tenant",
        ),
        (
            {"acme": "tenant-acne"},
            "4: tenants.acme: 'tenant-acne' is named after no tenant; expected a cell or",
        ),
        ({"cobalt": "cell-1"}, "3: tenants: cell-1 has 3 tenants, and cells.tenants_per_cell is 2"),
        (
            {"acme": "platform"},
            "4: tenants.acme: Value should be a cell or a tenant's own stack, such as cell-3",
        ),
    ],
)
def test_contradictions(tmp_path: Path, changes: dict[str, str | None], fault: str) -> None:
    tenants = {name: stack for name, stack in ({**STORED.tenants, **changes}).items() if stack}
    folder = in_cells(tmp_path, assignment=Assignment.model_construct(tenants=tenants))
    assert f"{folder}/cells.yaml:{fault}" in refused(folder)


def test_file_and_rule_come_together(tmp_path: Path) -> None:
    folder = in_cells(tmp_path)
    (folder / "cells.yaml").rename(folder / "kept.yaml")
    assert "cells.yaml: is missing, and platform.yaml has `cells`" in refused(folder)
    platform = folder / "platform.yaml"
    platform.write_text(platform.read_text(encoding="utf-8").replace("cells: {", "#"), encoding="utf-8")
    plan_of_folder(folder)
    (folder / "kept.yaml").rename(folder / "cells.yaml")
    assert "cells.yaml: is there, and platform.yaml has no `cells`" in refused(folder)


def test_a_live_refresh_needs_one_stack(tmp_path: Path) -> None:
    apart = Assignment(tenants={**STORED.tenants, "acme": "cell-2", "borealis": "cell-1"})
    for folder, told in (
        (in_cells(tmp_path / "one", assignment=apart), True),
        (in_cells(tmp_path / "two"), False),
    ):
        with (folder / "tenants" / "acme-staging.yaml").open("a", encoding="utf-8") as file:
            file.write("refresh_schedule: {from_tenant: acme, every: monthly, live: true}\n")
        if not told:
            plan_of_folder(folder)
            continue
        assert "acme-staging: is refreshed live from acme, which cell-2 deploys" in refused(folder)
