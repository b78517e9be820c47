"""Reads everything that an adoption is judged by: checklist, CSV, portfolio, dumps, stack, statement."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final

from allocation.adapters.pulumi.stack_state import resources_of
from allocation.charges import CostBasis
from allocation.errors import AllocationError
from allocation.money import text_of
from allocation.statement.filed import filed_statement
from lifecycle.adapters.adoption_file import faults_of_dump, read_adoption, tenant_files, write_adoption
from lifecycle.adoption.checklist import subjects, with_spellings
from lifecycle.adoption.checks import Evidence, StatementLine, load_facts
from lifecycle.adoption.inventory import Inventory, read_inventory
from lifecycle.adoption.phase import Phase, Status, digest_of
from lifecycle.adoption.state import FILE, AdoptedTenant, Adoption
from lifecycle.adoption.subject import Subject
from lifecycle.drift.owners import Owners
from lifecycle.import_estate import steps_of
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.files import read_json
from tiers.portfolio.loading import load_catalog_and_portfolio
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import TenantId

_ENDS: Final = frozenset({"replace", "create-replacement", "delete-replaced", "delete"})
"""The steps of a preview after which a resource is not what it was."""
_PROTECTED: Final = "marked for protection"
_ENDED: Final = "preview failed"
"""What Pulumi says of a protected resource that it would replace, and at the end of each failed preview."""


@dataclass(frozen=True)
class Given:
    """The files that show the last phases; None where one was not given.

    Attributes:
        stack_export: The output of `pulumi stack export`.
        preview: The output of `pulumi preview --json`.
        statement: The statement of a run of `costack allocate --out`.
    """

    stack_export: Path | None = None
    preview: Path | None = None
    statement: Path | None = None


NOTHING: Final = Given()


@dataclass(frozen=True)
class Place:
    """Everything that was read: the checklist, the CSV and the portfolio."""

    folder: Path
    adoption: Adoption
    text: str
    inventory: Inventory
    portfolio_folder: Path
    catalog: Catalog
    portfolio: Portfolio

    @property
    def subjects(self) -> tuple[Subject, ...]:
        """The tenants of the checklist with their rows."""
        return subjects(self.adoption, self.inventory.rows, self.portfolio.platform, self.catalog)

    def saved(self) -> Place:
        """The same, once the checklist is written.

        Raises:
            CatalogError: When somebody else changed it in the meantime, or it cannot be written.
        """
        return replace(self, text=write_adoption(self.folder, self.adoption, self.text))

    def with_tenant(self, tenant: TenantId, adopted: AdoptedTenant) -> Place:
        """The same with another state of a tenant."""
        tenants = {**self.adoption.tenants, tenant: adopted}
        return replace(self, adoption=self.adoption.model_copy(update={"tenants": tenants}))


def read_place(folder: Path) -> Place:
    """The checklist in *folder* and what it stands on.

    Raises:
        CatalogError: When a file cannot be read.
    """
    adoption, text = read_adoption(folder)
    inventory = read_inventory(folder / adoption.inventory.file)
    return placed(folder, adoption, text, inventory)


def placed(folder: Path, adoption: Adoption, text: str, inventory: Inventory) -> Place:
    """The same for a checklist whose text was read; every spelling of the *inventory* gets a tenant."""
    portfolio_folder = Path(os.path.normpath(folder / adoption.portfolio))
    catalog, portfolio = load_catalog_and_portfolio(portfolio_folder)
    known = with_spellings(adoption, inventory.rows)
    listed = known.inventory.model_copy(update={"sha256": inventory.sha256})
    known = known.model_copy(update={"inventory": listed})
    return Place(folder, known, text, inventory, portfolio_folder, catalog, portfolio)


def evidence_of(place: Place, today: date, given: Given) -> Evidence:
    """What the last phases are judged by.

    Args:
        place: The checklist and what it stands on.
        today: The day, UTC.
        given: What shows the last phases.

    Raises:
        CatalogError: When a file cannot be read, or somebody has signed for a day to come.
    """
    tomorrow = today + timedelta(days=1)  # which it is somewhere
    if ahead := tuple(place.adoption.dated_after(tomorrow)):
        raise CatalogError(*(f"{place.folder / FILE}: {each}" for each in ahead))
    dumps = {
        tenant: faults_of_dump(place.folder, adopted.dump, whole=not _was_loaded(adopted))
        for tenant, adopted in place.adoption.tenants.items()
        if adopted.dump is not None
    }
    return Evidence(
        today=today,
        catalog=catalog_digest(place.catalog),
        files=tenant_files(place.portfolio_folder, place.catalog),
        dumps=dumps,
        stack=None if given.stack_export is None else _stack(given.stack_export),
        replaced=None if given.preview is None else _replaced(given.preview),
        statements=None if given.statement is None else _statement(given.statement, place),
    )


def _was_loaded(adopted: AdoptedTenant) -> bool:
    """Whether this very dump was read and loaded; another that is named since has to be read."""
    record = adopted.phases.get(Phase.LOAD)
    if record is None or record.status is not Status.DONE:
        return False
    return record.facts == digest_of(load_facts(adopted))


def _stack(path: Path) -> Mapping[TenantId, frozenset[str]]:
    state = resources_of(read_json(path, remedy="write it with `pulumi stack export`"), str(path))
    owners = Owners(state)
    found: dict[TenantId, set[str]] = {}
    for each in state:
        if each.custom and each.id:
            found.setdefault(owners.of_urn(each.urn), set()).add(each.id)
    return {owner: frozenset(ids) for owner, ids in found.items()}


def _replaced(path: Path) -> Mapping[str, str]:
    """The ids of what a preview would replace or delete, and by which fields."""
    document = read_json(path, remedy="write it with `pulumi preview --json`")
    steps = steps_of(document, str(path))
    _refuse_failed(document, path)
    found: dict[str, str] = {}
    for step in steps:
        old = step.get("oldState")
        if step.get("op") in _ENDS and isinstance(old, dict) and old.get("id"):
            fields = step.get("replaceReasons")
            named = [str(field) for field in fields] if isinstance(fields, list) else []
            found.setdefault(str(old["id"]), ", ".join(sorted(named)) or str(step["op"]))
    return found


def _refuse_failed(document: Any, path: Path) -> None:
    """Refuse a preview that stopped early: what it does not name may be replaced all the same.

    That something protected would be replaced is an error, too, and the very thing that is looked for.
    """
    listed = document.get("diagnostics")
    errors = [
        " ".join(str(each.get("message")).split())
        for each in (listed if isinstance(listed, list) else ())
        if isinstance(each, dict) and each.get("severity") == "error"
    ]
    told = [each for each in errors if _PROTECTED not in each]
    why = [each for each in told if each != _ENDED] or (told if len(told) == len(errors) else [])
    if why:
        raise CatalogError(f"{path}: the preview failed: {why[0][-400:]}; mend that, and preview again")


def _statement(path: Path, place: Place) -> Mapping[TenantId, StatementLine]:
    try:
        statement = filed_statement(read_json(path), None, str(path))
    except AllocationError as error:
        raise CatalogError(*error.problems) from None
    difference = statement.totals.difference
    return {
        tenant: StatementLine(
            source=str(path),
            month=f"the statement of {statement.month}",
            portfolios=tuple(statement.portfolio.split(", ")),
            billed=statement.basis == CostBasis.BILLED,
            has_line=tenant in statement.by_tenant,
            difference=text_of(difference),
            reconciled=difference == 0,
        )
        for tenant in place.adoption.tenants
    }


def catalog_digest(catalog: Catalog) -> str:
    """What tells the tiers and classes of a catalog from others."""
    return digest_of(catalog.model_dump(mode="json", include={"tiers", "classes"}))
