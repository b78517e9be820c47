"""Measures `costack preview`: one what-if in a process that has everything loaded, and whole portfolios.

`make bench` prints; nothing here judges a time, because machines differ. One what-if stands beside one
allocation of the same portfolio, a whole preview beside merely parsing the same files, in the same run. It
ends with exit code 1 when a preview does not hold the whole difference.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.thousand_tenants import ROOT, peak_mb, write_portfolio

SIZES: Final = (100, 300, 1_000, 3_000, 10_000)
_REPEATS: Final = 15
_AIM_SECONDS: Final = 2
_AIM_MB: Final = 300


def main() -> int:
    """Measure, print, and say whether every preview was whole."""
    console = Console(width=130)
    _print_one(console)
    table = Table(title="costack preview of one tier change, a fresh process each", title_justify="left")
    for heading in ("tenants", "process", "CPU", "peak MB", "CPU per tenant", "only parse, CPU", "ratio"):
        table.add_column(heading, justify="right")
    whole = True
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            portfolio = write_portfolio(Path(folder) / str(size) / "local", size)
            seen, parsed = _apart("preview", portfolio), _apart("parse", portfolio)
            whole = whole and bool(seen["whole"])
            table.add_row(
                f"{size:,}",
                f"{seen['process']:.2f} s",
                f"{seen['cpu']:.2f} s",
                f"{seen['peak_mb']:.0f}",
                f"{1000 * seen['cpu'] / size:.2f} ms",
                f"{parsed['cpu']:.2f} s",
                f"{seen['cpu'] / parsed['cpu']:.1f}",
            )
    console.print(table)
    console.print(f"aims for 1,000 tenants: {_AIM_SECONDS} s and {_AIM_MB} MB")
    return 0 if whole else 1


def _print_one(console: Console) -> None:
    """One what-if on the committed portfolio, in turns with one allocation of it."""
    from allocation.preview.cost_estimate import cost_estimate  # noqa: PLC0415
    from tests.allocation.previews import changed, comparison_of, conditions, now, preview_of  # noqa: PLC0415

    now()
    what_ifs, allocations = [], []
    for _ in range(_REPEATS):
        begun = time.perf_counter()
        preview_of(comparison_of("cobalt", "ha-postgresql"))
        between = time.perf_counter()
        cost_estimate(changed("cobalt"), conditions())
        what_ifs.append(between - begun)
        allocations.append(time.perf_counter() - between)
    one, other = median(what_ifs), median(allocations)
    console.print(
        f"one what-if after load: median {1000 * one:.0f} ms of {_REPEATS}, one allocation "
        f"{1000 * other:.0f} ms, ratio {one / other:.2f}"
    )


def _apart(what: str, portfolio: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "tests.bench.previews", what, str(portfolio)]
    begun = time.perf_counter()
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured | {"process": time.perf_counter() - begun}


def _preview(portfolio: Path) -> dict[str, Any]:
    """What the command does, its output read back."""
    from cli.main import main as costack  # noqa: PLC0415

    out = portfolio / "preview.json"
    what_if = ["--tenant", "tenant-0000", "--tier", "dedicated-db", "--period", "2026-11", "-o", "json"]
    sys.argv = ["costack", "preview", "--portfolio", str(portfolio), *what_if, "--out-file", str(out)]
    with suppress(SystemExit):
        costack()
    shown = json.loads(out.read_text(encoding="utf-8"))
    parts = [*(each["cost"] for each in shown["tenants"]), shown["idle"], shown["unallocated"]]
    whole = sum(Decimal(part["difference"]) for part in parts) == Decimal(shown["bill"]["difference"])
    return {"whole": whole, "tenants": len(shown["tenants"])}


def _parse(portfolio: Path) -> dict[str, Any]:
    import yaml  # noqa: PLC0415

    for path in portfolio.rglob("*.yaml"):
        yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    return {}


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    measured = {"preview": _preview, "parse": _parse}[sys.argv[1]](Path(sys.argv[2]))
    used = resource.getrusage(resource.RUSAGE_SELF)
    sys.stdout.write(json.dumps(measured | {"peak_mb": peak_mb(), "cpu": used.ru_utime + used.ru_stime}))
