"""`python -m policies.scan STATE.json`: scan an exported or previewed stack with checkov."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from enum import IntEnum
from pathlib import Path
from typing import Final

from policies.scan.checkov import scan, tags_by_resource
from policies.scan.registered import ScanError, load
from policies.scan.waivers import Verdict, judged, load_waivers, outdated
from tiers.errors import CatalogError
from tiers.escapes import visible, visible_lines

CHECKOV: Final = Path(__file__).resolve().parents[2] / ".toolchain" / "bin" / "checkov"
WAIVERS: Final = Path(__file__).with_name("waivers.yaml")


class Exit(IntEnum):
    """Exit codes of a scan; the numbers are Pulumi's."""

    OK = 0
    BAD_INPUT = 2
    POLICY = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Scan, print what passed, failed and is waived, and one line for each finding that is left."""
    options = _options(arguments)
    try:
        waivers = load_waivers(options.waivers)
        registered = load(options.state)
        outcomes = scan(registered, options.checkov)
    except (ScanError, CatalogError) as error:
        sys.stderr.write(f"{visible_lines(str(error))}\n")
        return Exit.BAD_INPUT
    tags = tags_by_resource(registered)
    verdicts = judged(outcomes, waivers, tags, options.on)
    old = () if options.part else tuple(outdated(outcomes, waivers, tags, options.on))
    sys.stdout.write("".join(f"{visible(line)}\n" for line in report(verdicts, old)))
    return Exit.POLICY if old or any(each.failed for each in verdicts) else Exit.OK


def report(verdicts: Iterable[Verdict], old: Iterable[str] = ()) -> list[str]:
    """The lines that are printed."""
    shown = list(verdicts)
    lines = [f"{'framework':<16}{'passed':>8}{'failed':>8}{'waived':>8}"]
    lines += [
        f"{each.framework:<16}{each.passed:>8}{len(each.failed):>8}{len(each.waived):>8}" for each in shown
    ]
    lines += [
        f"{finding.rule} {finding.resource}: {finding.title}" for each in shown for finding in each.failed
    ]
    return [*lines, *old]


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m policies.scan", description=__doc__)
    parser.add_argument("state", type=Path, help="from `pulumi stack export` or `pulumi preview --json`")
    parser.add_argument("--waivers", type=Path, default=WAIVERS, help="file of accepted findings")
    parser.add_argument("--checkov", type=Path, default=CHECKOV, help="the program, installed by make scan")
    parser.add_argument(
        "--on", type=date.fromisoformat, default=_today(), help="the day on which waivers must be valid"
    )
    parser.add_argument(
        "--part",
        action="store_true",
        help="accept waivers without a finding, for a stack that does not have every tier",
    )
    return parser.parse_args(arguments)


def _today() -> date:
    return datetime.now(UTC).date()


if __name__ == "__main__":
    sys.exit(main())
