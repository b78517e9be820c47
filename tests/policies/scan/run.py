"""`make scan`: production tenants of every tier, judged by checkov; and a weak stack, to see that it judges.

Outside pytest, because checkov brings an environment of its own.
"""

from __future__ import annotations

import json
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from policies.scan.__main__ import CHECKOV, Exit, main, report
from policies.scan.checkov import scan
from policies.scan.registered import load
from policies.scan.waivers import judged
from tests.policies.scan.declared import exported_state, production_of_every_tier
from tests.policies.scan.weak import weak_state

LEAST_FAILURES: Final = {"kubernetes": 15, "terraform_plan": 25}
"""What the weak stack must fail at least, in each framework; fewer means that the scan has gone blind."""


def run() -> int:
    """Scan both; exit code 0 when the strong one is clean and the weak one is not."""
    with tempfile.TemporaryDirectory(prefix="costack-scan-") as scratch:
        sys.stdout.write("production tenants of every tier\n")
        strong = main([str(_written(Path(scratch) / "strong.json", _strong()))])
        if strong == Exit.BAD_INPUT:
            return strong
        outcomes = scan(load(_written(Path(scratch) / "weak.json", weak_state())), CHECKOV)
    sys.stdout.write("\na stack that is weak on purpose\n")
    lines = report(judged(outcomes, (), {}, datetime.now(UTC).date()))
    sys.stdout.write("".join(f"{line}\n" for line in lines[: len(outcomes) + 1]))
    failed = {each.framework: len(each.failed) for each in outcomes}
    if any(failed.get(framework, 0) < least for framework, least in LEAST_FAILURES.items()):
        sys.stderr.write("the weak stack fails less than it must: the scan no longer sees what it should\n")
        return Exit.POLICY
    return strong


def _strong() -> dict[str, Any]:
    return exported_state(production_of_every_tier())


def _written(path: Path, state: dict[str, Any]) -> Path:
    path.write_text(json.dumps(state), encoding="utf-8")
    return path


if __name__ == "__main__":
    sys.exit(run())
