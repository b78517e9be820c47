"""`make focus`: files of every version, judged by both validators; and broken ones, to see that they judge.

Outside pytest, because the validators bring environments of their own (`toolchain/focus_validators.py`).
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Final, NamedTuple

import duckdb

from allocation.adapters.focus.run import FocusVersion
from allocation.adapters.focus.writer import write_focus
from tests.allocation.adapters.focus.applicability import ABSENT_IN_1_4, APPLICABLE, set_aside
from tests.allocation.adapters.focus.sample import RUN, allocated

BIN: Final = Path(__file__).parents[4] / ".toolchain" / "bin"
_TOTAL: Final = re.compile(r"^Total: (\d+) \| Pass: (\d+) \| Fail: (\d+) \| Skipped: (\d+)$", re.MULTILINE)
_FAILED: Final = re.compile(r"^\N{CROSS MARK} ([\w-]+): FAIL", re.MULTILINE)
_VIOLATION: Final = re.compile(r"^  \[\w+:(\w+)\] (\S+?)[ :]", re.MULTILINE)
_NO_VIOLATION: Final = "structural+semantic lint OK"

# Judged by the Foundation: what is replaced in a FOCUS 1.2 file -> the rules that must see it.
BROKEN_1_2: Final = {
    "'Support' AS ServiceCategory": "ServiceCategory-C-003-M",
    "NULL::VARCHAR AS PricingUnit": "PricingUnit-C-006-C",
    "'usd' AS BillingCurrency": "BillingCurrency-C-006-M",
    "COALESCE(PricingQuantity, 1) AS PricingQuantity": "PricingQuantity-C-004-C",
    "'fixed' AS ChargeClass": "ChargeClass-C-005-C",
}
# Judged by the toolkit: what is replaced in a FOCUS 1.4 file -> what must be found.
BROKEN_1_4: Final = {
    "BilledCost + 1 AS BilledCost": "FDT-ALLOC-002",
    "replace(AllocatedMethodDetails, 'Ratio\":0.', 'Ratio\":0.9') AS AllocatedMethodDetails": "FDT-ALLOC-001",
    "replace(AllocatedMethodDetails, 'Usage', '') AS AllocatedMethodDetails": "custom_key_not_prefixed",
    "NULL::VARCHAR AS ServiceProviderName": "null_not_allowed",
    "'+' || ListCost AS ListCost": "bad_numeric_format",
}

# The toolkit wants a consumer on every row and each once. FOCUS wants none on what is left of an origin
# (AllocatedResourceId MUST be null there) and lets a consumer have several rows, as when pools serve pools.
_FOR_THE_TOOLKIT: Final = """
    CASE WHEN x_SplitOriginId IS NOT NULL THEN COALESCE(AllocatedResourceId, 'idle') END
    || ' ' || x_Part || ' of ' || x_Via AS AllocatedResourceId"""
# It also wants one unit in an origin, but every way out of a pool has the unit of its own driver.
_MIXED: Final = """SELECT x_SplitOriginId FROM read_parquet(?) WHERE x_SplitOriginId IS NOT NULL
    GROUP BY 1 HAVING COUNT(DISTINCT x_Via) > 1"""


class Verdict(NamedTuple):
    """What a validator said of a file: how many it checked, and what failed for no reason that we gave."""

    checked: str
    failed: Collection[str]


def main() -> int:
    """Exit code 0 when nothing fails that applies and everything that is broken is seen, else 1."""
    missing = [name for name in ("focus-validator", "focus-toolkit") if not (BIN / name).exists()]
    if missing:
        sys.stderr.write(f"{missing[0]} is not installed: run `python toolchain/focus_validators.py`\n")
        return 1
    with tempfile.TemporaryDirectory(prefix="costack-focus-") as scratch:
        folder = Path(scratch)
        files = _files(folder)
        good = [
            _reported("FOCUS 1.2, focus-validator", by_foundation(files[FocusVersion.V1_2], folder)),
            _reported("FOCUS 1.3, focus-data-toolkit", by_toolkit(files[FocusVersion.V1_3], folder)),
            _reported("FOCUS 1.4, focus-data-toolkit", by_toolkit(files[FocusVersion.V1_4], folder)),
        ]
        seen = [
            *_breaks_1_2(files[FocusVersion.V1_2], folder),
            *_breaks_1_4(files[FocusVersion.V1_4], folder),
        ]
    return 0 if all(good) and all(seen) else 1


def by_foundation(file: Path, scratch: Path) -> Verdict:
    """Judge a FOCUS 1.2 file by the rules of the Foundation's model 1.2.0.1 that apply."""
    # It reads its currencies relative to where it is started, and leaves a log there.
    program = (BIN / "focus-validator").resolve()
    (package,) = program.parents[1].glob("lib/python*/site-packages/focus_validator")
    here = Path(tempfile.mkdtemp(dir=scratch))
    (here / package.name).symlink_to(package)
    rules = (
        "--validate-version",
        "1.2",
        "--block-download",
        "--applicability-criteria",
        ",".join(APPLICABLE),
    )
    said = _said(program, "--data-file", file, *rules, cwd=here)
    total = _TOTAL.search(said)
    failed = _FAILED.findall(said)
    # Its exit code is 0 even when rules fail.
    if total is None or int(total[3]) != len(failed):
        return Verdict("nothing that can be read", [said[-500:]])
    aside = sum(map(set_aside, failed))
    checked = f"{total[0]} ({aside} of the failures set aside)"
    return Verdict(checked, sorted(rule for rule in failed if not set_aside(rule)))


def by_toolkit(file: Path, scratch: Path) -> Verdict:
    """Judge a FOCUS 1.3 or 1.4 file by the toolkit's model of 1.4 and its checks of split cost allocation."""
    rows = _rewritten(file, scratch / f"{file.stem}.for-toolkit.csv", _FOR_THE_TOOLKIT)
    said = _said(BIN / "focus-toolkit", "validate", "--dataset", "cost-and-usage", rows, cwd=scratch)
    violations = _VIOLATION.findall(said)
    if not violations and _NO_VIOLATION not in said:
        return Verdict("nothing that can be read", [said[-500:]])
    expected = {("unknown_column", column) for column in ABSENT_IN_1_4} if "1.3" in file.name else set()
    report = json.loads(
        _said(
            BIN / "focus-toolkit",
            "validate-bundle",
            "--format",
            "json",
            "--cost-and-usage",
            rows,
            cwd=scratch,
        )
    )
    mixed = {origin for (origin,) in duckdb.execute(_MIXED, [str(file)]).fetchall()}
    found = [(each["rule_id"], each["record_keys"].get("x_SplitOriginId")) for each in report["diagnostics"]]
    aside = [each for each in found if each[0] == "FDT-ALLOC-007" and each[1] in mixed]
    failed = sorted({rule for rule, column in violations if (rule, column) not in expected})
    failed += sorted({code for code, origin in found if (code, origin) not in aside})
    done = ", ".join(report["checks_run"])
    return Verdict(f"lint and {done} ({len(expected) + len(aside)} findings set aside)", failed)


def _files(folder: Path) -> dict[FocusVersion, Path]:
    connection = duckdb.connect()
    allocated(connection)
    return {version: write_focus(connection, folder, version, RUN) for version in FocusVersion}


def _breaks_1_2(file: Path, scratch: Path) -> Iterable[bool]:
    broken = _rewritten(file, scratch / "broken.parquet", ", ".join(BROKEN_1_2))
    failed = by_foundation(broken, scratch).failed
    for breaking, rule in BROKEN_1_2.items():
        yield _seen(breaking, rule, failed)


def _breaks_1_4(file: Path, scratch: Path) -> Iterable[bool]:
    for breaking, rule in BROKEN_1_4.items():
        broken = _rewritten(file, scratch / "broken-1.4.parquet", breaking)
        yield _seen(breaking, rule, by_toolkit(broken, scratch).failed)


def _rewritten(file: Path, target: Path, replacing: str) -> Path:
    moments = ", ".join(
        f"strftime({name} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%SZ') AS {name}"
        for name in ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
    )
    replaced = f"{replacing}, {moments}" if target.suffix == ".csv" else replacing
    rows = f"SELECT * REPLACE ({replaced}) FROM read_parquet('{file}', hive_partitioning = false)"  # noqa: S608 - our own file
    duckdb.execute(f"COPY ({rows}) TO '{target}'")
    return target


def _said(program: Path, *arguments: object, cwd: Path) -> str:
    done = subprocess.run(
        [str(part) for part in (program, *arguments)], cwd=cwd, capture_output=True, text=True, check=False
    )
    return done.stdout or done.stderr


def _reported(what: str, verdict: Verdict) -> bool:
    sys.stdout.write(f"{what}: {verdict.checked}; failed: {', '.join(verdict.failed) or 'none'}\n")
    return not verdict.failed


def _seen(breaking: str, rule: str, failed: Collection[str]) -> bool:
    caught = rule in failed
    sys.stdout.write(
        f"broken on purpose, {breaking}: {rule} {'sees it' if caught else f'IS BLIND ({failed})'}\n"
    )
    return caught


if __name__ == "__main__":
    sys.exit(main())
