"""The pods of a tenant that is restored: what is declared for each stage, run on this machine."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from tests.components.conftest import declare_plan
from tests.lifecycle import pods as lifecycle_pods
from tests.odoo.declared import STAGING, Manifests, platform
from tests.odoo.pod import Ended, Host
from tests.portfolios import plan_of, tenant
from tests.postgres import give
from tiers.facts.names import DROP_SIDE, FILL_SIDE, MAKE_SIDE, RESTORE_FILES, SWITCH_SIDE
from tiers.portfolio.restore.stage import Restore, RestoreStage

AT: Final = datetime(2999, 1, 1, tzinfo=UTC)
"""The newest backup is restored."""
JOBS: Final = {
    RestoreStage.PREPARE: (MAKE_SIDE, FILL_SIDE),
    RestoreStage.SWITCH: (SWITCH_SIDE, RESTORE_FILES),
    RestoreStage.BACK: (SWITCH_SIDE, RESTORE_FILES),
    RestoreStage.DISCARD: (DROP_SIDE,),
    RestoreStage.CONFIRM: (DROP_SIDE,),
}


def at_stage(host: Host, stage: RestoreStage, **source: Any) -> Host:
    """The same place with what is declared for its tenant at a stage; *source* as in its file."""
    owner = host.manifests.owner
    restore = Restore(at=AT, stage=stage, **source)
    # A copy of production loses its people.
    copies = {"environment": "staging", "anonymised": {"contacts": True}}
    more: dict[str, Any] = copies if owner == STAGING else {}
    options = {"options": {"users": 5, "workload_class": owner}} if owner != STAGING else {}
    others = [tenant(source["from_tenant"])] if "from_tenant" in source else []
    plan = plan_of(*others, tenant(owner, restore=restore, **more, **options), platform=platform(host.tree))
    # Volumes of its own: Odoo's pods may run beside it.
    return replace(host, manifests=Manifests(tuple(declare_plan(plan)), owner), volumes="stage")


def run_job(host: Host, name: str) -> Ended:
    """Run a job of a stage to its end, in volumes that are empty."""
    empty(host)
    done = host.run(host.manifests.job(name))
    assert done.code == 0, done.output
    return done


def copied_live(host: Host, other: Host, **source: Any) -> Host:
    """*other* with the job that backs it up for the refresh of *host*."""
    staged = at_stage(host, RestoreStage.PREPARE, **source)
    return replace(other, manifests=staged.manifests.of(other.manifests.owner), volumes="stage")


def run_stage(host: Host, stage: RestoreStage, **source: Any) -> float:
    """Run all jobs of a stage; how many seconds they took."""
    began, staged = time.monotonic(), at_stage(host, stage, **source)
    for name in JOBS[stage]:
        run_job(staged, name)
    return time.monotonic() - began


def empty(host: Host) -> None:
    """What a pod's volumes begin with."""
    shutil.rmtree(host.scratch, ignore_errors=True)
    host.scratch.mkdir()
    give(host.scratch)


@contextmanager
def reading(host: Host, other: Host) -> Iterator[None]:
    """The bucket of *host* with what *other* has backed up, for the stages in which a role may read it."""
    tool, bucket = host.folder / "tools" / "aws", host.folder / "bucket"
    before = tool.read_text(encoding="utf-8")
    for kind in ("dumps", "manifests", "filestores"):
        shutil.copytree(other.folder / "bucket" / kind, bucket / kind, dirs_exist_ok=True)
    mine = lifecycle_pods.AWS.replace("acme", other.manifests.owner).replace("@@", f"{bucket}/")
    # Results lie with the one that is refreshed.
    may = "s3://backups/manifests/$own/*"
    mine = mine.replace(may, f"{may}|s3://backups/manifests/{host.manifests.owner}/refresh*")
    tool.write_text(mine, encoding="utf-8")
    give(host.folder / "bucket")
    try:
        yield
    finally:
        tool.write_text(before, encoding="utf-8")
