"""Every portfolio that can be sold, as a search space: read off the catalog and the models.

What is sold is for the product to say: a combination that its own checks refuse is no combination.
"""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from itertools import product
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from tests.components.drawn_routes import drawn_routes, with_controller
from tests.portfolios import catalog, grouped_platform, measured, tenant, two_regions
from tiers.catalog.tier import OwnDatabase
from tiers.errors import CatalogError
from tiers.facts.database_upgrade import ServerUpgrade
from tiers.facts.database_upgrade import UpgradeStage as ServerUpgradeStage
from tiers.facts.network import DnsPeer
from tiers.plan.from_program import plan_of_documents
from tiers.plan.plan import Plan
from tiers.portfolio.failover.stage import Failover, FailoverStage
from tiers.portfolio.loading import faults_of_tenant
from tiers.portfolio.move import data_moves
from tiers.portfolio.namespaces.quota import QuotaSpec
from tiers.portfolio.platform import Platform
from tiers.portfolio.restore.anonymised import AnonymisedSection
from tiers.portfolio.restore.stage import Restore, RestoreStage
from tiers.portfolio.rotation import Rotation
from tiers.portfolio.tenant import Move, Options, Tenant
from tiers.portfolio.upgrade.stage import Upgrade, UpgradeStage
from tiers.portfolio.versions.section import OdooSection, UpdateSection
from tiers.schedule import Schedule
from tiers.vocabulary import Environment, LifecycleStage, MoveStage, RotationStage, TenantId

Offer = tuple[str, Environment]
MOST_TENANTS: Final = 3

_PLATFORM: Final = two_regions()
_HERE, _THERE = _PLATFORM.region, _PLATFORM.dr_regions
_NOWHERE: Final = "ap-southeast-2"
_TENANT_IDS: Final[TypeAdapter[str]] = TypeAdapter(TenantId)

# Fields whose values the model does not list. Enumerations and flags need no line here.
MENUS: Final[Mapping[str, tuple[Any, ...]]] = {
    "workload_class": (None, *sorted(catalog().classes.workload_classes)),
    "database_class": (None, *sorted(catalog().classes.database_classes)),
    "cache_class": (None, *sorted(catalog().classes.cache_classes)),
    "dr_region": (None, _HERE, *_THERE, _NOWHERE),
    "data_residency": (None, (_HERE,), (_HERE, *_THERE), _THERE),
}
RANGES: Final[Mapping[str, st.SearchStrategy[Any]]] = {
    "users": st.integers(1, 500),
    "database_gib": st.none() | st.integers(1, 2000),
    "filestore_gib": st.none() | st.integers(1, 2000),
    "egress_cidrs": st.sampled_from([(), ("198.51.100.0/24",)]),
    "reader_connections": st.sampled_from([0, 3]),
    "services": st.sampled_from([(), ("observability",), ("managed-database", "observability")]),
    "overage": st.sampled_from([None, "agreed"]),
    "website_visits_per_month": st.sampled_from([0, 20_000]),
    "mail_ports": st.sampled_from([(465, 587), (), (465, 587, 993, 995)]),
    "odoo": st.sampled_from(
        [
            None,
            *(OdooSection(version=name) for name in ("18.0-lts", "17.0", "19.0")),
            OdooSection(update=UpdateSection(number=1, modules=("all",))),
        ]
    ),
    "maintenance_window": st.sampled_from([None, "sun:03:00-sun:04:00", "sat:23:00-sun:00:00"]),
}
# What production refuses is drawn for the others only.
SCHEDULES: Final = st.sampled_from(
    [
        None,
        Schedule(awake="Mon-Fri 07:00-19:00", timezone="Europe/Brussels"),
        Schedule(awake="Sun-Thu 00:00-24:00", timezone="Asia/Jerusalem"),
        Schedule(awake="Tue,Sat 20:15-24:00", timezone="Etc/UTC"),
    ]
)
# Most stand still: a move is one more thing that can go wrong.
_STANDING_STILL: Final = 3
_ROTATIONS: Final = (None, Rotation(number=2), *(Rotation(number=1, stage=stage) for stage in RotationStage))
_RESTORES: Final = tuple(
    Restore(at=datetime(2026, 11, 29, 1, 15, tzinfo=UTC), stage=stage) for stage in RestoreStage
)
_MOMENTS: Final = tuple(each.model_copy(update={"point_in_time": True}) for each in _RESTORES)
_UPLOADS: Final = tuple(
    Restore(at=datetime(2026, 11, 29, 1, 15, tzinfo=UTC), from_archive="old.zip", stage=stage)
    for stage in RestoreStage
)
_ANONYMISED: Final = (None, AnonymisedSection(contacts=True, attachments=True))
_UPGRADES: Final = tuple(Upgrade(to="19.0", stage=stage) for stage in UpgradeStage)
_SERVER_UPGRADES: Final = tuple(ServerUpgrade(to="18", stage=stage) for stage in ServerUpgradeStage)
_CLUSTERS: Final[tuple[Mapping[str, Any], ...]] = (
    {"quota_headroom_percent": 0},
    {"quota_headroom_percent": 20},
    {
        "dns_peers": (
            DnsPeer(cidr="169.254.20.10/32"),
            DnsPeer(namespace="openshift-dns", pod_labels={"dns": "default"}, ports=(53, 5353)),
        )
    },
    {
        "quotas": {
            Environment.PRODUCTION: QuotaSpec(pods=500),
            Environment.STAGING: QuotaSpec(storage_gib=50000),
        }
    },
)
# Who a tenant is; these follow from its name and offer.
_IDENTITY: Final = frozenset(
    {
        "tenant",
        "client",
        "display_name",
        "first_client",
        "environment",
        "tier",
        "region",
        "service_line",
        "hostname",
        "routes",
        "options",
        "begins_on",
        "expires_at",
        "extended",
        "final_dump",
        "move",
        "rotation",
        "anonymised",
        "refresh_schedule",
        "restore",
        "database_engine_version",
        "database_upgrade",
        "failover",
        "failovers",
        "upgrade",
        "cutover",
        "schedule",
        "budget_per_month",
    }
)
# Names that begin alike, that are long, that are full of dashes, that are a single letter.
_AWKWARD_NAMES: Final = (
    "acme",
    "acme-2",
    "acme-staging",
    "a",
    "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o",
    "z" * 30,
    f"{'z' * 28}-z",
    "web",
    "traefik",
    "odoo",
)


def offers() -> list[Offer]:
    """Each environment of each tier that is sold."""
    return [
        (name, environment) for name, tier in sorted(catalog().tiers.items()) for environment in tier.offers
    ]


@cache
def choices_of(offer: Offer) -> tuple[Mapping[str, Any], ...]:
    """All that a tenant of *offer* may choose from menus, in every legal combination."""
    tier, environment = offer
    menus = _menus()
    legal = []
    for values in product(*menus.values()):
        chosen = dict(zip(menus, values, strict=True))
        try:
            made = _tenant("acme", tier, environment, {"users": 1, **chosen})
        except ValidationError:
            continue
        if not list(faults_of_tenant(made, _PLATFORM, catalog())):
            legal.append(chosen)
    return tuple(legal)


def names() -> st.SearchStrategy[str]:
    """Names that the product takes for a tenant."""
    words = st.from_regex(r"[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,6}){0,4}", fullmatch=True)
    return (st.sampled_from(_AWKWARD_NAMES) | words).filter(_is_a_name)


@st.composite
def tenants(draw: st.DrawFn, offer: Offer | None = None) -> Tenant:
    """A tenant of *offer*, or of any, with any choice."""
    offer = offer or draw(st.sampled_from(offers()))
    chosen = dict(draw(st.sampled_from(choices_of(offer))))
    drawn = {name: draw(RANGES[name]) for name in _fields() if name in RANGES}
    if offer[1] is not Environment.PRODUCTION:
        drawn["anonymised"] = draw(st.sampled_from(_ANONYMISED))
        drawn["schedule"] = draw(SCHEDULES)
        del drawn["mail_ports"]  # nothing but production reaches a mail server
        del drawn["overage"]  # or is sold beyond fair use
    else:
        del drawn["reader_connections"]  # and nobody's reports read it
    if chosen["lifecycle_stage"] is LifecycleStage.DECOMMISSIONING and not _has_dumps(offer):
        drawn["final_dump"] = draw(st.booleans())
    if chosen["lifecycle_stage"] is LifecycleStage.ACTIVE:
        drawn["move"] = draw(st.sampled_from([*[None] * _STANDING_STILL, *_moves_to(offer)]))
        if drawn["move"] is None:
            drawn["rotation"] = draw(st.sampled_from(_ROTATIONS))
            if not (drawn["rotation"] and drawn["rotation"].stage):
                logs = _MOMENTS if _has_a_log(offer) else ()
                restores = (*_UPLOADS, *((*_RESTORES, *logs) if _has_dumps(offer) else ()))
                drawn["restore"] = draw(st.sampled_from([*[None] * _STANDING_STILL, *restores]))
                if drawn["restore"] is None and _has_dumps(offer):
                    drawn["upgrade"] = draw(st.sampled_from([*[None] * _STANDING_STILL, *_UPGRADES]))
            drawn["failover"] = draw(st.sampled_from(_failovers_of(chosen, drawn)))
    if isinstance(catalog().tiers[offer[0]].offers[offer[1]].database, OwnDatabase):
        drawn |= draw(_own_servers({**chosen, **drawn}))
    name = draw(names())
    visited = offer[1] is Environment.PRODUCTION and bool(drawn["website_visits_per_month"])
    drawn["routes"] = draw(drawn_routes(name, visited=visited))
    return _tenant(name, *offer, chosen | drawn)


@st.composite
def _own_servers(draw: st.DrawFn, values: Mapping[str, Any]) -> dict[str, Any]:
    """A version of the tenant's own server, and where nothing else goes on, an upgrade of it."""
    drawn: dict[str, Any] = {"database_engine_version": draw(st.sampled_from([None, "17.6"]))}
    rotation = values.get("rotation")
    busy = any(values.get(each) for each in ("move", "restore", "upgrade", "failover"))
    busy = busy or bool(rotation and rotation.stage)
    if values["lifecycle_stage"] is LifecycleStage.ACTIVE and not busy:
        standby = values.get("warm_standby") is True
        without = ServerUpgradeStage.WITHOUT_STANDBY
        fitting = [each for each in _SERVER_UPGRADES if standby or each.stage is not without]
        drawn["database_upgrade"] = draw(st.sampled_from([*[None] * _STANDING_STILL, *fitting]))
    return drawn


def _failovers_of(chosen: Mapping[str, Any], drawn: Mapping[str, Any]) -> list[Failover | None]:
    """Every stage, where a standby follows and nothing else goes on; most stand still."""
    rotation = drawn["rotation"]
    busy = drawn.get("restore") or drawn.get("upgrade") or (rotation and rotation.stage)
    if busy or chosen["warm_standby"] is not True:
        return [None]
    to = chosen["dr_region"]
    there = [Failover(number=1, to=to, stage=stage) for stage in FailoverStage] if to in _THERE else []
    return [*[None] * _STANDING_STILL, *there]


def _has_dumps(offer: Offer) -> bool:
    """Whether dumps are bought; asking for one at the end changes nothing then."""
    tier, environment = offer
    return catalog().tiers[tier].offers[environment].backup_class is not None


def _has_a_log(offer: Offer) -> bool:
    """Whether its server is its own, and can be restored to any moment."""
    database = catalog().tiers[offer[0]].offers[offer[1]].database
    return isinstance(database, OwnDatabase) and bool(database.backup_retention_days)


@cache
def _moves_to(offer: Offer) -> tuple[Move, ...]:
    """Every stage of every move that brings data to *offer*."""
    tier, environment = offer
    origins = [name for name in catalog().tiers if data_moves(catalog(), environment, name, tier)]
    return tuple(Move(from_tier=name, stage=stage) for name in origins for stage in MoveStage)


@st.composite
def portfolios(draw: st.DrawFn, offer: Offer) -> tuple[Platform, list[Tenant]]:
    """Up to three tenants, one of *offer*, on a platform that protects its data or does not.

    On some, pods have security groups of their own, or large restore tests no volumes. Quotas of shared
    namespaces are as small as they may be, ample, or written; names are asked for as usual, or elsewhere.
    """
    protected = draw(st.booleans())
    usual = draw(st.sampled_from([_PLATFORM, grouped_platform(), measured(grouped_platform())]))
    cluster = usual.cluster.model_copy(update=draw(st.sampled_from(_CLUSTERS)))
    room = draw(st.sampled_from([usual.restore_tests, None]))
    platform = usual.model_copy(
        update={"deletion_protection": protected, "cluster": cluster, "restore_tests": room}
    )
    platform = draw(with_controller(platform))
    # Most hold as many as possible: neighbours are what can go wrong.
    most = draw(st.sampled_from([1, 2, *[MOST_TENANTS] * 6]))
    first = draw(tenants(offer))
    others = st.lists(
        tenants().filter(lambda each: each.tenant != first.tenant),
        min_size=most - 1,
        max_size=most - 1,
        unique_by=lambda each: each.tenant,
    )
    return platform, [first, *draw(others)]


def accepted(platform: Platform, chosen: list[Tenant]) -> Plan | None:
    """The plan of a portfolio as its files would say it; None when the product refuses it."""
    documents = [each.model_dump(mode="json") for each in chosen]
    try:
        return plan_of_documents(platform.model_dump(mode="json"), documents, catalog())
    except CatalogError:
        return None


def _tenant(name: str, tier: str, environment: Environment, values: Mapping[str, Any]) -> Tenant:
    options = {key: value for key, value in values.items() if key in Options.model_fields}
    others = {key: value for key, value in values.items() if key not in Options.model_fields}
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    return tenant(
        name,
        tier=tier,
        environment=environment,
        options=options,
        **(ends if environment is Environment.MIGRATION else {}),
        **others,
    )


def _is_a_name(name: str) -> bool:
    try:
        _TENANT_IDS.validate_python(name)
    except ValidationError:
        return False
    return True


def _fields() -> dict[str, FieldInfo]:
    """Everything a tenant's file may say beyond who it is."""
    about_it = {name: each for name, each in Tenant.model_fields.items() if name not in _IDENTITY}
    options = {name: each for name, each in Options.model_fields.items() if name not in _IDENTITY}
    return {**about_it, **options}


def _menus() -> dict[str, tuple[Any, ...]]:
    return {
        name: MENUS.get(name) or tuple(_listed(name, field.annotation))
        for name, field in _fields().items()
        if name not in RANGES
    }


def _listed(name: str, annotation: Any) -> Iterator[Any]:
    """The values of a type that has few."""
    if get_origin(annotation) is Annotated:
        yield from _listed(name, get_args(annotation)[0])
    elif get_origin(annotation) in (Union, types.UnionType):
        for each in get_args(annotation):
            yield from _listed(name, each)
    elif annotation is type(None):
        yield None
    elif annotation is bool:
        yield from (False, True)
    elif get_origin(annotation) is Literal:
        yield from get_args(annotation)
    elif isinstance(annotation, type) and issubclass(annotation, Enum):
        yield from annotation
    else:
        raise LookupError(f"say in {__name__} which values of '{name}' to try")
