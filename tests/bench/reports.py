"""Measures `costack report`: all pages of an inventory, in fresh processes, and how large they are.

`make bench` prints; nothing here judges a time, because machines differ. Each report stands beside the
allocation of the same inventory by `costack allocate`, in the same run. With `--baseline` the largest report
is made by another checkout, too, in turn with ours. It ends with exit code 1 when a page is larger than
readers should have to open.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from tests.bench.thousand_tenants import ROOT, write_portfolio

BEFORE: Final = "2026-11"
MONTH: Final = "2026-12"
SIZES: Final = (100, 300, 1_000)
MOST_INDEX_BYTES: Final = 400 * 1024
MOST_ACCOUNT_BYTES: Final = 60 * 1024
MOST_PIXELS: Final = 3_000
"""How long a page may be on a telephone before anything is opened."""
MOST_PEAK_MB: Final = 376
_AIM_SECONDS: Final = 20
_ROUNDS: Final = 2
_COMMAND: Final = ("-c", "from cli.main import main; main()")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure every size, print, and say whether all pages are small enough."""
    options = _options().parse_args(arguments)
    console = Console(width=130)
    table = Table(title="costack report, two months, a fresh process each", title_justify="left")
    heads = (
        "tenants",
        "pages",
        "report",
        "CPU",
        "peak MB",
        "CPU per tenant",
        "allocate, CPU",
        "ratio",
        "index",
        "account",
    )
    for heading in heads:
        table.add_column(heading, justify="right")
    small = True
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            small &= _measure(Path(folder) / str(size), size, table)
        console.print(table)
        console.print(f"aim for 1,000 tenants: {_AIM_SECONDS} s, {MOST_PEAK_MB} MB")
        if options.baseline:
            trees = {"this tree": ROOT, "baseline": options.baseline.resolve()}
            console.print(_beside(trees, Path(folder) / str(SIZES[-1])))
    return 0 if small else 1


def prepared(folder: Path, size: int) -> tuple[tuple[str, ...], ...]:
    """Write the files of two months, `size` tenants in the second; the commands that report them.

    In the first a tenth of the tenants is not there yet, so every share changes, and for a cause.
    """
    (folder / "reports").mkdir(parents=True)
    months = []
    for month, tenants in ((BEFORE, size - size // 10), (MONTH, size)):
        portfolio = write_portfolio(folder / "portfolios" / month, tenants)
        _write_inventory(portfolio, folder / f"{month}.json")
        of_month = ("--inventory", str(folder / f"{month}.json"), "--portfolio", str(portfolio))
        history = ("--history", str(folder / "reports"), "--out", str(folder / "reports" / month))
        months.append(("report", *of_month, "--period", month, *history))
    return tuple(months)


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench.reports",
        description="Measures `costack report`: time, memory, and how large its pages are.",
        epilog="example:\n  python -m tests.bench.reports --baseline ../before",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--baseline", metavar="DIR", type=Path, help="a clone of another version")
    return parser


def _beside(trees: Mapping[str, Path], folder: Path) -> Table:
    """The largest report made by each of the trees, forwards and backwards in turn."""
    runs: dict[str, list[tuple[float, float, float]]] = {name: [] for name in trees}
    command = json.loads((folder / "command.json").read_text(encoding="utf-8"))
    for number in range(_ROUNDS):
        for name in trees if number % 2 == 0 else reversed(list(trees)):
            runs[name].append(_run(*command, tree=trees[name]))
    table = Table(title=f"{SIZES[-1]:,} tenants, median of {_ROUNDS}", title_justify="left")
    for heading in ("", "report", "CPU", "peak MB", "CPU of the baseline's"):
        table.add_column(heading, justify="right")
    whole = statistics.median(cpu for _, cpu, _ in runs["baseline"])
    for name, found in runs.items():
        took, cpu, peak = (statistics.median(column) for column in zip(*found, strict=True))
        table.add_row(name, f"{took:.1f} s", f"{cpu:.1f} s", f"{peak:.0f}", f"{100 * cpu / whole:.0f} %")
    return table


def _measure(folder: Path, size: int, table: Table) -> bool:
    before, month = prepared(folder, size)
    (folder / "command.json").write_text(json.dumps(month), encoding="utf-8")
    inventory = folder / f"{MONTH}.json"
    _run(*before)
    took, cpu, peak = _run(*month)
    _, base, _ = _run("allocate", "--inventory", str(inventory), "--period", MONTH, "-o", "json")
    out = folder / "reports" / MONTH
    index = (out / "index.html").stat().st_size
    account = max(path.stat().st_size for path in (out / "account").glob("*.html"))
    pages = json.loads((out / "manifest.json").read_text(encoding="utf-8"))["pages"]
    table.add_row(
        f"{size:,}",
        f"{pages:,}",
        f"{took:.1f} s",
        f"{cpu:.1f} s",
        f"{peak:.0f}",
        f"{1000 * cpu / size:.1f} ms",
        f"{base:.1f} s",
        f"{cpu / base:.1f}",
        f"{index / 1024:.0f} KB",
        f"{account / 1024:.0f} KB",
    )
    return index <= MOST_INDEX_BYTES and account <= MOST_ACCOUNT_BYTES


def _write_inventory(portfolio: Path, path: Path) -> None:
    from tiers.catalog.loading import load_catalog  # noqa: PLC0415
    from tiers.inventory import exported  # noqa: PLC0415 - measured processes start without it
    from tiers.plan.resolve import resolve  # noqa: PLC0415
    from tiers.portfolio.loading import load_portfolio  # noqa: PLC0415

    catalog = load_catalog()
    plan = resolve(catalog, load_portfolio(portfolio, catalog))
    path.write_text(json.dumps(exported(plan, {})), encoding="utf-8")


def _run(*arguments: str, tree: Path = ROOT) -> tuple[float, float, float]:
    """Wall and CPU seconds of a command in a process of its own, and its peak in MB."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, *_COMMAND, *arguments], cwd=tree, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return time.perf_counter() - begun, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


if __name__ == "__main__":
    sys.exit(main())
