"""Which lines of a bill pay for a second zone, and what part of each a single zone would cost.

AWS bills a Multi-AZ server as one line, and its storage as another. Their parts are those of the list prices
in the price book: what the same item costs in a single zone, and what it costs in two. So discounts are
divided as prices are. A node of a cache with spare nodes is divided by how many there are, and what goes from
zone to zone is all availability. A line whose prices are unknown stays whole, and is named.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from allocation.billed.deployed import Deployed
from allocation.prices.price_book import PriceBook
from tiers.facts.data import CacheGroup

# How AWS's offer files describe these lines; bills repeat it: "$0.478 per RDS db.r7g.large Multi-AZ instance
# hour (or partial hour) running PostgreSQL", "$0.23 per GB-month of provisioned gp3 storage for Multi-AZ
# deployments running PostgreSQL".
_SERVER: Final = re.compile(
    r"\b(db\.[a-z0-9-]+\.[a-z0-9]+) Multi-AZ instance\b.*\bPostgreSQL\b", re.IGNORECASE
)
_STORAGE: Final = re.compile(
    r"\bof provisioned (gp[23]|io1) storage for Multi-AZ\b.*\bPostgreSQL\b", re.IGNORECASE
)
_BETWEEN_ZONES: Final = re.compile(r"\bbetween EC2 AZs\b|\bavailability zone data transfer\b", re.IGNORECASE)
_POSTGRESQL_IN_TWO: Final = re.compile(
    r"\bMulti-AZ\b.*\bPostgreSQL\b|\bPostgreSQL\b.*\bMulti-AZ\b", re.IGNORECASE
)
_NODE: Final = re.compile(r"\bper cache\.[a-z0-9-]+\.[a-z0-9]+ node-hour\b", re.IGNORECASE)
LIKE: Final = ("%Multi-AZ%", "%between EC2 AZs%", "%availability zone data transfer%", "%node-hour%")
"""Patterns for SQL's ILIKE of the descriptions that are looked at."""
_RDS: Final = "AmazonRDS"


class Line(NamedTuple):
    """What lines of a bill say alike; `group` is the cache whose node it is, or ''."""

    description: str
    region: str
    group: str = ""


class Unsplit(NamedTuple):
    """Lines that stay whole, and why."""

    line: Line
    reason: str


def single_zone_part(line: Line, prices: PriceBook, nodes: Mapping[str, int]) -> Fraction | Unsplit | None:
    """The part of *line* that a single zone would cost; None for a line that pays for no second zone.

    *nodes* has the number of nodes of each cache that has spare ones.
    """
    if _BETWEEN_ZONES.search(line.description):
        return Fraction(0)
    if _NODE.search(line.description):
        return Fraction(1, nodes[line.group]) if line.group in nodes else None
    if found := _SERVER.search(line.description):
        return _priced(line, f"RDS PostgreSQL {found[1]}", prices)
    if found := _STORAGE.search(line.description):
        return _priced(line, f"RDS PostgreSQL {found[1].lower()} storage", prices)
    if _POSTGRESQL_IN_TWO.search(line.description):
        return Unsplit(line, f"no price says what '{line.description}' costs in a single zone")
    return None


def _priced(line: Line, item: str, prices: PriceBook) -> Fraction | Unsplit:
    single, double = (
        prices.find(line.region, _RDS, f"{item} {zones}") for zones in ("Single-AZ", "Multi-AZ")
    )
    for price, zones in ((single, "Single-AZ"), (double, "Multi-AZ")):
        if price is None:
            return Unsplit(line, f"the price book has no '{item} {zones}' in {line.region or 'no region'}")
    if (
        not (single and double and single.price <= double.price and double.price)
        or single.unit != double.unit
    ):
        return Unsplit(line, f"the price book's two prices of '{item}' in {line.region} do not fit together")
    return Fraction(single.price) / Fraction(double.price)


def spare_nodes(deployed: Iterable[Deployed]) -> dict[str, int]:
    """The name of each cache with spare nodes, as the ids of its nodes begin, and how many nodes it has."""
    return dict(_groups(deployed))


def _groups(deployed: Iterable[Deployed]) -> Iterator[tuple[str, int]]:
    for one in deployed:
        for fact in one.inventory.plan.all_facts():
            arn = one.inventory.cloud_ids.get(fact.id)
            if isinstance(fact, CacheGroup) and fact.multi_az and fact.nodes > 1 and arn:
                yield arn.rpartition(":")[2], fact.nodes
