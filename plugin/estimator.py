"""Estimates in a process of their own: what divides costs stays in a process, and takes a plugin's half.

A plugin lives as long as an update and needs an estimate once. DuckDB and what it has allocated for that are
60 to 80 MiB, which it gives back when its process ends.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any, Final

import pulumi

from allocation.estimate.amounts import EstimatedMonth
from tiers.errors import CatalogError
from tiers.plan.plan import Plan

_ROOT: Final = Path(__file__).parents[__name__.count(".")]
"""Where the packages lie: the clone, or where they are installed."""
_REFUSED: Final = "refused"
_MONTH: Final = "month"


def estimates_of(plan: Plan, day: date) -> EstimatedMonth:
    """What each tenant of *plan* costs in the month of *day*, such as `412.07 USD`.

    A catalog of its own is looked for in the folder of the program, where the engine starts a plugin.

    Raises:
        CatalogError: When that catalog is not there.
        RunError: When the process ends without an answer.
    """
    question = {"plan": plan.model_dump(mode="json"), "day": day.isoformat()}
    others = os.environ.get("PYTHONPATH")
    done = subprocess.run(  # noqa: S603 - this interpreter and this module
        # What lies in the folder of a program must not stand in for a module of ours: -P.
        [sys.executable, "-P", "-m", __name__],
        input=json.dumps(question),
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(_ROOT), *([others] if others else [])])},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise pulumi.RunError(f"the process of the estimate ended with code {done.returncode}: {said[-1]}")
    answer = json.loads(done.stdout)
    if _REFUSED in answer:
        raise CatalogError(*answer[_REFUSED])
    return EstimatedMonth(**answer[_MONTH])


def answered(question: Mapping[str, Any]) -> dict[str, Any]:
    """What that process answers: the month, or the sentences of the mistakes in a catalog."""
    from allocation.estimate.estimated_month import (  # noqa: PLC0415 - only there with DuckDB
        estimated_month,
    )
    from allocation.estimate.folders import folders_of_plan  # noqa: PLC0415

    plan, day = Plan.model_validate(question["plan"]), date.fromisoformat(question["day"])
    try:
        folders = folders_of_plan(plan, Path())
    except CatalogError as error:
        return {_REFUSED: error.problems}
    return {_MONTH: asdict(estimated_month(plan, day, folders))}


if __name__ == "__main__":
    json.dump(answered(json.load(sys.stdin)), sys.stdout)
