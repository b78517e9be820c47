"""What if: a portfolio with another tier, other options or more tenants, which is written nowhere."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple, get_args, get_origin

from pydantic import BaseModel, ValidationError

from tiers.catalog.tier import Catalog
from tiers.errors import CatalogError
from tiers.expectations import did_you_mean
from tiers.portfolio.loading import faults_of_platform, faults_of_tenant
from tiers.portfolio.names import id_of
from tiers.portfolio.platform import Platform
from tiers.portfolio.resilience import too_many_replications
from tiers.portfolio.sizes.faults import sizes_of_nothing
from tiers.portfolio.tenant import Options, Portfolio, Tenant
from tiers.strict_yaml import mistakes
from tiers.vocabulary import Environment, LifecycleStage, TenantId

_SOURCE: Final = "what if"
_ON_THE_TENANT: Final = (
    "data_residency",
    "budget_per_month",
    "lifecycle_stage",
    "begins_on",
    "expires_at",
    "cutover",
)
"""The fields that `settings` may change besides a tenant's options."""


class AssumedPortfolio(NamedTuple):
    """A portfolio that is written nowhere, and the assumptions it needed, one sentence each."""

    portfolio: Portfolio
    notes: tuple[str, ...] = ()


def with_tenant(
    catalog: Catalog,
    portfolio: Portfolio,
    tenant_id: TenantId,
    tier: str | None = None,
    settings: Mapping[str, str] | None = None,
) -> AssumedPortfolio:
    """*portfolio* with one tenant on *tier*, with *settings* as in its file.

    An empty setting removes the field. Copies in a second region come and go with the tier:
    `dr_region` is dropped when nothing is copied, and filled in when the platform has only one.

    Raises:
        CatalogError: When there is no such tenant, setting or tier, or the combination is not allowed.
    """
    tenant_id = id_of(portfolio.tenants, tenant_id)
    found = next((each for each in portfolio.tenants if each.tenant == tenant_id), None)
    if found is None:
        there = ", ".join(each.tenant for each in portfolio.tenants) or "none"
        raise CatalogError(f"tenant '{tenant_id}' is not in portfolio {_name(portfolio)}; there are {there}")
    document = _document(found) | ({"tier": tier} if tier is not None else {})
    given = settings or {}
    for name, value in given.items():
        _put(document, name, value)
    notes = (*_second_region(catalog, portfolio, document, given), *_own_sizes(catalog, document, given))
    changed = _tenant(document)
    kept = tuple(changed if each.tenant == tenant_id else each for each in portfolio.tenants)
    return AssumedPortfolio(_sound(catalog, portfolio, kept, {tenant_id}), notes)


def with_settings(
    catalog: Catalog,
    portfolio: Portfolio,
    tenant_id: TenantId | None,
    tier: str | None,
    settings: Mapping[str, str] | None,
) -> AssumedPortfolio:
    """*portfolio* with settings of one tenant, or of the platform where none is named, or the same errors."""
    if tenant_id is None:
        return with_platform(catalog, portfolio, settings or {})
    return with_tenant(catalog, portfolio, tenant_id, tier, settings)


def with_platform(catalog: Catalog, portfolio: Portfolio, settings: Mapping[str, str]) -> AssumedPortfolio:
    """*portfolio* with *settings* as in `platform.yaml`.

    A setting is the path to a value, such as `database.database_class`; an item of a list goes by its name,
    as in `cluster.node_groups.general.nodes`.

    Raises:
        CatalogError: When there is no such setting, or the platform may not have it.
    """
    document: dict[str, Any] = portfolio.platform.model_dump(mode="json", exclude_none=True)
    for path, value in settings.items():
        place: Any = document
        *ways, name = path.split(".")
        for way in ways:
            named = {each.get("name"): each for each in place} if isinstance(place, list) else place
            place = named.get(way) if isinstance(named, dict) else None
        if not isinstance(place, dict) or isinstance(place.get(name), dict | list) or name not in place:
            raise CatalogError(f"{_SOURCE}: platform.yaml has no setting '{path}' with a value to replace")
        place[name] = value
    try:
        platform = Platform.model_validate(document)
    except ValidationError as error:
        raise CatalogError(
            *(
                f"{_SOURCE}: platform: {'.'.join(map(str, at))}: {said}"
                for at, said in mistakes(error, Platform)
            )
        ) from None
    if faults := list(faults_of_platform(platform, catalog)):
        raise CatalogError(*(f"{_SOURCE}: platform: {'.'.join(map(str, at))}: {said}" for at, said in faults))
    changed = Portfolio(platform=platform, tenants=portfolio.tenants)
    return AssumedPortfolio(
        _sound(catalog, changed, changed.tenants, {each.tenant for each in changed.tenants})
    )


def with_tiers(catalog: Catalog, portfolio: Portfolio, moves: Mapping[str, str]) -> AssumedPortfolio:
    """*portfolio* with every tenant on a tier in *moves* on that key's value; the key `all` means any tier.

    Raises:
        CatalogError: When a tier is unknown, or a tenant may not have it.
    """
    documents: dict[TenantId, dict[str, Any]] = {}
    notes: list[str] = []
    for source, target in moves.items():
        if source != "all" and source not in catalog.tiers:
            raise CatalogError(f"tier '{source}' is not in the catalog; there are {_listed(catalog.tiers)}")
        for tenant in portfolio.tenants:
            if source in ("all", tenant.tier) and tenant.tier != target:
                documents[tenant.tenant] = _document(tenant) | {"tier": target}
    for document in documents.values():
        notes += _second_region(catalog, portfolio, document, {})
        notes += _own_sizes(catalog, document, {})
    tenants = tuple(
        _tenant(documents[each.tenant]) if each.tenant in documents else each for each in portfolio.tenants
    )
    return AssumedPortfolio(_sound(catalog, portfolio, tenants, set(documents)), tuple(notes))


def with_more(catalog: Catalog, portfolio: Portfolio, tier: str, count: int) -> AssumedPortfolio:
    """*portfolio* with *count* more production tenants on *tier*, of the average size of those it has there.

    Raises:
        CatalogError: When the tier is unknown or not sold for production.
    """
    sold = catalog.tiers.get(tier)
    if sold is None or Environment.PRODUCTION not in sold.offers:
        raise CatalogError(f"tier '{tier}' is not sold for production; there are {_listed(catalog.tiers)}")
    alike = [
        each.options.users
        for each in portfolio.tenants
        if each.tier == tier and each.environment is Environment.PRODUCTION
    ]
    users = -(-sum(alike) // len(alike)) if alike else sold.offers[Environment.PRODUCTION].fair_use.users
    taken = {name for each in portfolio.tenants for name in (each.tenant, each.name)}
    names = list(_free_names(taken, count))
    documents = [_one_more(portfolio, name, tier, users) for name in names]
    assumed = [_second_region(catalog, portfolio, document, {}) for document in documents]
    how = "the average of those on it" if alike else "its fair use"
    notes = (f"{count} more on {tier} with {users} users each, {how}", *(assumed[0] if assumed else ()))
    more = [_tenant(document) for document in documents]
    tenants = tuple(sorted((*portfolio.tenants, *more), key=lambda each: each.tenant))
    return AssumedPortfolio(_sound(catalog, portfolio, tenants, names), notes)


def _free_names(taken: set[TenantId], count: int) -> Iterator[str]:
    number = 0
    while count:
        number += 1
        if (name := f"another-{number}") not in taken:
            count -= 1
            yield name


def _one_more(portfolio: Portfolio, name: str, tier: str, users: int) -> dict[str, Any]:
    platform = portfolio.platform
    return {
        "tenant": name,
        "client": name,
        "environment": str(Environment.PRODUCTION),
        "tier": tier,
        "region": platform.region,
        "service_line": platform.service_line,
        "hostname": f"{name}.example.com",
        "lifecycle_stage": str(LifecycleStage.ACTIVE),
        "options": {"users": str(users)},
    }


def _document(tenant: Tenant) -> dict[str, Any]:
    """The content of the file of *tenant*."""
    document: dict[str, Any] = tenant.model_dump(mode="json", exclude_none=True)
    return document


def _put(document: dict[str, Any], name: str, value: str) -> None:
    at_top = name in _ON_THE_TENANT
    if not at_top and name not in Options.model_fields:
        known = (*Options.model_fields, *_ON_THE_TENANT)
        raise CatalogError(f"{_SOURCE}: a tenant has no setting '{name}'; {did_you_mean(name, known)}")
    place = document if at_top else document["options"]
    if value and name == "schedule":
        # The fields of its file in one line: days and hours, then the time zone.
        awake, _, zone = value.rpartition(" ")
        place[name] = {"awake": awake, "timezone": zone}
    elif value:
        place[name] = value.split(",") if _is_list(Tenant if at_top else Options, name) else value
    else:
        place.pop(name, None)


def _is_list(model: type[BaseModel], name: str) -> bool:
    return _holds_a_tuple(model.model_fields[name].annotation)


def _holds_a_tuple(annotation: Any) -> bool:
    return get_origin(annotation) is tuple or any(map(_holds_a_tuple, get_args(annotation)))


def _second_region(
    catalog: Catalog, portfolio: Portfolio, document: dict[str, Any], given: Mapping[str, str]
) -> list[str]:
    """Adapt *document* to whether its tier copies to a second region; the assumptions made."""
    tier = catalog.tiers.get(document["tier"])
    offer = tier and tier.offers.get(Environment(document["environment"]))
    if not offer:
        return []  # the portfolio's own check reports it
    options, tenant = document["options"], document["tenant"]
    regions = [each for each in portfolio.platform.dr_regions if each != document["region"]]
    if offer.region_copies is None:
        gone = [name for name in ("dr_region", "warm_standby") if options.get(name) and name not in given]
        for name in gone:
            del options[name]
        return [f"{tenant}: options.{name} is dropped: {document['tier']} copies nothing" for name in gone]
    if "dr_region" in options or len(regions) != 1:
        return []
    options["dr_region"] = regions[0]
    return [f"{tenant}: options.dr_region is assumed to be {regions[0]}, the platform's only one"]


def _own_sizes(catalog: Catalog, document: dict[str, Any], given: Mapping[str, str]) -> list[str]:
    """Drop the sizes of an own server or cache that its tier does not have; what was dropped."""
    tier = catalog.tiers.get(document["tier"])
    offer = tier and tier.offers.get(Environment(document["environment"]))
    options = document["options"]
    if not offer:
        return []  # the portfolio's own check reports it
    kept = Options.model_construct(**{name: options.get(name) for name in ("database_class", "cache_class")})
    gone = [name for name in sizes_of_nothing(kept, [offer]) if name not in given]
    for name in gone:
        del options[name]
    return [f"{document['tenant']}: options.{name} is dropped: {document['tier']} has none" for name in gone]


def _tenant(document: Mapping[str, Any]) -> Tenant:
    try:
        return Tenant.model_validate(document)
    except ValidationError as error:
        raise CatalogError(
            *(
                f"{_SOURCE}: tenant {document['tenant']}: {'.'.join(map(str, where))}: {message}"
                for where, message in mistakes(error, Tenant)
            )
        ) from None


def _sound(
    catalog: Catalog, portfolio: Portfolio, tenants: tuple[Tenant, ...], changed: Iterable[TenantId]
) -> Portfolio:
    """The portfolio with *tenants*, after those that *changed* are checked against the catalog."""
    looked_at = set(changed)
    faults = [
        (each.tenant, fault)
        for each in tenants
        if each.tenant in looked_at
        for fault in faults_of_tenant(each, portfolio.platform, catalog)
    ]
    faults += too_many_replications({each.tenant: each for each in tenants}, catalog)
    if faults:
        raise CatalogError(
            *(
                f"{_SOURCE}: tenant {name}: {'.'.join(map(str, where))}: {message}"
                for name, (where, message) in faults
            )
        )
    return Portfolio(platform=portfolio.platform, tenants=tenants)


def _name(portfolio: Portfolio) -> str:
    return portfolio.platform.portfolio


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))
