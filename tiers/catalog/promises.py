"""Checks whether a tier can keep its promises: its resilience class and its controls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from tiers.catalog.classes import Classes, ResilienceRequirements
from tiers.catalog.tier import Offer, OwnDatabase, Tier
from tiers.strict_yaml import Fault
from tiers.vocabulary import Controls, Environment, Isolation, ResilienceClass


def offer_faults(tier: Tier) -> Iterator[Fault]:
    """Why a tier that includes or sells enhanced controls cannot have them."""
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
"""The resilience classes, from the weakest promise to the strongest."""


def shortfalls(needed: ResilienceRequirements, offer: Offer, classes: Classes) -> Iterator[str]:
    """What *offer* lacks to meet a resilience class, one phrase each."""
    database = offer.database
    if needed.multi_az and not (isinstance(database, OwnDatabase) and database.multi_az):
        yield "the database is not an own server with multi_az"
    replicas = classes.workload_classes[offer.workload_class].web.replicas
    if replicas < needed.web_replicas:
        size = f"workload_class {offer.workload_class}"
        yield f"{size} has {replicas} web replicas instead of {needed.web_replicas}"
    if offer.backup_class is None:
        yield "backup_class is missing"
        return
    backup = classes.backup_classes[offer.backup_class]
    if backup.runs_per_month < needed.dumps_per_month:
        runs = backup.runs_per_month
        yield f"{offer.backup_class} dumps {runs} times a month instead of {needed.dumps_per_month}"
    if backup.retention_days < needed.dump_retention_days:
        kept = backup.retention_days
        yield f"{offer.backup_class} keeps dumps {kept} days instead of {needed.dump_retention_days}"
    if needed.second_region and offer.region_copies is None:
        yield "region_copies is missing"


def tier_faults(tier: Tier, classes: Classes) -> Iterator[Fault]:
    """Why a tier cannot honour its resilience class."""
    offer = tier.offers.get(Environment.PRODUCTION)
    if offer is None:
        return
    for lack in shortfalls(classes.resilience_classes[tier.resilience_class], offer, classes):
        where = ("offers", str(Environment.PRODUCTION))
        yield where, f"cannot honour resilience_class {tier.resilience_class}: {lack}"
