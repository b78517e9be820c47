"""Reads a platform and its tenants from a program's own values; mistakes are reported as for files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from tiers.catalog.folder import CatalogPath
from tiers.catalog.loading import load_catalog
from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.plan.namespaces.shared import shared_quota_faults
from tiers.plan.plan import Plan, TenantPlan
from tiers.plan.resolve import resolve
from tiers.portfolio.host_names import Name, host_name_faults, names_of
from tiers.portfolio.loading import faults_of_platform, faults_of_tenant
from tiers.portfolio.names import ambiguous_names
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import too_many_replications
from tiers.portfolio.restore.source import source_faults
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.versions.chosen import rollout_faults
from tiers.strict_yaml import Location, mistakes

Model = TypeVar("Model", bound=BaseModel)
Document = Mapping[str, Any]
"""The content of a YAML file of the same kind, already parsed."""


class DocumentError(CatalogError):
    """Wrong values for a platform or a tenant, with the place of each mistake."""

    def __init__(self, faults: Iterable[tuple[Location, str]]) -> None:
        self.faults = list(faults)
        super().__init__(*(f"{'.'.join(map(str, where))}: {message}" for where, message in self.faults))


def catalog_of_document(platform: Document, program: Path = Path()) -> Catalog:
    """The catalog that *platform* names, seen from the folder of the program; Costack's where it names none.

    Pulumi starts a plugin in the folder of the program (sdk 3.259, plugin.go, `WorkingDirectory: ctx.Pwd`).

    Raises:
        DocumentError: When there is no such folder, and with every mistake in its files; a wrong name is for
            `plan_of_documents` to tell.
    """
    try:
        named = TypeAdapter(CatalogPath | None).validate_python(platform.get("catalog"))
    except ValidationError:
        named = None
    if named is None:
        return load_catalog()
    folder = program / named
    if not folder.is_dir():
        raise DocumentError([(("platform", "catalog"), f"{folder}: no such folder; expected tier files")])
    try:
        return load_catalog(folder)
    except CatalogError as error:
        raise DocumentError((("platform", "catalog"), problem) for problem in error.problems) from None


def plan_of_documents(platform: Document, tenants: Sequence[Document], catalog: Catalog) -> Plan:
    """The plan of a whole portfolio.

    Raises:
        DocumentError: With every mistake; places begin with `platform` or `tenants.<index>`.
    """
    faults: list[tuple[Location, str]] = []
    about = _checked(Platform, platform, ("platform",), faults)
    read = [_checked(Tenant, each, ("tenants", index), faults) for index, each in enumerate(tenants)]
    if about is not None:
        faults += ((("platform", *where), message) for where, message in faults_of_platform(about, catalog))
        if about.catalog is not None and not catalog.is_own:
            faults.append((("platform", "catalog"), f"'{about.catalog}' is not what the program was given"))
    known = {index: tenant for index, tenant in enumerate(read) if tenant is not None}
    for index, tenant in known.items():
        for where, message in faults_of_tenant(tenant, about, catalog):
            faults.append((("tenants", index, *where), message))
    faults += _together(known, about, catalog)
    if faults or about is None:
        raise DocumentError(faults)
    ordered = sorted(known.values(), key=lambda tenant: tenant.tenant)
    plan = resolve(catalog, Portfolio(platform=about, tenants=tuple(ordered)))
    if small := list(shared_quota_faults(about, [each.facts for each in plan.tenants])):
        raise DocumentError((("platform", *where), message) for where, message in small)
    return plan


def tenant_plan_of_documents(
    platform: Document, tenant: Document, catalog: Catalog
) -> tuple[Plan, TenantPlan]:
    """The plan of one tenant, and of the platform as if it had no other.

    Raises:
        DocumentError: With every mistake; places begin with `platform` or a field of the tenant.
    """
    try:
        plan = plan_of_documents(platform, [tenant], catalog)
        return plan, plan.tenants[0]
    except DocumentError as error:
        alone = ("tenants", 0)
        raise DocumentError(
            (where[2:] if where[:2] == alone else where, message) for where, message in error.faults
        ) from None


def _checked(
    model: type[Model], document: Document, at: Location, faults: list[tuple[Location, str]]
) -> Model | None:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        faults += (((*at, *where), message) for where, message in mistakes(error, model))
        return None


def _together(
    tenants: Mapping[int, Tenant], platform: Platform | None, catalog: Catalog
) -> Iterable[tuple[Location, str]]:
    called = [
        (index, name)
        for index, tenant in tenants.items()
        for name in (Name(("tenant",), tenant.tenant), *names_of(tenant))
    ]
    times = Counter((name.where == ("tenant",), name.host) for _, name in called)
    for index, name in called:
        if (count := times[name.where == ("tenant",), name.host]) > 1:
            yield ("tenants", index, *name.where), f"'{name.host}' appears {count} times"
    together = (
        *ambiguous_names(tenants),
        *host_name_faults(tenants, platform),
        *rollout_faults(tenants, platform),
        *too_many_replications(tenants, catalog),
        *source_faults(tenants, catalog, platform),
    )
    for index, (where, message) in together:
        yield ("tenants", index, *where), message
