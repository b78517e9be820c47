"""Whether a tier can keep what it promises: its resilience class, its controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.catalog.classes import Classes, ResilienceRequirements
from tiers.catalog.tier import Offer, OwnDatabase, Tier
from tiers.strict_yaml import Fault
from tiers.vocabulary import Controls, Environment, Isolation, ResilienceClass


def offer_faults(tier: Tier) -> Iterator[Fault]:
    """Why a tier cannot be sold with enhanced controls, where it says it is."""
    for environment, offer in tier.offers.items():
        included = tier.controls is Controls.ENHANCED and environment is Environment.PRODUCTION
        if not included and offer.enhanced_fee_per_month is None:
            continue
        where = ("offers", str(environment))
        if tier.isolation is not Isolation.OWN:
            yield where, "cannot be sold with enhanced controls: the namespace is shared"
        if not isinstance(offer.database, OwnDatabase):
            yield where, "cannot be sold with enhanced controls: the database server is shared"


RANKS: Final[Mapping[ResilienceClass, int]] = {each: rank for rank, each in enumerate(ResilienceClass)}
"""The classes from the least promise to the greatest."""


def shortfalls(needed: ResilienceRequirements, offer: Offer, classes: Classes) -> Iterator[str]:
    """What *offer* lacks of what a class takes, one phrase each."""
    database = offer.database
    if needed.multi_az and not (isinstance(database, OwnDatabase) and database.multi_az):
        yield "database is no server of its own with multi_az"
    replicas = classes.workload_classes[offer.workload_class].web.replicas
    if replicas < needed.web_replicas:
        yield f"workload_class {offer.workload_class} has {replicas} web replicas of {needed.web_replicas}"
    if offer.backup_class is None:
        yield "backup_class is missing"
        return
    backup = classes.backup_classes[offer.backup_class]
    if backup.runs_per_month < needed.dumps_per_month:
        yield f"{offer.backup_class} dumps {backup.runs_per_month} times a month of {needed.dumps_per_month}"
    if backup.retention_days < needed.dump_retention_days:
        yield f"{offer.backup_class} keeps dumps {backup.retention_days} days of {needed.dump_retention_days}"
    if needed.second_region and offer.region_copies is None:
        yield "region_copies is missing"


def tier_faults(tier: Tier, classes: Classes) -> Iterator[Fault]:
    """Why a tier cannot be sold with its resilience class."""
    offer = tier.offers.get(Environment.PRODUCTION)
    if offer is None:
        return
    for lack in shortfalls(classes.resilience_classes[tier.resilience_class], offer, classes):
        where = ("offers", str(Environment.PRODUCTION))
        yield where, f"cannot honour resilience_class {tier.resilience_class}: {lack}"
