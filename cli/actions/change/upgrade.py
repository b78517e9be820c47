"""`costack upgrade`: takes a tenant's file one step further, when the step before was deployed."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from cli.actions.change.restore_test import refuse_broken
from cli.actions.change.step import Where, tenant_and_file, write_step
from cli.console.checked_option import checked
from cli.console.deployed import deployed_inventory
from cli.console.output import echo
from lifecycle.adapters.kubectl import Cluster, current_context
from lifecycle.errors import RefusedError
from lifecycle.evidence import append
from lifecycle.upgrade import (
    Step,
    UpgradeResult,
    advance,
    back,
    begin,
    check_deployed,
    in_words,
    judged,
    record_of,
    result_of,
    whereabouts,
)
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.files import read_text
from tiers.plan.plan import TenantPlan
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.loading import faults_of_tenant, load_catalog_and_portfolio
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.upgrade.stage import ORDER
from tiers.portfolio.versions.chosen import rollout_faults
from tiers.portfolio.versions.image import VersionName

_CONTAINER: Final = "after"
"""The container of the job that prints the result (components/tenant/upgrade/jobs.py)."""
_MOST_LOG_BYTES: Final = 64_000_000


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    to: str | None
    next: bool
    back: bool
    evidence: Path | None
    context: str | None
    log: Path | None
    stack: str
    portfolio: Path | None
    cwd: Path


def upgrade_on(request: Request, now: datetime) -> None:
    """Write the step into the tenant's file and print what the next update does; without a step, its stage.

    Raises:
        CatalogError: When something cannot be read or written.
        RefusedError: When the step is not the next one, or the one before was not deployed.
        LifecycleError: When evidence is asked for and the job of the stage has none.
    """
    _refuse_contradictions(request)
    plan = deployed_inventory(request.stack, request.cwd).plan
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    catalog, portfolio = load_catalog_and_portfolio(folder)
    tenant, path = tenant_and_file(folder, portfolio.tenants, request.tenant)
    request = replace(request, tenant=tenant.tenant)
    deployed = plan.tenant(request.tenant)
    try:
        check_deployed(tenant, deployed, request.stack, going_back=request.back)
    except RefusedError as waiting:
        if request.to or request.next or request.back:
            raise
        echo(waiting)  # a question is answered, not refused
        return
    found = _found(request, tenant, deployed)
    step = _step(request, tenant, deployed, found)
    if step is None:
        echo(_whereabouts(tenant))
        return
    _check_possible(tenant, step, portfolio, catalog)
    if request.evidence is not None:
        # Whoever is killed between the two does it again: evidence has it twice then, and never not at all.
        append(request.evidence, record_of(tenant, step, found, now, request.stack))
    _write(request, path, step)


def _refuse_contradictions(request: Request) -> None:
    if sum((request.to is not None, request.next, request.back)) > 1:
        raise CatalogError("name only one of --to, --next and --back")
    if request.to is not None:
        checked("--to", VersionName, request.to)
    if request.log is not None and not (request.next and request.evidence):
        raise CatalogError("--log is what --next records with --evidence FILE: name both, or leave it out")
    refuse_broken(request.evidence)


def _found(request: Request, tenant: Tenant, deployed: TenantPlan | None) -> UpgradeResult | None:
    """What the job of the stage that is deployed has found; None where nobody asks, or it has none."""
    if request.evidence is None or not request.next or deployed is None or (of := judged(deployed)) is None:
        return None
    job, mode = of
    if request.log is not None:
        said = read_text(request.log, _MOST_LOG_BYTES)
    else:
        cluster = Cluster(request.context or current_context(), time.sleep)
        labels = {"app.kubernetes.io/instance": tenant.tenant, "app.kubernetes.io/component": job.name}
        said = cluster.succeeded_log(job.namespace, labels, _CONTAINER)
    return result_of(said, tenant.tenant, mode, job.upgrade.version if job.upgrade else "")


def _step(
    request: Request, tenant: Tenant, deployed: TenantPlan | None, found: UpgradeResult | None
) -> Step | None:
    if request.next:
        return advance(tenant, found.minutes if found and found.mode == "rehearsal" else None)
    if request.back:
        return back(tenant, deployed)
    return None if request.to is None else begin(tenant, request.to)


def _check_possible(tenant: Tenant, step: Step, portfolio: Portfolio, catalog: Catalog) -> None:
    """Refuse what the file could not say, before it says so.

    Raises:
        RefusedError: When platform or catalog do not allow it.
    """
    if step.upgrade is None:
        return
    after = tenant.model_copy(update={"upgrade": step.upgrade})
    known = {each.tenant: each for each in portfolio.tenants} | {after.tenant: after}
    said = [message for _, message in faults_of_tenant(after, portfolio.platform, catalog)]
    staged = rollout_faults(known, portfolio.platform)
    said += [message for name, (_, message) in staged if name == after.tenant]
    if said:
        raise RefusedError(f"{after.tenant} cannot be upgraded: {'; '.join(said)}")


def _write(request: Request, path: Path, step: Step) -> None:
    after: tuple[str, ...] = ()
    if step.upgrade is not None:
        ways_back = ("or --back",) if step.upgrade.stage in ORDER.way_back else ()
        after = ("upgrade", request.tenant, *ways_back)
    where = Where(request.stack, request.portfolio, request.cwd)
    write_step(path, step.fields, step.update, where, after)


def _whereabouts(tenant: Tenant) -> str:
    if tenant.upgrade is None:
        return f"{tenant.tenant} is not being upgraded. Begin with --to VERSION"
    words = in_words(tenant.tenant, tenant.upgrade)
    sentence = f"{tenant.tenant} is {whereabouts(tenant.upgrade)}: the last update {words}"
    return f"{sentence}\n--next: {advance(tenant).update}"
