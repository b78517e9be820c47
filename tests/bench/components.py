"""Measures what the components cost beside the same resources declared raw, and how that grows with tenants.

Prints figures and whether an aim was met; judges nothing, because machines differ. It ends with exit code 1
only when the raw program does not declare what the components declare: then nothing was compared.

Three programs run in turn, each time in a fresh process, forwards and backwards so that a machine that slows
down slows all three; CPU time is that of all threads, from the first declaration to the last answer:

    raw         the custom resources that the components declare, through the same classes of the SDK, with
                tags and policy documents ready as literals, waiting for the same resources by as many
                properties. No components, no transform, no parents but the stack.
    components  SharedPlatform and TenantStack: their own registrations, the Outputs between resources, and
                for each registration the engine's call into the tagging transform and back.
    untagged    the same with `cost_tagged` passed through; the difference is what tagging takes.

Not in these figures: loading Python, the SDK and its caches (a tenant is declared first), planning, and what
a raw program would take to make names, documents and tags. In all of them: the monitor, which stands for the
engine in the same process. Its threads' time is known, so the ratio is also given without it; what gRPC's own
threads take to carry a transform's call is left in. The growth names what else is not the components' own:

    collector   Python's garbage collector, on whichever thread it started, the monitor's included.
    servers     the gRPC servers for transforms that the SDK starts; each holds open files of the process.

A resource's cost in the growth is that of the resources a row has more than the row above it.
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
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

ROOT: Final = Path(__file__).resolve().parents[2]
RATIO_AIM: Final = 1.10
AIMED_TENANTS: Final = 1000
SECONDS_AIM: Final = 120
MEGABYTES_AIM: Final = 1500
_VARIANTS: Final = ("raw", "components", "untagged")
_EXAMPLE: Final = """\
example, a quick look in about half a minute:
  python tests/bench/components.py --tenants 5 --pairs 2 --growth 10 30
"""

Measured = dict[str, Any]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what the options say and print it; say whether the raw program was the same."""
    options = _options().parse_args(arguments)
    console = Console(width=130)
    rounds = _compare(options.tenants, options.pairs) if options.pairs else []
    if rounds:
        _print_comparison(console, options.tenants, rounds)
    if options.growth:
        _print_growth(console, {size: _grown(size) for size in options.growth})
    differing = sorted({each for measured in rounds for each in measured["raw"]["differing"]})
    if differing:
        console.print(f"raw and components declare different resources: {', '.join(differing[:10])}")
    return 1 if differing else 0


def _options() -> argparse.ArgumentParser:
    about, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(
        description=about,
        epilog=f"{details.strip()}\n\n{_EXAMPLE}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--tenants", metavar="N", type=int, default=20, help="in the comparison with raw (20)"
    )
    parser.add_argument(
        "--pairs", metavar="N", type=int, default=5, help="rounds of the comparison (5); 0 leaves it out"
    )
    parser.add_argument(
        "--growth",
        metavar="N",
        type=int,
        nargs="*",
        default=[100, 300, AIMED_TENANTS],
        help="numbers of tenants to declare in one program each (100 300 1000); nothing leaves it out",
    )
    return parser


def _compare(tenants: int, pairs: int) -> list[dict[str, Measured]]:
    """What each program took in each round."""
    rounds = []
    with tempfile.TemporaryDirectory() as folder:
        recording = str(Path(folder) / "recording.json")
        _apart("record", tenants, recording)
        for number in range(pairs):
            measured = {}
            for variant in _VARIANTS if number % 2 == 0 else reversed(_VARIANTS):
                _progress(f"round {number + 1} of {pairs}: {variant}")
                files = [recording] if variant == "raw" else []
                measured[variant] = _apart(variant, tenants, *files)
            rounds.append(measured)
    return rounds


def _grown(size: int) -> Measured:
    _progress(f"{size:,} tenants under the monitor")
    begun = time.perf_counter()
    measured = _apart("grow", size)
    return measured | {"process": time.perf_counter() - begun}


def _apart(what: str, tenants: int, *files: str) -> Measured:
    """What a fresh process measured. It runs as a module: this file hides the package of its own name."""
    command = [sys.executable, "-m", "tests.bench.declaring", what, str(tenants), *files]
    quiet = os.environ | {"GRPC_VERBOSITY": "NONE"}
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=ROOT, env=quiet)
    measured: Measured = json.loads(done.stdout or "{}")
    return measured


def _progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _print_comparison(console: Console, tenants: int, rounds: list[dict[str, Measured]]) -> None:
    custom, resources = (rounds[0]["components"][key] for key in ("custom", "resources"))
    table = Table(
        title=f"CPU of {tenants} tenants and their platform: {custom} resources, {resources} with components",
        title_justify="left",
    )
    for heading in ("round", *_VARIANTS, "components/raw", "without monitor", "untagged/raw", "tagging"):
        table.add_column(heading, justify="right")
    for number, measured in enumerate(rounds, start=1):
        table.add_row(
            str(number), *(f"{measured[each]['cpu']:.2f} s" for each in _VARIANTS), *_ratios(measured)
        )
    console.print(table)
    for variant in _VARIANTS:
        each_ms = [measured[variant]["cpu"] / custom * 1000 for measured in rounds]
        monitor, collector = (_share(rounds, variant, part) for part in ("monitor", "collector"))
        console.print(
            f"{variant}: {_spread(each_ms, ' ms')} per custom resource, "
            f"{monitor:.0%} of it the monitor's, {collector:.0%} the garbage collector's"
        )
    ratios = [_ratio(measured) for measured in rounds]
    console.print(
        f"components / raw: {_spread(ratios)}, without the monitor {_spread(map(_own_ratio, rounds))}"
    )
    console.print(
        f"share of the components' CPU that tagging takes: {_spread(map(_tagging, rounds), '%', 100)}"
    )
    console.print(_aim(f"components / raw <= {RATIO_AIM:.2f}", met=statistics.median(ratios) <= RATIO_AIM))


def _share(rounds: list[dict[str, Measured]], variant: str, part: str) -> float:
    shares = [float(measured[variant][part] / measured[variant]["cpu"]) for measured in rounds]
    return statistics.median(shares)


def _ratios(measured: dict[str, Measured]) -> list[str]:
    untagged = measured["untagged"]["cpu"] / measured["raw"]["cpu"]
    return [
        f"{_ratio(measured):.2f}",
        f"{_own_ratio(measured):.2f}",
        f"{untagged:.2f}",
        f"{_tagging(measured):.0%}",
    ]


def _ratio(measured: dict[str, Measured]) -> float:
    return float(measured["components"]["cpu"] / measured["raw"]["cpu"])


def _own_ratio(measured: dict[str, Measured]) -> float:
    own = {each: measured[each]["cpu"] - measured[each]["monitor"] for each in ("components", "raw")}
    return float(own["components"] / own["raw"])


def _tagging(measured: dict[str, Measured]) -> float:
    return 1 - float(measured["untagged"]["cpu"] / measured["components"]["cpu"])


def _spread(values: Iterable[float], unit: str = "", scale: float = 1) -> str:
    scaled = sorted(value * scale for value in values)
    digits = 0 if unit == "%" else 2
    low, middle, high = (f"{each:.{digits}f}" for each in (scaled[0], statistics.median(scaled), scaled[-1]))
    return f"{middle}{unit} ({low} to {high})"


def _print_growth(console: Console, by_size: dict[int, Measured]) -> None:
    table = Table(
        title="shared tenants under the monitor, each size in a fresh process", title_justify="left"
    )
    for heading in ("tenants", "resources", "custom", "process", "CPU", "monitor", "collector", "servers"):
        table.add_column(heading, justify="right")
    for heading in ("peak MB", "CPU/resource", "kB/resource"):
        table.add_column(heading, justify="right")
    smaller: Measured = {}
    for size, measured in by_size.items():
        table.add_row(f"{size:,}", *_growth_cells(measured, smaller))
        smaller = measured
    console.print(table)
    if AIMED_TENANTS in by_size:
        measured = by_size[AIMED_TENANTS]
        seconds, megabytes = measured["process"], measured["peak_mb"]
        console.print(_aim(f"1,000 tenants < {SECONDS_AIM} s ({seconds:.0f} s)", met=seconds < SECONDS_AIM))
        console.print(
            _aim(f"1,000 tenants < {MEGABYTES_AIM:,} MB ({megabytes:,.0f} MB)", met=megabytes < MEGABYTES_AIM)
        )


def _growth_cells(measured: Measured, smaller: Measured) -> list[str]:
    """A row of the growth; what a resource more takes is told against the row above."""
    cells = [
        f"{measured['resources']:,}",
        f"{measured['custom']:,}",
        f"{measured['process']:.1f} s",
        f"{measured['cpu']:.1f} s",
        f"{measured['monitor']:.1f} s",
        f"{measured['collector']:.1f} s",
        f"{measured['servers']:,}",
        f"{measured['peak_mb']:,.0f}",
    ]
    more = measured["resources"] - smaller["resources"] if smaller else 0
    if not more:
        return [*cells, "", ""]
    milliseconds, kilobytes = ((measured[key] - smaller[key]) / more * 1000 for key in ("cpu", "peak_mb"))
    return [*cells, f"{milliseconds:.2f} ms", f"{kilobytes:.0f}"]


def _aim(what: str, *, met: bool) -> str:
    return f"aim {what}: {'met' if met else 'missed'}"


if __name__ == "__main__":
    sys.exit(main())
