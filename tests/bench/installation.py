"""Measures what an installation costs: the wheel in an empty environment, and the package from a git address.

Beside another checkout, in turns, each with an empty cache. Packages come from the registry of this machine.
`make bench` prints; nothing here judges a time, because machines differ.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final, NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from tests.portfolios import ROOT

INSTALLS: Final = 3
_MIB: Final = 1024 * 1024
_UV: Final = ROOT / ".toolchain" / "uv" / "bin" / "uv"


class Installed(NamedTuple):
    """An installation by the clock, and what lies on the disk afterwards."""

    seconds: float
    mib: float


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.installation", description=__doc__)
    parser.add_argument(
        "--baseline", type=Path, help="a checkout to compare with, such as a worktree with its own .venv"
    )
    parser.add_argument("--installs", type=int, default=INSTALLS, help="so many of each installation")
    options = parser.parse_args(arguments)
    trees = {"this": ROOT} | ({"baseline": options.baseline.resolve()} if options.baseline else {})
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="costack-bench-") as scratch:
        ways = _ways(trees, Path(scratch))
        console.print(_table("installation with an empty cache", ways, options.installs, ("s", "MiB")))
    return 0


Ways = Mapping[tuple[str, str], Callable[[], tuple[float, ...]]]
"""What is measured, and of which checkout -> one measurement."""


def _ways(trees: Mapping[str, Path], scratch: Path) -> Ways:
    """The installations of each checkout: of its wheel where it has one, and of its address in git."""
    ways: dict[tuple[str, str], Callable[[], tuple[float, ...]]] = {}
    for name, tree in trees.items():
        wheel = built(tree, scratch / f"wheel-{name}")
        for extra in ("", "[local]"):
            what = f"wheel{extra}" if wheel else f"tree{extra}"
            ways[what, name] = partial(installed, f"{wheel or tree}{extra}", scratch)
        repository = bare(tree, scratch / f"{name}.git")
        ways["from git", name] = partial(installed, f"costack @ git+file://{repository}", scratch)
    return ways


def built(tree: Path, folder: Path) -> Path | None:
    """The wheel of a checkout, by its own build backend; None where it has no package to build."""
    done = subprocess.run(
        [_UV, "build", "--wheel", "--out-dir", folder, tree], capture_output=True, text=True, check=False
    )
    return next(folder.glob("*.whl"), None) if done.returncode == 0 else None


def bare(tree: Path, folder: Path) -> Path:
    """A bare repository with the commit of a checkout: what an address in git leads to."""
    _run("git", "clone", "--quiet", "--bare", tree, folder)
    return folder


def installed(what: str, scratch: Path) -> Installed:
    """Install *what* into an empty environment, with nothing in uv's cache."""
    with tempfile.TemporaryDirectory(dir=scratch) as made:
        environment, cache = Path(made) / "venv", Path(made) / "cache"
        _run(_UV, "venv", "--quiet", "--python", sys.executable, environment)
        begun = time.perf_counter()
        _run(
            *(_UV, "pip", "install", "--quiet", "--cache-dir", cache),
            *("--python", environment / "bin" / "python", what),
        )
        return Installed(time.perf_counter() - begun, _size(environment) / _MIB)


def _table(title: str, ways: Ways, rounds: int, units: Sequence[str]) -> Table:
    seen: dict[tuple[str, str], list[tuple[float, ...]]] = {}
    for _ in range(rounds):
        for way, measure in ways.items():
            seen.setdefault(way, []).append(measure())
    table = Table(title=f"{title}, in turns: medians of {rounds}, least and most", title_justify="left")
    for heading in ("", "checkout", *units):
        table.add_column(heading, justify="right")
    for (what, name), found in sorted(seen.items()):
        table.add_row(escape(what), name, *(_range(each) for each in zip(*found, strict=True)))
    return table


def _range(numbers: Sequence[float]) -> str:
    middle, least, most = (f"{each:.2f}" for each in (median(numbers), min(numbers), max(numbers)))
    return f"{middle} ({least}-{most})"


def _size(folder: Path) -> int:
    return sum(path.lstat().st_size for path in _files(folder))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink())


def _run(*command: str | Path) -> None:
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} {command[1]}: {done.stderr.strip()[-500:]}")


if __name__ == "__main__":
    sys.exit(main())
