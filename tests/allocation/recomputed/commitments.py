"""What commitments would have saved, worked out again from offers, plan and price files."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import NamedTuple

import yaml

from tests.allocation.recomputed.cells import Expected, Figure, Must
from tests.allocation.recomputed.documents import Documents, Record, Written
from tests.portfolios import ROOT

HEADS = (
    "machines", "there always", "commitment", "term", "paid at once", "on demand", "committed",
    "saved", "pays off after, months", "stays if a tenant leaves",
)  # fmt: skip
BY_MONTH = (
    "month", "machines", "hours covered", "commitment", "term", "on demand", "committed", "saved",
)  # fmt: skip
_TENTH, _UNIT = Fraction(1, 20), Fraction(1, 10**9)


class _Offer(NamedTuple):
    item: str
    what: str
    hours: int
    payment: str
    upfront: Fraction
    hourly: Fraction

    @property
    def each_hour(self) -> Fraction:
        return self.hourly + self.upfront / self.hours


class _Kind(NamedTuple):
    item: str
    machines: int
    owned: bool
    price: Fraction


def commitments(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = []
    for kind in _kinds(documents):
        offers = [each for each in _offers(documents) if each.item == kind.item]
        hours = _hours(documents.now)
        for each in sorted(offers, key=lambda each: (each.each_hour, each.hours)):
            rows.append(
                [
                    kind.item, Fraction(kind.machines), *_named(each),
                    Figure(each.upfront * kind.machines, "", _UNIT),
                    *_amounts(kind, each, hours * kind.machines), _pays_off(kind, each),
                    Figure(each.each_hour * hours, "", _UNIT) if kind.owned else "",
                ]
            )  # fmt: skip
        if not offers:
            rows.append([kind.item, Fraction(kind.machines), "no offer in the files", *[""] * 7])
    return Expected(HEADS, rows)


def by_month(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = []
    for kind in _kinds(documents):
        offers = [each for each in _offers(documents) if each.item == kind.item]
        if not offers:
            continue
        least = min(offers, key=lambda each: (each.hours, each.upfront, each.each_hour))
        for month in (*documents.past, documents.now):
            hours = _hours(month) * kind.machines
            rows.append(
                [month.month, kind.item, Fraction(hours), *_named(least), *_amounts(kind, least, hours)]
            )
    return Expected(BY_MONTH, rows)


def _amounts(kind: _Kind, offer: _Offer, hours: int) -> list[Must]:
    on_demand, committed = kind.price * hours, offer.each_hour * hours
    return [Figure(each, "", _UNIT) for each in (on_demand, committed, on_demand - committed)]


def _pays_off(kind: _Kind, offer: _Offer) -> Must:
    if offer.each_hour > kind.price:
        return "never"
    return Figure(offer.each_hour * offer.hours / (kind.price * 730), "", _TENTH)


def _named(offer: _Offer) -> list[Must]:
    years = {8760: "1 year", 26280: "3 years"}[offer.hours]
    return [offer.what, f"{years}, {offer.payment}"]


def _hours(month: Written) -> int:
    return int((month.end - month.start).total_seconds()) // 3600


def _kinds(documents: Documents) -> list[_Kind]:
    if not documents.offers:
        return []
    months = [*documents.past, documents.now]
    found: dict[tuple[str, str], list[tuple[bool, int]]] = {}
    for tenant in (None, *documents.plan["tenants"]):
        stayed = tenant is None or all(
            any(
                (line["tenant"], line["tier"]) == (tenant["tenant"], tenant["tier"]) for line in month.tenants
            )
            for month in months
        )
        for fact in (documents.plan["platform"] if tenant is None else tenant["facts"]) if stayed else ():
            for service, item, count in _priced(fact):
                found.setdefault((service, item), []).append((tenant is not None, count))
    return [
        _Kind(item, sum(count for _, count in each), any(own for own, _ in each), _price(service, item))
        for (service, item), each in sorted(found.items())
    ]


def _priced(fact: Record) -> Iterator[tuple[str, str, int]]:
    if fact["kind"] == "database-instance":
        yield "AmazonRDS", f"RDS PostgreSQL {fact['instance_class']} {_zones(fact['multi_az'])}", 1
    if fact["kind"] == "cache-group":
        yield "AmazonElastiCache", f"{fact['node_type']} {fact['engine'].title()}", int(fact["nodes"])
    if fact["kind"] == "node-group":
        yield "AmazonEC2", f"{fact['instance_type']} Linux on-demand", int(fact["nodes"])


def _zones(several: object) -> str:
    return "Multi-AZ" if several else "Single-AZ"


def _price(service: str, item: str) -> Fraction:
    text = (ROOT / "allocation" / "pricebook" / "aws-us-east-1.yaml").read_text(encoding="utf-8")
    for price in yaml.load(text, Loader=yaml.CBaseLoader)["prices"]:  # noqa: S506 - knows text only
        if (price["service"], price["item"]) == (service, item):
            return Fraction(price["price"])
    raise AssertionError(item)


def _offers(documents: Documents) -> Iterator[_Offer]:
    for document in documents.offers:
        for each in document.get("ReservedDBInstancesOfferings", ()):
            item = f"RDS PostgreSQL {each['DBInstanceClass']} {_zones(each['MultiAZ'])}"
            yield _reserved(each, item, "reserved instance")
        for each in document.get("ReservedCacheNodesOfferings", ()):
            item = f"{each['CacheNodeType']} {each['ProductDescription'].title()}"
            yield _reserved(each, item, "reserved node")
        for each in document.get("searchResults", ()):
            offering = each["savingsPlanOffering"]
            hours, rate = offering["durationSeconds"] // 3600, Fraction(each["rate"])
            part = {"No": Fraction(0), "Partial": Fraction(1, 2), "All": Fraction(1)}[
                offering["paymentOption"].split()[0]
            ]
            name = next(one["value"] for one in each["properties"] if one["name"] == "instanceType")
            yield _Offer(
                f"{name} Linux on-demand", "Compute Savings Plan", hours, offering["paymentOption"],
                rate * hours * part, rate * (1 - part),
            )  # fmt: skip


def _reserved(each: Record, item: str, what: str) -> _Offer:
    hourly = sum(
        (Fraction(str(one["RecurringChargeAmount"])) for one in each["RecurringCharges"]), Fraction(0)
    )
    return _Offer(
        item, what, each["Duration"] // 3600, each["OfferingType"], Fraction(str(each["FixedPrice"])),
        hourly + Fraction(str(each["UsagePrice"])),
    )  # fmt: skip
