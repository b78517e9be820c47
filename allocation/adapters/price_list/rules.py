"""Rules that map lines of offers to items of the price book.

A usage type begins with its region (`EUW2-`, `eu-west-2-`, nothing in us-east-1), followed by the usage and,
for machines, the size. A rule names these and further attributes of the product, because several products
share a usage type.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

Item = tuple[str, str]
"""Service and item, as the price book names them."""

REGION_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "us-east-1": ("", "USE1-"),
    "us-east-2": ("USE2-",),
    "us-west-1": ("USW1-",),
    "us-west-2": ("USW2-",),
    "eu-west-1": ("EU-", "EUW1-"),
    "eu-west-2": ("EUW2-",),
    "eu-west-3": ("EUW3-",),
    "eu-central-1": ("EUC1-",),
    "eu-north-1": ("EUN1-",),
    "ca-central-1": ("CAN1-",),
    "ap-southeast-1": ("APS1-",),
    "ap-south-1": ("APS3-",),
}
"""Prefixes of usage types by region, besides the region's own name."""

_IN_A_REGION: Final = {"locationtype": ("AWS Region",)}
_HOURS: Final = ("Hrs", "Hours", "hours")
_GB_MONTHS: Final = ("GB-Mo", "GB-month")
_GB: Final = ("GB", "GigaBytes")
_REQUESTS: Final = ("Requests", "Request", "API Requests")


@dataclass(frozen=True)
class Rule:
    """A rule that finds one item of the price book in an offer.

    Attributes:
        offer: Code of the offer.
        service: Of the item, as the price book names it.
        item: As the price book names it.
        unit: Of the item, as the price book names it.
        units: What the offer calls this unit.
        usages: What its usage type may be, without its region; up to the colon when a machine follows.
        machine: The instance type; nothing for what is no machine.
        where: Attributes, and the values they may have.
        never: Attributes, and the values they may not have.
    """

    offer: str
    service: str
    item: str
    unit: str
    units: tuple[str, ...]
    usages: tuple[str, ...]
    machine: str = ""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def key(self) -> Item:
        """The item it finds."""
        return self.service, self.item


def rules_for(items: Collection[Item]) -> list[Rule]:
    """The rules of all *items*, each a service and an item; items without an offer have none."""
    return [rule for service, item in sorted(items) for rule in _rules_of(service, item)]


def offer_codes(rules: Collection[Rule]) -> list[str]:
    """The offers that *rules* read."""
    return sorted({rule.offer for rule in rules})


def _rules_of(service: str, item: str) -> Iterator[Rule]:
    if (service, item) in _FIXED:
        yield _FIXED[service, item]
    elif service == "AmazonRDS" and (found := _DATABASE.fullmatch(item)):
        yield _database(item, found["machine"], found["zones"])
    elif service == "AmazonElastiCache" and (found := _CACHE.fullmatch(item)):
        yield _cache(item, found["machine"], found["engine"])
    elif service == "AmazonEC2" and (found := _INSTANCE.fullmatch(item)):
        yield _instance(item, found["machine"])


_DATABASE: Final = re.compile(r"RDS PostgreSQL (?P<machine>db\.[a-z0-9.-]+) (?P<zones>Single-AZ|Multi-AZ)")
_CACHE: Final = re.compile(r"(?P<machine>cache\.[a-z0-9.-]+) (?P<engine>Redis|Valkey|Memcached)")
_INSTANCE: Final = re.compile(r"(?P<machine>[a-z][a-z0-9-]*\.[a-z0-9-]+) Linux on-demand")


def _database(item: str, machine: str, zones: str) -> Rule:
    usage = "InstanceUsage:" if zones == "Single-AZ" else "Multi-AZUsage:"
    return Rule(
        offer="AmazonRDS",
        service="AmazonRDS",
        item=item,
        unit="hour",
        units=_HOURS,
        usages=(usage,),
        machine=machine,
        where={
            **_IN_A_REGION,
            "productfamily": ("Database Instance",),
            "databaseengine": ("PostgreSQL",),
            # A cluster with readable standbys is a third deployment, at about three times the price.
            "deploymentoption": (zones,),
        },
        never={"deploymentmodel": ("Custom",)},
    )


def _cache(item: str, machine: str, engine: str) -> Rule:
    return Rule(
        offer="AmazonElastiCache",
        service="AmazonElastiCache",
        item=item,
        unit="node-hour",
        units=_HOURS,
        usages=("NodeUsage:",),
        machine=machine,
        where={**_IN_A_REGION, "productfamily": ("Cache Instance",), "cacheengine": (engine,)},
    )


def _instance(item: str, machine: str) -> Rule:
    return Rule(
        offer="AmazonEC2",
        service="AmazonEC2",
        item=item,
        unit="hour",
        units=_HOURS,
        usages=("BoxUsage:",),
        machine=machine,
        where={
            **_IN_A_REGION,
            "operatingsystem": ("Linux",),
            "tenancy": ("Shared",),
            "capacitystatus": ("Used",),
            "preinstalledsw": ("NA",),
        },
    )


def _stored(offer: str, item: str, usage: str, **where: tuple[str, ...]) -> Rule:
    return Rule(offer, offer, item, "GB-month", _GB_MONTHS, (usage,), where=where)


def _moved(offer: str, item: str, usage: str, **where: tuple[str, ...]) -> Rule:
    return Rule(offer, offer, item, "GB", _GB, (usage,), where=where)


def _asked(offer: str, item: str, *usages: str, **where: tuple[str, ...]) -> Rule:
    return Rule(offer, offer, item, "request", _REQUESTS, usages, where=where)


def _network(
    offer: str, item: str, unit: str, units: tuple[str, ...], usage: str, **where: tuple[str, ...]
) -> Rule:
    return Rule(offer, "Network", item, unit, units, (usage,), where=where)


def _balancer(kind: str, name: str) -> Iterator[Rule]:
    family = (f"Load Balancer-{kind}",)
    units = ("LCU-Hrs", "LCU-Hours", *_HOURS)
    yield _network("AWSELB", name, "hour", _HOURS, "LoadBalancerUsage", productfamily=family)
    capacity = f"{name} {'NLCU' if kind == 'Network' else 'LCU'}"
    yield _network("AWSELB", capacity, "LCU-hour", units, "LCUUsage", productfamily=family)


_POSTGRESQL: Final = ("PostgreSQL", "Any")
_FIXED: Final = {
    (rule.service, rule.item): rule
    for rule in (
        _stored(
            "AmazonRDS",
            "RDS PostgreSQL gp3 storage Single-AZ",
            "RDS:GP3-Storage",
            databaseengine=_POSTGRESQL,
            productfamily=("Database Storage",),
        ),
        _stored(
            "AmazonRDS",
            "RDS PostgreSQL gp3 storage Multi-AZ",
            "RDS:Multi-AZ-GP3-Storage",
            databaseengine=_POSTGRESQL,
            productfamily=("Database Storage",),
        ),
        _stored(
            "AmazonRDS",
            "RDS PostgreSQL backup storage above the free allowance",
            "RDS:ChargedBackupUsage",
            databaseengine=_POSTGRESQL,
            productfamily=("Storage Snapshot",),
        ),
        _stored("AmazonEC2", "EBS gp3 storage", "EBS:VolumeUsage.gp3", productfamily=("Storage",)),
        _stored(
            "AmazonEFS",
            "Standard storage (Regional)",
            "TimedStorage-ByteHrs",
            storageclass=("General Purpose",),
        ),
        _stored("AmazonEFS", "IA storage, Bursting/Provisioned", "IATimedStorage-ByteHrs"),
        _stored("AmazonEFS", "IA storage, Elastic throughput", "IATimedStorage-ET-ByteHrs"),
        _moved("AmazonEFS", "Elastic throughput reads", "ETDataAccess-Bytes", accesstype=("Read",)),
        _moved("AmazonEFS", "Elastic throughput writes", "ETDataAccess-Bytes", accesstype=("Write",)),
        _stored(
            "AmazonS3",
            "Standard storage first 50 TB",
            "TimedStorage-ByteHrs",
            storageclass=("General Purpose",),
        ),
        _stored("AmazonS3", "Standard-IA storage", "TimedStorage-SIA-ByteHrs"),
        _stored("AmazonS3", "Glacier Instant Retrieval storage", "TimedStorage-GIR-ByteHrs"),
        _stored("AmazonS3", "Glacier Flexible storage", "TimedStorage-GlacierByteHrs"),
        _stored("AmazonS3", "Glacier Deep Archive storage", "TimedStorage-GDA-ByteHrs"),
        _moved("AmazonS3", "Glacier Instant Retrieval retrieval", "Retrieval-GIR"),
        _asked("AmazonS3", "PUT/COPY/POST/LIST Standard", "Requests-Tier1"),
        _asked("AmazonS3", "GET and other Standard", "Requests-Tier2"),
        _stored("AWSBackup", "EFS warm backup", "WarmStorage-ByteHrs-EFS", operation=("Storage",)),
        _stored("AWSBackup", "EFS cold backup", "ColdStorage-ByteHrs-EFS", operation=("Storage",)),
        _moved("AmazonCloudWatch", "Logs ingest Standard class", "DataProcessing-Bytes"),
        _stored("AmazonCloudWatch", "Logs storage", "TimedStorage-ByteHrs"),
        Rule(
            "AmazonEKS",
            "AmazonEKS",
            "control plane, standard support",
            "cluster-hour",
            _HOURS,
            ("AmazonEKS-Hours:perCluster",),
            where=_IN_A_REGION,
        ),
        Rule(
            "AmazonEKS",
            "AmazonEKS",
            "extended support surcharge (on top of 0.10)",
            "cluster-hour",
            _HOURS,
            ("AmazonEKS-Hours:extendedSupport",),
            where=_IN_A_REGION,
        ),
        _network(
            "AmazonEC2", "NAT gateway", "hour", _HOURS, "NatGateway-Hours", productfamily=("NAT Gateway",)
        ),
        _network(
            "AmazonEC2",
            "NAT gateway data processed",
            "GB",
            _GB,
            "NatGateway-Bytes",
            productfamily=("NAT Gateway",),
        ),
        *_balancer("Network", "NLB"),
        *_balancer("Application", "ALB"),
        _network("AmazonVPC", "public IPv4 in use", "address-hour", _HOURS, "PublicIPv4:InUseAddress"),
        Rule(
            "awskms", "awskms", "customer managed key", "key-month", ("Keys", "Key", "months"), ("KMS-Keys",)
        ),
        _asked("awskms", "symmetric requests", "KMS-Requests"),
        Rule(
            "AWSSecretsManager",
            "AWSSecretsManager",
            "secret",
            "secret-month",
            ("Secrets", "Secret", "secrets"),
            ("AWSSecretsManager-Secrets", "AWSSecretsManager-Secret"),
        ),
        _asked(
            "AWSSecretsManager", "API request", "AWSSecretsManagerAPIRequest", "AWSSecretsManager-APIRequests"
        ),
    )
}
