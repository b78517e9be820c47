"""Measures a portfolio in cells: who is where, which stacks a change is for, and their inventories together.

`make bench` prints; nothing here judges a time, because machines differ. Each figure stands beside merely
parsing the same files, in the same run. It ends with exit code 1 when a change of one tenant's file is for
more than its cell, or when the inventories of all stacks together are another plan than the portfolio's.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.thousand_tenants import ROOT, peak_mb, write_portfolio

SIZES: Final = (1_000, 3_000, 10_000)
_PER_CELL: Final = 100
_CHANGED: Final = "tenant-0007"


def main() -> int:
    """Measure, print, and say whether everything was as it has to be."""
    console = Console(width=130)
    table = Table(title="tenants in cells of 100, a fresh process each: seconds of CPU", title_justify="left")
    headings = ("tenants", "stacks", "assign", "matrix", "a change", "peak MB", "join all", "peak MB")
    for heading in (*headings, "only parse"):
        table.add_column(heading, justify="right")
    right = True
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            portfolio = write_portfolio(Path(folder) / str(size) / "local", size)
            with (portfolio / "platform.yaml").open("a", encoding="utf-8") as file:
                file.write(f"cells: {{tenants_per_cell: {_PER_CELL}, own_stack: []}}\n")
            seen = {name: _apart(name, portfolio) for name in ("assign", "matrix", "change", "join", "parse")}
            right = right and all(bool(each["right"]) for each in seen.values())
            cpu = {name: f"{each['cpu']:.2f}" for name, each in seen.items()}
            table.add_row(
                f"{size:,}",
                str(seen["matrix"]["stacks"]),
                cpu["assign"],
                cpu["matrix"],
                cpu["change"],
                f"{seen['change']['peak_mb']:.0f}",
                cpu["join"],
                f"{seen['join']['peak_mb']:.0f}",
                cpu["parse"],
            )
    console.print(table)
    return 0 if right else 1


def _apart(name: str, portfolio: Path) -> dict[str, Any]:
    """What a fresh process measures."""
    command = [sys.executable, "-m", "tests.bench.cells", name, str(portfolio)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def _measure(name: str, portfolio: Path) -> dict[str, Any]:
    begun = time.process_time()
    found = {"assign": _assign, "matrix": _matrix, "change": _change, "join": _join, "parse": _parse}[name](
        portfolio
    )
    return {"right": True, **found, "cpu": time.process_time() - begun, "peak_mb": peak_mb()}


def _assign(portfolio: Path) -> dict[str, Any]:
    from cli.actions.provision.stacks import assign_tenants  # noqa: PLC0415
    from tiers.portfolio.cells.assignment import load_assignment  # noqa: PLC0415

    assign_tenants(portfolio, portfolio, dry_run=False)
    assignment = load_assignment(portfolio)
    return {"right": assignment is not None and len(assignment.tenants) > 0}


def _matrix(portfolio: Path) -> dict[str, Any]:
    from cli.actions.provision.stacks import Request, listed_all  # noqa: PLC0415

    listed = listed_all(Request(portfolio, None, portfolio))
    return {"stacks": len(listed)}


def _change(portfolio: Path) -> dict[str, Any]:
    """One tenant's file differs: two portfolios are planned and compared."""
    from cli.actions.provision.stacks import Request, updates  # noqa: PLC0415

    with tempfile.TemporaryDirectory() as folder:
        before = Path(shutil.copytree(portfolio, Path(folder) / "local"))
        file = before / "tenants" / f"{_CHANGED}.yaml"
        file.write_text(
            file.read_text(encoding="utf-8").replace("hostname: ", "hostname: was."), encoding="utf-8"
        )
        _, listed = updates(Request(portfolio, None, portfolio, base_folder=before))
    return {"right": [each.because for each in listed] == [(_CHANGED,)]}


def _join(portfolio: Path) -> dict[str, Any]:
    """The inventories of all stacks, read and joined as one."""
    from tiers.inventory import exported, joined, read_inventory  # noqa: PLC0415
    from tiers.plan.cells.stacks import part_of, stacks_of, without_platform  # noqa: PLC0415
    from tiers.plan.resolve import plan_of_folder  # noqa: PLC0415
    from tiers.portfolio.cells.assignment import Assignment, load_assignment  # noqa: PLC0415

    plan, assignment = plan_of_folder(portfolio), load_assignment(portfolio) or Assignment()
    parts = []
    for stack in stacks_of(assignment):
        part, told = part_of(plan, assignment, stack), {"stack": stack, "contract": "told"}
        is_platform = stack == "platform"
        about = {**told, "tenants": dict(assignment.tenants)} if is_platform else told
        document = exported(part if is_platform else without_platform(part), {}, one_of=about)
        parts.append(read_inventory(json.loads(json.dumps(document)), stack))
    return {"right": joined(parts, "bench").plan == plan}


def _parse(portfolio: Path) -> dict[str, Any]:
    from tiers.strict_yaml import load_tree  # noqa: PLC0415

    return {"files": len([load_tree(path) for path in sorted(portfolio.glob("**/*.yaml"))])}


if __name__ == "__main__":
    if len(sys.argv) > 1:
        out = sys.stdout
        sys.stdout = sys.stderr
        measured = _measure(sys.argv[1], Path(sys.argv[2]))
        out.write(json.dumps(measured))
    else:
        raise SystemExit(main())
