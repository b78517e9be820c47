"""Portfolios for tests: the committed one, and ones made of a few words."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Final

from tiers.catalog.loading import load_catalog
from tiers.catalog.tier import Catalog
from tiers.facts.data import CacheGroup, CacheSpace
from tiers.facts.ingress import ControllerKind
from tiers.plan.plan import Plan
from tiers.plan.resolve import resolve
from tiers.portfolio.failover.cluster import SecondCluster, SecondIngress
from tiers.portfolio.loading import load_portfolio
from tiers.portfolio.parts.exporters import (
    KubeStateMetricsSpec,
    LogShipperSpec,
    PostgresExporterSpec,
    RedisExporterSpec,
    UsageExporterSpec,
)
from tiers.portfolio.parts.ingress import TraefikSpec
from tiers.portfolio.parts.section import PartsSpec
from tiers.portfolio.platform import Platform, SecondNetwork
from tiers.portfolio.rotation import TokenRotation
from tiers.portfolio.routes.dns import DnsSpec, ZoneSpec
from tiers.portfolio.routes.ingress import MaintenanceSpec
from tiers.portfolio.security.section import SecuritySpec
from tiers.portfolio.tenant import Portfolio, Tenant
from tiers.portfolio.versions.image import NamedImage
from tiers.vocabulary import Environment

ROOT = Path(__file__).parent.parent
LOCAL = ROOT / "portfolios" / "local"
UPGRADE_COMMAND = {
    "image": f"registry.example.com/upgrade@sha256:{'d' * 64}",
    "command": ["odoo", "--update=all", "--stop-after-init"],
    "minutes": 90,
    "may_lose_rows": ["mail_message"],
}
"""What upgrades a database to 19.0."""
WORKING_HOURS = {"awake": "Mon-Fri 07:00-19:00", "timezone": "Europe/Brussels"}


@cache
def catalog() -> Catalog:
    """The catalog as sold."""
    return load_catalog()


@cache
def local_portfolio() -> Portfolio:
    """The committed portfolio `local`."""
    return load_portfolio(LOCAL, catalog())


@cache
def local_plan() -> Plan:
    """The plan of the committed portfolio `local`."""
    return resolve(catalog(), local_portfolio())


def as_with_tokens(plan: Plan) -> Plan:
    """*plan* as a version deployed it that knew no users of caches: tenants had the shared one's token."""
    early = [
        fact.model_copy(update={"users": False, "rotation_update": (fact.rotation_number and "SET") or None})
        if isinstance(fact, CacheGroup)
        else fact
        for fact in plan.platform
    ]
    tenants = tuple(
        each.model_copy(
            update={
                "facts": tuple(
                    fact.model_copy(update={"user": None}) if isinstance(fact, CacheSpace) else fact
                    for fact in each.facts
                )
            }
        )
        for each in plan.tenants
    )
    return plan.model_copy(update={"platform": tuple(early), "tenants": tenants})


def tenant(name: str = "acme", **changes: Any) -> Tenant:
    """A production tenant of the local platform, with *changes*."""
    values: dict[str, Any] = {
        "tenant": name,
        "client": f"{name}-ltd",
        "environment": "production",
        "tier": "shared-namespace",
        "region": "us-east-1",
        "service_line": "odoo-hosting",
        "hostname": f"{name}.odoo.example.com",
        "options": {"users": 5},
    }
    values |= changes
    tier = catalog().tiers.get(str(values["tier"]))
    sold = tier and tier.offers.get(Environment(values["environment"]))
    if sold and sold.region_copies and isinstance(values["options"], dict):
        values["options"] = {"dr_region": "eu-west-1"} | values["options"]
    return Tenant.model_validate(values)


def every_offer() -> list[Tenant]:
    """A tenant for each environment of each tier that is sold; staging sleeps."""
    ends = {"expires_at": "2027-01-31T00:00:00Z", "cutover": "2027-01-15"}
    return [
        tenant(
            f"{''.join(word[0] for word in name.split('-'))}-{environment}",
            tier=name,
            environment=environment,
            options={
                "users": 5,
                "warm_standby": offer.standby_fee_per_month is not None,
                "schedule": WORKING_HOURS if environment == "staging" else None,
            },
            **(ends if environment == "migration" else {}),
        )
        for name, tier in sorted(catalog().tiers.items())
        for environment, offer in tier.offers.items()
    ]


@cache
def wide_platform() -> Platform:
    """The local platform, with a network in its second region for servers to wait in, and named versions."""
    usual = local_portfolio().platform
    images = usual.images.model_copy(update={"odoo_versions": named_versions()})
    waiting = SecondNetwork(
        subnet_ids=("subnet-0d0d0d0d", "subnet-0e0e0e0e"), security_group_id="sg-0d0d0d0d"
    )
    return usual.model_copy(update={"dr_networks": {"eu-west-1": waiting}, "images": images})


@cache
def second_cluster() -> SecondCluster:
    """A cluster in the second region, in which tenants can start."""
    return SecondCluster(
        name="odoo-standby",
        context="standby",
        version="1.35",
        ingress=SecondIngress(
            namespace="ingress",
            controller=ControllerKind.TRAEFIK,
            class_name="traefik",
            target="standby-0a1b2c3d.elb.eu-west-1.amazonaws.com",
        ),
        subnet_cidrs=("10.60.0.0/20", "10.60.16.0/20"),
        node_class="m7g.large",
    )


@cache
def two_regions() -> Platform:
    """The wide platform, with a cluster in its second region."""
    usual = wide_platform()
    network = usual.dr_networks["eu-west-1"].model_copy(update={"cluster": second_cluster()})
    return usual.model_copy(update={"dr_networks": {"eu-west-1": network}})


def failing_over(stage: str | None = None, **section: Any) -> Tenant:
    """A tenant with a standby, at a stage of its failover; at rest without one."""
    failover = {"number": 1, "to": "eu-west-1", "stage": stage, **section} if stage else None
    options = {"users": 50, "warm_standby": True}
    return tenant(tier="cross-region-backup", options=options, failover=failover)


def named_versions() -> dict[str, NamedImage]:
    """Versions by name: a build of the platform's own, the version before it, and one for staging first."""
    own = local_portfolio().platform.images.odoo.model_dump()
    return {
        name: NamedImage.model_validate(
            own | {"image": f"registry.example.com/odoo@sha256:{digit * 64}", "version": version, **more}
        )
        for name, version, digit, more in (
            ("18.0-lts", "18.0", "a", {}),
            ("17.0", "17.0", "b", {}),
            ("19.0", "19.0", "c", {"rollout": "staging-first", "upgrade": UPGRADE_COMMAND}),
        )
    }


@cache
def grouped_platform() -> Platform:
    """The wide platform in the VPC of its cluster, where pods can have security groups of their own."""
    document = two_regions().model_dump(mode="json")
    adopted = {
        "vpc_id": "vpc-0a1b2c3d",
        "subnet_ids": ["subnet-01", "subnet-02", "subnet-03"],
        "subnet_cidrs": ["10.20.240.0/22", "10.20.244.0/22", "10.20.248.0/22"],
        "cidr": None,
    }
    document["network"] |= adopted
    document["cluster"] |= {"pod_security_groups": True, "security_group_id": "sg-0c0c0c0c"}
    return Platform.model_validate(document)


def one_cluster() -> Platform:
    """The grouped platform without a cluster in its second region: pods there have the same names."""
    usual = grouped_platform()
    networks = {
        region: each.model_copy(update={"cluster": None}) for region, each in usual.dr_networks.items()
    }
    return usual.model_copy(update={"dr_networks": networks})


def measured(platform: Platform | None = None) -> Platform:
    """The local platform, or *platform*, with every part that Costack runs."""
    parts = PartsSpec(
        scraped_from="monitoring",
        usage_exporter=UsageExporterSpec(),
        kube_state_metrics=KubeStateMetricsSpec(image=f"registry.example.com/states@sha256:{'5' * 64}"),
        postgres_exporter=PostgresExporterSpec(image=f"registry.example.com/postgres@sha256:{'6' * 64}"),
        traefik=TraefikSpec(
            image=f"registry.example.com/traefik@sha256:{'8' * 64}", source_ranges=("0.0.0.0/0",)
        ),
        redis_exporter=RedisExporterSpec(image=f"registry.example.com/redis@sha256:{'7' * 64}"),
        log_shipper=LogShipperSpec(image=f"registry.example.com/fluent-bit@sha256:{'6' * 64}"),
    )
    usual = platform or local_portfolio().platform
    cluster = usual.cluster.model_copy(update={"api_cidrs": ("172.20.0.0/16",)})
    ingress = usual.ingress.model_copy(update={"replicas": 2, "zones": 2})
    services = tuple(each for each in usual.services if each.name != "traefik")
    changes = {"cluster": cluster, "parts": parts, "ingress": ingress, "services": services}
    return usual.model_copy(update=changes)


def watched_over(platform: Platform | None = None) -> Platform:
    """The local platform, or *platform*, in an account that GuardDuty and Config watch over, with patches."""
    usual = platform or local_portfolio().platform
    said = {
        "services": [
            {
                "name": "guardduty",
                "service": "AmazonGuardDuty",
                "item": "CloudTrail management events first tier",
                "quantity_per_month": 2_000_000,
            },
            {
                "name": "config",
                "service": "AWSConfig",
                "item": "configuration item",
                "quantity_per_month": 4000,
            },
        ],
        "patching_hours_per_month": 3,
        "review_hours_per_month": 1,
    }
    return usual.model_copy(update={"security": SecuritySpec.model_validate(said)})


def routed(platform: Platform) -> Platform:
    """*platform* with all that its ingress controller may be told: records, and a maintenance page."""
    zone = ZoneSpec(id="Z0AAAAAAAAAAAA", domain="odoo.example.com")
    about = {
        "controller": ControllerKind.TRAEFIK,
        "dns": DnsSpec(zones=(zone,), target="balancer.example.net", queries_per_month=100_000),
        "maintenance_page": MaintenanceSpec(text="We are back at nine."),
    }
    return platform.model_copy(update={"ingress": platform.ingress.model_copy(update=about)})


CDN: Final = {
    "hostname": "static.odoo.example.com",
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/0a1b2c3d-0000-4000-8000-000000000000",
}
"""The CDN of a tenant whose record Costack makes in the zone of `routed`."""


def on_the_way() -> list[Tenant]:
    """A tenant with records of its host name, one whose pods are stopped, one that goes back to a second."""
    second = {"at": "2026-11-29T01:17:00Z", "point_in_time": True, "stage": "prepare"}
    return [
        tenant("past", tier="dedicated-db", restore=second),
        tenant(
            "recorded",
            routes={"dns": "route-53", "cdn": CDN},
            options={"users": 5, "website_visits_per_month": 20_000},
        ),
        tenant("stopped", lifecycle_stage="decommissioning"),
    ]


def plan_of(*tenants: Tenant, platform: Platform | None = None) -> Plan:
    """The plan of some tenants on the local platform (wide, for who waits there), or on another."""
    waiting = any(each.options.warm_standby for each in tenants)
    usual = wide_platform() if waiting else local_portfolio().platform
    portfolio = Portfolio(platform=platform or usual, tenants=tenants)
    return resolve(catalog(), portfolio)


def with_token(rotation: TokenRotation) -> Platform:
    """The committed platform while the token of its shared cache is rotated."""
    usual = local_portfolio().platform
    return usual.model_copy(update={"cache": usual.cache.model_copy(update={"rotation": rotation})})
