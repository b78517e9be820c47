"""Measures how planning, pricing and allocating grow with the tenants, and how quickly the command starts.

`make bench` prints; nothing here judges a time, because machines differ. Each figure stands beside a baseline
of the same run: what merely parsing the same files takes, what merely importing Typer takes. It ends with
exit code 1 when an allocation does not reconcile.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import yaml
from rich.console import Console
from rich.table import Table

SIZES: Final = (100, 300, 1000)
ROOT: Final = Path(__file__).resolve().parents[2]
_STARTS: Final = 5
_ENVIRONMENTS: Final = (*("production",) * 7, *("staging",) * 2, "migration")
_TENANTS_PER_NODE: Final = 4


def main() -> int:
    """Measure every size in a process of its own, print, and say whether all allocations reconciled."""
    console = Console(width=130)
    table = Table(title="plan, price and allocate from YAML, each in a fresh process", title_justify="left")
    for heading in ("tenants", "facts", "charges", "load", "plan", "price", "allocate", "process", "peak MB"):
        table.add_column(heading, justify="right")
    for heading in ("only parse", "peak MB", "ratio"):
        table.add_column(heading, justify="right")
    reconciled = True
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            portfolio = write_portfolio(Path(folder) / str(size), size)
            work, parse = _apart("work", portfolio), _apart("parse", portfolio)
            reconciled = reconciled and bool(work["reconciled"])
            table.add_row(*_cells(work, parse))
    console.print(table)
    _print_starts(console)
    if not reconciled:
        console.print("an allocation does not reconcile with its charges")
    return 0 if reconciled else 1


def write_portfolio(folder: Path, size: int) -> Path:
    """A portfolio of `size` tenants on the committed platform, with as many nodes as they need."""
    (folder / "tenants").mkdir(parents=True)
    committed = (ROOT / "portfolios" / "local" / "platform.yaml").read_text(encoding="utf-8")
    platform = yaml.safe_load(committed)
    platform["cluster"]["node_groups"][0]["nodes"] = -(-size // _TENANTS_PER_NODE)
    (folder / "platform.yaml").write_text(yaml.safe_dump(platform), encoding="utf-8")
    for number in range(size):
        text = yaml.safe_dump(_tenant(number, str(platform["region"])), sort_keys=False)
        (folder / "tenants" / f"tenant-{number:04}.yaml").write_text(text, encoding="utf-8")
    return folder


def _tenant(number: int, region: str) -> dict[str, Any]:
    environment = _ENVIRONMENTS[number % len(_ENVIRONMENTS)]
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    return {
        "tenant": f"tenant-{number:04}",
        "client": f"client-{number // 3:04}",
        "environment": environment,
        "tier": "shared-namespace",
        "region": region,
        "service_line": "odoo-hosting",
        "hostname": f"tenant-{number:04}.odoo.example.com",
        "options": {"users": 1 + number % 10, "database_gib": 1 + number % 7},
        **(ends if environment == "migration" else {}),
    }


def _apart(what: str, portfolio: Path) -> dict[str, Any]:
    """What a fresh process measured; `process` is its whole life, the start of Python included."""
    command = [sys.executable, __file__, what, str(portfolio)]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured | {"process": time.perf_counter() - begun}


def _work(portfolio: Path) -> dict[str, Any]:
    from allocation.charges import ChargePeriod  # noqa: PLC0415
    from allocation.engine.rulebook import rules_on  # noqa: PLC0415
    from allocation.errors import UnreconciledStatementError  # noqa: PLC0415
    from allocation.estimate.assumptions import Assumptions  # noqa: PLC0415  a process that only parses has none of it
    from allocation.estimate.estimated_charges import priced_charges  # noqa: PLC0415
    from allocation.estimate.estimated_statement import allocated_estimate  # noqa: PLC0415
    from allocation.prices.price_book import load_price_book  # noqa: PLC0415
    from tiers.catalog.loading import load_catalog  # noqa: PLC0415
    from tiers.plan.resolve import resolve  # noqa: PLC0415
    from tiers.portfolio.loading import load_portfolio  # noqa: PLC0415

    times: dict[str, float] = {}
    catalog = load_catalog()
    loaded = _timed(times, "load", lambda: load_portfolio(portfolio, catalog))
    plan = _timed(times, "plan", lambda: resolve(catalog, loaded))
    month = ChargePeriod.month("2026-11")
    prices, rules = load_price_book(plan.currency), rules_on(month.start.date())
    assumptions = Assumptions.on(month.start.date())
    estimated = _timed(times, "price", lambda: priced_charges(plan, prices, assumptions))
    try:
        statement = _timed(
            times, "allocate", lambda: allocated_estimate(plan, estimated, month, prices, rules)
        )
    except UnreconciledStatementError:
        reconciled = False
    else:
        allotted = statement.direct + statement.pooled + sum(statement.idle.values())
        reconciled = allotted + sum(each.units for each in statement.unallocated) == statement.charged
    return times | {
        "tenants": len(plan.tenants),
        "facts": sum(1 for _ in plan.all_facts()),
        "charges": len(estimated.charges),
        "reconciled": reconciled,
    }


def _parse(portfolio: Path) -> dict[str, Any]:
    for path in portfolio.rglob("*.yaml"):
        yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return {}


def _timed(times: dict[str, float], name: str, call: Callable[[], Any]) -> Any:
    begun = time.perf_counter()
    result = call()
    times[name] = time.perf_counter() - begun
    return result


def _cells(work: dict[str, Any], parse: dict[str, Any]) -> list[str]:
    phases = [f"{work[name]:.2f} s" for name in ("load", "plan", "price", "allocate", "process")]
    return [
        *(f"{work[name]:,}" for name in ("tenants", "facts", "charges")),
        *phases,
        f"{work['peak_mb']:.0f}",
        f"{parse['process']:.2f} s",
        f"{parse['peak_mb']:.0f}",
        f"{work['process'] / parse['process']:.1f}",
    ]


def _print_starts(console: Console) -> None:
    costack = str(Path(sys.executable).with_name("costack"))
    command = _quickest([costack, "--help"])
    typer = _quickest([sys.executable, "-c", "import typer"])
    console.print(
        f"costack --help: {command:.2f} s, python -c 'import typer': {typer:.2f} s "
        f"(the quickest of {_STARTS}), ratio {command / typer:.1f}"
    )


def _quickest(command: list[str]) -> float:
    taken = []
    for _ in range(_STARTS):
        begun = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        taken.append(time.perf_counter() - begun)
    return min(taken)


def peak_mb() -> float:
    """What this process took at most."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # bytes there, KiB here


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    measured = {"work": _work, "parse": _parse}[sys.argv[1]](Path(sys.argv[2]))
    sys.stdout.write(json.dumps(measured | {"peak_mb": peak_mb()}))
