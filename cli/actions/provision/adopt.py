"""`costack adopt`: reads an estate, works out what comes next, and writes what people review."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from allocation.errors import GateError
from allocation.estimate.folders import folders_of
from allocation.preview.cost_estimate import Conditions
from allocation.runs.before_and_after import only_portfolio
from cli.actions.provision.import_estate import write_import
from cli.console.adoption_output import print_progress
from cli.console.output import echo, say
from cli.console.preview_values import month_of
from lifecycle.adapters.adoption_file import read_adoption, tenant_files, write_tenant_file
from lifecycle.adapters.adoption_place import (
    NOTHING,
    Given,
    Place,
    catalog_digest,
    evidence_of,
    placed,
    read_place,
)
from lifecycle.adapters.aws_tags import TaggedAccount
from lifecycle.adoption.checklist import Progress, progress, recorded
from lifecycle.adoption.checks import Evidence
from lifecycle.adoption.inventory import read_inventory
from lifecycle.adoption.phase import Phase, Status, digest_of
from lifecycle.adoption.proposal import document_of, file_text
from lifecycle.adoption.sizing import can_be_sized, proposed_size, size_facts
from lifecycle.adoption.state import FILE, Adoption, InventoryFile
from lifecycle.adoption.subject import Subject
from lifecycle.adoption.tags import TagCall, tag_calls
from lifecycle.errors import LifecycleError, RefusedError, UnansweredError
from tiers.errors import CatalogError
from tiers.strict_yaml import collect
from tiers.vocabulary import TenantId

HEADROOM: Final = 25


@dataclass(frozen=True)
class StartRequest:
    """What the command line asks for; each field is the option of its name."""

    inventory: Path
    out: Path
    portfolio: Path | None
    headroom: int | None
    now: datetime
    cwd: Path


@dataclass(frozen=True)
class Request:
    """The same for a checklist that is there; None as tenant means all."""

    folder: Path
    tenant: str | None
    now: datetime
    given: Given = NOTHING
    output: str = "table"


def start(request: StartRequest) -> None:
    """Begin a checklist, or bring one up to date with a new CSV; what people wrote in it stays.

    Raises:
        CatalogError: When a file cannot be read or written.
    """
    inventory = read_inventory(request.inventory)
    file = request.out / FILE
    before, text = read_adoption(request.out) if file.exists() else (None, "")
    folder = request.portfolio or (request.out / before.portfolio if before else only_portfolio(request.cwd))
    headroom = (
        request.headroom if request.headroom is not None else before.headroom_percent if before else HEADROOM
    )
    adoption = Adoption(
        inventory=InventoryFile(file=_from(request.out, request.inventory), sha256=inventory.sha256),
        portfolio=_from(request.out, folder),
        headroom_percent=headroom,
        tenants=before.tenants if before else {},
    )
    place = placed(request.out, adoption, text, inventory)
    new = _each(place, request.now, place.adoption.tenants)
    _write(place, new)
    count = len(inventory.rows)
    echo(
        f"{file}: {count} row{'' if count == 1 else 's'}, {len(new)} tenants; "
        f"see them with: costack adopt status --dir {request.out}"
    )


def status(request: Request) -> None:
    """Print the checklist as it is now; nothing is written.

    Raises:
        CatalogError: When a file cannot be read.
        GateError: When something is missing that only people can bring.
    """
    place = read_place(request.folder)
    shown = _each(place, request.now, _named(place, request.tenant))
    print_progress(shown, request.output)
    blocked = [each for each in shown if each.blocked]
    if blocked:
        named = ", ".join(f"{each.subject.tenant} ({each.blocked[0].phase})" for each in blocked)
        raise GateError(f"{len(blocked)} of {len(shown)} tenants are blocked: {named}")


def next_(request: Request) -> None:
    """Work out what comes next for a tenant or all, write tenants' files and the checklist.

    Each size that was worked out is written at once: what takes long is lost to no interruption.

    Raises:
        CatalogError: When a file cannot be read or written, or a size can be priced for no tier.
    """
    place = read_place(request.folder)
    names = _named(place, request.tenant)
    problems: list[str] = []
    conditions, catalog = _conditions(place, request.now), catalog_digest(place.catalog)
    for name in names:
        say(f"sizing {name}")
        place = _sized(place, name, conditions, catalog, problems).saved()
    say("")
    evidence = evidence_of(place, request.now.date(), request.given)
    for each in _progress_of(place, names, evidence, request.now):
        _write_file(place, each, quiet=request.output == "json")
    written = replace(evidence, files=tenant_files(place.portfolio_folder, place.catalog))
    found = _progress_of(place, names, written, request.now)
    _write(place, found)
    print_progress(found, request.output)
    if problems:
        raise CatalogError(*problems)


def tags(request: Request, *, apply: bool) -> None:
    """Print a command for each resource that lacks cost tags; with *apply*, set them.

    Raises:
        CatalogError: When a file cannot be read.
        RefusedError: When AWS refuses some; the others are set, and the same command does the rest.
        LifecycleError: When AWS does not answer; what was set before is set.
    """
    place = read_place(request.folder)
    account = TaggedAccount(place.portfolio.platform.region) if apply else None
    if account is not None:
        echo(f"account {account.id}")
    refused: list[str] = []
    for subject in _chosen(place, request.tenant):
        if subject.unconfirmed:
            echo(f"# {subject.tenant}: left out: its spellings are not confirmed")
            continue
        for call in tag_calls(subject):
            if account is not None and not call.by_hand:
                _set_tags(account, call, refused)
            else:
                echo(call.command)
    if refused:
        raise RefusedError(*refused)


def _set_tags(account: TaggedAccount, call: TagCall, refused: list[str]) -> None:
    """Set the tags of one resource; why AWS refuses goes to *refused*, so that the others get theirs.

    Raises:
        UnansweredError: When AWS does not answer, with all that was refused before.
    """
    where = f"line {call.row.line}: {call.row.resource.id}"
    try:
        count = account.set_tags(call)
    except UnansweredError as error:
        raise UnansweredError(*refused, *error.problems) from None
    except LifecycleError as error:
        refused += (each if each.startswith("line ") else f"{where}: {each}" for each in error.problems)
        return
    echo(f"{where}: {count} tags set" if count else f"{where}: has its tags already")


def import_(request: Request, plan: Path, out: Path) -> None:
    """Write the file for `pulumi import` of the tenants whose files are done.

    Raises:
        CatalogError: When a file cannot be read, no tenant is ready, or the file is there already.
    """
    place = read_place(request.folder)
    ready = [
        each
        for each in _each(place, request.now, _named(place, request.tenant))
        if all(step.record.status is Status.DONE for step in each.steps if step.phase in _BEFORE_IMPORT)
    ]
    rows = [replace(row.resource, tenant=each.subject.tenant) for each in ready for row in each.subject.rows]
    if not rows:
        raise CatalogError(
            f"{request.folder / FILE}: no tenant is ready for import; its phases up to tenant-file come first"
        )
    write_import(sorted(rows, key=lambda row: row.line), plan, out)


_BEFORE_IMPORT: Final = tuple(Phase)[: tuple(Phase).index(Phase.IMPORT)]


def _from(folder: Path, path: Path) -> str:
    return os.path.relpath(path, folder)


def _conditions(place: Place, now: datetime) -> Conditions:
    platform = place.portfolio.platform
    return Conditions.of_month(
        month_of(f"{now:%Y-%m}"),
        platform.currency,
        {platform.region, *platform.dr_regions},
        folders_of(place.portfolio_folder),
    )


def _each(place: Place, now: datetime, names: Collection[TenantId]) -> list[Progress]:
    return _progress_of(place, names, evidence_of(place, now.date(), NOTHING), now)


def _progress_of(
    place: Place, names: Collection[TenantId], evidence: Evidence, now: datetime
) -> list[Progress]:
    return [progress(each, evidence, now) for each in place.subjects if each.tenant in names]


def _chosen(place: Place, named: str | None) -> tuple[Subject, ...]:
    found = place.subjects
    if named is None:
        return found
    chosen = tuple(each for each in found if each.tenant == named)
    if not chosen:
        raise CatalogError(
            f"tenant '{named}' is not in {place.folder / FILE}; there are "
            f"{', '.join(each.tenant for each in found) or 'none'}"
        )
    return chosen


def _named(place: Place, named: str | None) -> list[TenantId]:
    return [each.tenant for each in _chosen(place, named)]


def _sized(place: Place, name: TenantId, conditions: Conditions, catalog: str, problems: list[str]) -> Place:
    """The place with a proposal of the tenant's size, where one can be made and none is up to date."""
    [subject] = (each for each in place.subjects if each.tenant == name)
    before = subject.adopted.proposed
    if before is not None and before.facts == digest_of(size_facts(subject, catalog)):
        return place
    if not can_be_sized(subject):
        return place
    size = collect(problems, lambda: proposed_size(subject, place.portfolio, conditions, catalog))
    if size is None:
        return place
    return place.with_tenant(name, subject.adopted.model_copy(update={"proposed": size}))


def _write_file(place: Place, each: Progress, *, quiet: bool) -> None:
    """Write the tenant's file when that is what comes next."""
    step, subject = each.now, each.subject
    tier, size = subject.tier, subject.workload_class
    if step is None or step.phase is not Phase.TENANT_FILE or step.record.status is not Status.OPEN:
        return
    if tier is None or size is None or subject.tenant in {known.tenant for known in place.portfolio.tenants}:
        return
    document = document_of(subject, tier.tier, size)
    text = file_text(document, f"{subject.lines()} of {place.adoption.inventory.file}")
    echo(f"{write_tenant_file(place.portfolio_folder, subject.tenant, text)}: written; review it", err=quiet)


def _write(place: Place, found: Iterable[Progress]) -> None:
    for each in found:
        tenant = each.subject.tenant
        place = place.with_tenant(tenant, recorded(place.adoption.tenants[tenant], each.steps))
    place.saved()
