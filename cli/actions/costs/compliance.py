"""`costack compliance`: the controls of a tenant with their evidence, as a page and a signed document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Final

from allocation.adapters.folders.earlier_months import months_until
from allocation.adapters.folders.run import json_text, new_run, sha256_of
from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.estimate.folders import folders_of_plan
from allocation.report.compliance.export import PAGE, document, findings, gaps, page
from allocation.report.compliance.finding import Known, Scan
from allocation.report.showback.rendering import as_csv, as_html
from allocation.statement.filed import FiledStatement
from cli.actions.costs.tried import left_out, rehearsed_before, restored
from cli.console.checked_option import checked
from cli.console.deployed import dated_inventory, files_of_plan
from cli.console.output import echo
from lifecycle.adapters.signature import sign_document, signature_of
from lifecycle.decommission.approval import Identity
from lifecycle.image_scan.reports import images_of
from lifecycle.image_scan.scanned import scanned_images
from tiers.catalog.loading import load_catalog
from tiers.errors import CatalogError
from tiers.inventory import Inventory
from tiers.plan.plan import TenantPlan
from tiers.portfolio.folders import portfolio_folder
from tiers.portfolio.names import id_of
from tiers.vocabulary import Controls

NAMESPACE: Final = "costack-compliance"
"""What the signature of an export is for (PROTOCOL.sshsig of OpenSSH)."""


@dataclass(frozen=True)
class Request:
    """What the command line asks for; each field is the option of its name."""

    tenant: str
    stack: str | None
    inventory: Path | None
    evidence: tuple[Path, ...]
    history: Path | None
    portfolio: Path | None
    by: str
    key: Path
    out: Path
    now: datetime
    cwd: Path


def export(request: Request) -> None:
    """Write the page and the signed document, and say how many gaps there are.

    Raises:
        CatalogError: When something cannot be read, the tenant has baseline controls, or the folder exists.
        AllocationError: When a filed month cannot be read.
        LifecycleError: When the key cannot sign; then nothing is left.
    """
    checked("--by", Identity, request.by)
    if request.out.exists():
        raise CatalogError(f"{request.out}: exists already; an export is never overwritten")
    inventory = _inventory(request)
    tenant = _tenant(inventory, request.tenant)
    known = _known(request, inventory, tenant)
    found = findings(known)
    with new_run(request.out) as folder:
        html = folder / f"{PAGE}.html"
        html.write_text(as_html(page(known, found)), encoding="utf-8", newline="")
        (folder / f"{PAGE}.csv").write_text(as_csv(page(known, found)), encoding="utf-8", newline="")
        told = document(known, found, _sources(request, inventory, html))
        sign_document({**told, "signed_by": request.by}, folder / f"{PAGE}.json", request.key, NAMESPACE)
    left = gaps(found)
    for each in left:
        echo(f"{each.state}: {each.topic}: {each.subject}: {each.evidence}")
    path = request.out / f"{PAGE}.json"
    echo(
        f"{tenant.name}: {len(found) - len(left)} of {len(found)} controls are met, {len(left)} gaps; "
        f"{path} is signed by {request.by} in {signature_of(path)}"
    )


def _inventory(request: Request) -> Inventory:
    if (request.stack is None) == (request.inventory is None):
        raise CatalogError("name what was deployed: either --stack NAME or --inventory FILE")
    if request.inventory is not None:
        return inventory_of_file(request.inventory)
    return dated_inventory(str(request.stack), request.cwd)


def _tenant(inventory: Inventory, name: str) -> TenantPlan:
    tenants = inventory.plan.tenants
    tenant = inventory.plan.tenant(id_of(tenants, name))
    if tenant is None:
        there = ", ".join(each.tenant for each in tenants) or "none"
        raise CatalogError(f"tenant '{name}' is not deployed; there are {there}")
    if tenant.controls is not Controls.ENHANCED:
        raise CatalogError(
            f"{tenant.name}: has {tenant.controls} controls; expected a tenant with {Controls.ENHANCED} ones"
        )
    return tenant


def _known(request: Request, inventory: Inventory, tenant: TenantPlan) -> Known:
    plan, now = inventory.plan, request.now
    folder = portfolio_folder(request.portfolio, request.cwd, plan.portfolio)
    rehearsed = rehearsed_before(request.evidence, plan, now)
    own = {fact.id for fact in tenant.all_facts()}
    return Known(
        inventory,
        str(request.inventory or f"inventory of stack {request.stack}"),
        tenant,
        load_catalog(folders_of_plan(plan, folder).catalog).classes,
        now,
        files_of_plan(plan, request.portfolio, request.cwd),
        restored(request.evidence, plan, now).get(tenant.tenant),
        next((each for each in rehearsed if each.tenant == tenant.tenant), None),
        tuple(sorted(image for image, facts in images_of(plan).items() if own & {*facts})),
        _scans(request.evidence, now),
        _months(request, inventory),
        tuple(each for each in left_out(request.evidence, plan, now) if each.startswith(f"{tenant.tenant} ")),
    )


def _months(request: Request, inventory: Inventory) -> tuple[FiledStatement, ...]:
    if request.history is None:
        return ()
    plan = inventory.plan
    return months_until(request.history, f"{request.now:%Y-%m}", plan.portfolio, plan.currency)


def _scans(files: Iterable[Path], now: datetime) -> Mapping[str, Scan]:
    """The newest scan of each image that was made before *now*."""
    found: dict[str, Scan] = {}
    for path in files:
        for at, image in scanned_images(path):
            if at <= now and (image.image not in found or found[image.image].at <= at):
                found[image.image] = Scan(at, not image.faults, image.faults)
    return found


def _sources(request: Request, inventory: Inventory, html: Path) -> Iterator[Mapping[str, str]]:
    """What was read and written, each with its sha256; of a stack's inventory that of its data."""
    if request.inventory is None:
        data = json_text(inventory.model_dump(mode="json")).encode()
        yield {"file": f"inventory of stack {request.stack}", "sha256": sha256(data).hexdigest()}
    given = (*((request.inventory,) if request.inventory else ()), *request.evidence)
    for path in (*given, html):
        yield {"file": path.name, "sha256": sha256_of(path)}
