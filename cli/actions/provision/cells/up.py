"""`costack stacks up`: updates many stacks from one machine, and goes on where it stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from allocation.runs.cells.changes import Changes
from cli.actions.provision.stacks import Listed, Request, updates
from cli.console.output import echo
from cli.console.progress import warn
from lifecycle.adapters.automation import update
from lifecycle.cells.updates import Ended, OnError, Result, Update, Updates
from lifecycle.errors import LifecycleError
from lifecycle.evidence import append, read
from tiers.change.effect import first_names
from tiers.plan.cells.stacks import parts_of
from tiers.portfolio.cells.section import PLATFORM_STACK


@dataclass(frozen=True)
class Run:
    """How stacks are updated; each field is the option of its name."""

    parallel: int
    on_error: OnError
    journal: Path | None
    logs: Path | None
    policy_packs: tuple[str, ...]


def update_stacks(request: Request, run: Run) -> None:
    """Update the stacks that a change is for; what the journal has as deployed is left out.

    Raises:
        CatalogError: As `updates`.
        LifecycleError: When an update failed.
    """
    found, listed = updates(request)
    wanted = list(_wanted(found, listed))
    deployed = dict(_deployed(run.journal))
    progress = _Progress(len(wanted), run.journal)
    one = partial(update, project=request.cwd, policy_packs=run.policy_packs, logs=run.logs)
    ended = Updates(one, run.parallel, run.on_error, progress.told).run(wanted, deployed)
    _report(ended, run)


def _wanted(found: Changes, listed: Sequence[Listed]) -> Iterator[Update]:
    parts = parts_of(found.after.plan, found.after.assignment)
    platform = parts[PLATFORM_STACK].model_dump_json()
    for each in listed:
        tenants = [tenant.model_dump_json() for tenant in parts[each.stack].tenants]
        digest = hashlib.sha256("\n".join((platform, *tenants)).encode()).hexdigest()
        yield Update(each.name, each.wave, digest)


def _deployed(journal: Path | None) -> Iterator[tuple[str, str]]:
    """Stack -> digest of the newest update that succeeded."""
    if journal is not None and journal.is_file():
        for line in read(journal):
            if line.get("succeeded") is True:
                yield str(line.get("stack")), str(line.get("digest"))


class _Progress:
    """Prints each update that has ended, and writes it down."""

    def __init__(self, count: int, journal: Path | None) -> None:
        self._count, self._journal, self._ended = count, journal, 0

    def told(self, update: Update, result: Result) -> None:
        self._ended += 1
        how = "updated" if result.succeeded else "FAILED"
        warn(f"[{self._ended}/{self._count}] {update.name}: {how}: {result.told}")
        if self._journal is not None:
            append(self._journal, _line(update, result))


def _line(update: Update, result: Result) -> Mapping[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "stack": update.name,
        "digest": update.digest,
        "succeeded": result.succeeded,
        "told": result.told,
    }


def _report(ended: Ended, run: Run) -> None:
    succeeded = [name for name, result in ended.results.items() if result.succeeded]
    document = {
        "updated": succeeded,
        "failed": list(ended.failed),
        "updated_before": list(ended.done_before),
        "not_begun": list(ended.not_begun),
    }
    echo(json.dumps(document, indent=2))
    if ended.failed:
        again = f" --journal {run.journal}" if run.journal else ""
        raise LifecycleError(
            f"{len(ended.failed)} of {len(ended.results)} updates failed ({first_names(ended.failed)}), "
            f"{len(ended.not_begun)} were not begun; correct what is told above, then run `costack stacks "
            f"up{again}` again"
        )
