"""Reads offers of commitments from what the AWS CLI writes; no price of one comes with Costack.

The shapes are those of botocore: `aws rds describe-reserved-db-instances-offerings`,
`aws elasticache describe-reserved-cache-nodes-offerings`,
`aws savingsplans describe-savings-plans-offering-rates`. The first two answer for the region that is asked,
and do not name it; the third says the region of each rate.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final, NamedTuple

from allocation.preview.commitments.offers import Offer, Payment
from tiers.errors import CatalogError
from tiers.escapes import shortened
from tiers.files import MAX_JSON_BYTES, parsed_json, read_text

_HOURLY: Final = "Hourly"
_YEAR: Final = 365 * 24 * 3600
_HALF: Final = Fraction(1, 2)
_IN_ADVANCE: Final = {Payment.NONE: Fraction(0), Payment.PARTIAL: _HALF, Payment.ALL: Fraction(1)}
"""Of a savings plan (Savings Plans User Guide, "Savings Plans types": partial upfront is half)."""
_PLANS: Final = {"Compute": "Compute Savings Plan", "EC2Instance": "EC2 Instance Savings Plan"}
_EXPECTED: Final = (
    "expected the JSON of `aws rds describe-reserved-db-instances-offerings`, `aws elasticache "
    "describe-reserved-cache-nodes-offerings` or `aws savingsplans describe-savings-plans-offering-rates`"
)


class _Row(NamedTuple):
    """A row of a list, and the words that begin a sentence about it."""

    where: str
    said: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.said.get(name)
        if not isinstance(value, str):
            raise CatalogError(f"{self.where}: {name} is {shortened(str(value))}, expected text")
        return value

    def amount(self, name: str) -> Fraction:
        value = self.said.get(name)
        number = Decimal(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else None
        if number is None or not number.is_finite() or number < 0:
            raise CatalogError(f"{self.where}: {name} is {shortened(str(value))}, expected a number from 0")
        return Fraction(number)

    def seconds(self, name: str) -> int:
        value = self.said.get(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < _YEAR:
            raise CatalogError(
                f"{self.where}: {name} is {shortened(str(value))}, expected seconds of a year or more"
            )
        return value

    def payment(self, name: str) -> Payment:
        word = self.text(name)
        if word not in tuple(Payment):
            known = ", ".join(Payment)
            raise CatalogError(f"{self.where}: {name} is {shortened(word)}, expected one of {known}")
        return Payment(word)


def read_offers(paths: Iterable[Path], region: str, currency: str) -> tuple[Offer, ...]:
    """The offers for PostgreSQL servers, caches and Linux nodes in some files; others are left out.

    Raises:
        CatalogError: With a sentence for each file that cannot be used as it is.
    """
    found: list[Offer] = []
    problems: list[str] = []
    for path in paths:
        try:
            found += _read(path, region, currency)
        except CatalogError as error:
            problems += error.problems
    if problems:
        raise CatalogError(*problems)
    return tuple(found)


def _read(path: Path, region: str, currency: str) -> Iterator[Offer]:
    text = read_text(path, MAX_JSON_BYTES)
    document = parsed_json(text, str(path), Decimal, "export it again")
    readers: dict[str, tuple[str, Callable[[_Row, str, str], Iterator[Offer]]]] = {
        "ReservedDBInstancesOfferings": ("Marker", _of_server),
        "ReservedCacheNodesOfferings": ("Marker", _of_cache),
        "searchResults": ("nextToken", _of_plan),
    }
    names = [name for name in readers if isinstance(document, dict) and isinstance(document.get(name), list)]
    if not names:
        raise CatalogError(f"{path}: {_EXPECTED}")
    goes_on, reader = readers[names[0]]
    if document.get(goes_on):
        raise CatalogError(f"{path}: has a {goes_on}, so the answer goes on; export all of it")
    for number, said in enumerate(document[names[0]], 1):
        where = f"{path}, offer {number}"
        if not isinstance(said, dict):
            raise CatalogError(f"{where}: is {shortened(str(said))}, expected an object")
        yield from reader(_Row(where, said), region, currency)


def _of_server(row: _Row, region: str, currency: str) -> Iterator[Offer]:  # noqa: ARG001 - the answer is of a region
    if row.text("ProductDescription") != "postgresql":
        return
    if (found := row.text("CurrencyCode")) != currency:
        raise CatalogError(f"{row.where}: is in {shortened(found)}, the portfolio is in {currency}")
    zones = "Multi-AZ" if row.said.get("MultiAZ") is True else "Single-AZ"
    item = f"RDS PostgreSQL {row.text('DBInstanceClass')} {zones}"
    yield _reserved(row, "reserved instance", "AmazonRDS", item)


def _of_cache(row: _Row, region: str, currency: str) -> Iterator[Offer]:  # noqa: ARG001 - the answer is of a region
    if (engine := row.text("ProductDescription")) not in ("redis", "valkey"):
        return
    item = f"{row.text('CacheNodeType')} {engine.capitalize()}"
    yield _reserved(row, "reserved node", "AmazonElastiCache", item)


def _reserved(row: _Row, what: str, service: str, item: str) -> Offer:
    hourly = row.amount("UsagePrice")
    charges = row.said.get("RecurringCharges") or []
    if not isinstance(charges, list) or not all(isinstance(each, dict) for each in charges):
        raise CatalogError(f"{row.where}: RecurringCharges is {shortened(str(charges))}, expected a list")
    for each in (_Row(row.where, charge) for charge in charges):
        if (often := each.text("RecurringChargeFrequency")) != _HOURLY:
            raise CatalogError(
                f"{row.where}: RecurringChargeFrequency is {shortened(often)}, expected {_HOURLY}"
            )
        hourly += each.amount("RecurringChargeAmount")
    term, payment = row.seconds("Duration"), row.payment("OfferingType")
    return Offer(what, service, item, term, payment, row.amount("FixedPrice"), hourly, row.where)


def _of_plan(row: _Row, region: str, currency: str) -> Iterator[Offer]:
    offering, listed = row.said.get("savingsPlanOffering"), row.said.get("properties")
    if not isinstance(offering, dict) or not isinstance(listed, list):
        raise CatalogError(f"{row.where}: expected savingsPlanOffering and properties")
    about = _Row(row.where, offering)
    said = {each.get("name"): each.get("value") for each in listed if isinstance(each, dict)}
    plan = _PLANS.get(about.text("planType"))
    ours = (said.get("region"), said.get("productDescription"), said.get("tenancy"))
    # Capacity that is reserved and idle has usage types of its own.
    runs = row.said.get("serviceCode") == "AmazonEC2" and "BoxUsage:" in row.text("usageType")
    if plan is None or not runs or ours != (region, "Linux/UNIX", "shared"):
        return
    if (found := about.text("currency")) != currency:
        raise CatalogError(f"{row.where}: is in {shortened(found)}, the portfolio is in {currency}")
    rate = _Row(row.where, {"rate": _decimal(row.text("rate"))}).amount("rate")
    term, payment = about.seconds("durationSeconds"), about.payment("paymentOption")
    part = _IN_ADVANCE[payment]
    item = f"{said.get('instanceType')} Linux on-demand"
    hours = term // 3600
    yield Offer(plan, "AmazonEC2", item, term, payment, rate * hours * part, rate * (1 - part), row.where)


def _decimal(text: str) -> Decimal | str:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text
