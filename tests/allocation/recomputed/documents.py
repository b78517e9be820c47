"""What a report was made from, as it was written down, and sums over it that share no code with the pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction
from functools import cache, cached_property
from typing import Any

import yaml

from tests.portfolios import ROOT

Record = Mapping[str, Any]
NOBODY = Fraction(0)


@dataclass(frozen=True)
class Written:
    """A month: the statement as `statement.json` has it, and its items where there are any."""

    statement: Record
    items: tuple[Record, ...] = ()

    @property
    def month(self) -> str:
        return str(self.statement["period"]["start"])[:7]

    @property
    def start(self) -> datetime:
        return datetime.fromisoformat(self.statement["period"]["start"])

    @property
    def end(self) -> datetime:
        return datetime.fromisoformat(self.statement["period"]["end"])

    @property
    def tenants(self) -> list[Record]:
        return list(self.statement["tenants"])

    @property
    def currency(self) -> str:
        return str(self.statement["currency"])

    def total(self, name: str) -> Fraction:
        return Fraction(self.statement["totals"][name])

    @cached_property
    def fees(self) -> Fraction:
        return added(self.tenants, "fee")

    @cached_property
    def pool_costs(self) -> dict[str, Fraction]:
        """What each pool costs: every share, and what is idle."""
        costs = {pool: Fraction(text) for pool, text in self.statement["idle"].items()}
        for line in self.tenants:
            for pool, text in line["pooled"].items():
                costs[pool] = costs.get(pool, NOBODY) + Fraction(text)
        return costs

    @cached_property
    def uses(self) -> dict[str, Record]:
        """Each pool's driver, and who used how much of it."""
        return {pool["pool"]: pool for pool in self.statement.get("pools", ())}

    def of_client(self, client: str) -> list[Record]:
        return [line for line in self.tenants if line["client"] == client]

    def idle(self, pool: str) -> Fraction:
        return Fraction(self.statement["idle"].get(pool, 0))


@dataclass(frozen=True)
class Saving:
    """What a tenant that never sleeps would save, as the page must say it."""

    tenant: str
    hours: int
    saved: Fraction
    freed: Fraction


@dataclass(frozen=True)
class Option:
    """Another tier that a tenant could have, as the page must say it; no cost where none was asked for."""

    tier: str
    fee: Fraction
    cost: Fraction | None = None


@dataclass(frozen=True)
class Documents:
    """Everything a report of a month was made from.

    `gates` are None of an estimate; `open_book` are clients who see what they cost;
    `said` and `decided` are the entries of the register; `metrics` are the results of CloudWatch,
    and `offers` the answers that offer commitments;
    `curve` is what `costack unit-costs -o json` prints for `curve_tier`.
    """

    now: Written
    plan: Record
    past: tuple[Written, ...] = ()
    usage: tuple[Mapping[str, str], ...] = ()
    gates: tuple[Record, ...] | None = None
    evidence: tuple[Record, ...] = ()
    signed: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    options: Mapping[str, tuple[Option, ...]] = field(default_factory=dict)
    savings: tuple[Saving, ...] = ()
    curve_tier: str = ""
    curve: tuple[Record, ...] = ()
    open_book: frozenset[str] = frozenset()
    said: tuple[Record, ...] = ()
    decided: tuple[Record, ...] = ()
    metrics: tuple[Record, ...] = ()
    offers: tuple[Record, ...] = ()

    @property
    def everything(self) -> list[Record]:
        """All facts of the plan."""
        return [
            *self.plan["platform"],
            *(fact for tenant in self.plan["tenants"] for fact in tenant["facts"]),
        ]

    @property
    def before(self) -> Written | None:
        return self.past[-1] if self.past else None

    @cached_property
    def plans(self) -> dict[str, Record]:
        return {tenant["tenant"]: tenant for tenant in self.plan["tenants"]}

    @cached_property
    def clients(self) -> list[str]:
        return sorted({line["client"] for line in self.now.tenants})

    @property
    def compared(self) -> tuple[Written, ...]:
        return (*self.past[-1:], self.now)


PARTS = ("direct", "pooled", "idle", "unallocated")


def added(lines: Iterable[Record], name: str) -> Fraction:
    """The sum of one figure of several lines."""
    return sum((Fraction(line[name]) for line in lines), NOBODY)


def grouped(lines: Iterable[Record], by: Callable[[Record], str]) -> dict[str, list[Record]]:
    """Lines by a word of theirs, in the order of the words."""
    groups: dict[str, list[Record]] = {}
    for line in lines:
        groups.setdefault(by(line), []).append(line)
    return dict(sorted(groups.items()))


def facts(records: Iterable[Record], kind: str) -> list[Record]:
    """The facts of one kind."""
    return [fact for fact in records if fact["kind"] == kind]


@cache
def classes() -> Record:
    """`classes.yaml`, every scalar as its text."""
    loaded: Record = yaml.load(_catalog_file("classes"), Loader=yaml.BaseLoader)  # noqa: S506 - knows text only
    return loaded


@cache
def services() -> Mapping[str, Record]:
    """What is sold, by id."""
    loaded: Record = yaml.load(_catalog_file("services"), Loader=yaml.BaseLoader)  # noqa: S506 - as above
    found: Mapping[str, Record] = loaded["services"]
    return found


@cache
def tiers() -> Mapping[str, Record]:
    """Every tier that is sold, as its file says it."""
    files = (ROOT / "tiers" / "catalog").glob("*.yaml")
    names = [path.stem for path in files if path.stem not in {"classes", "services"}]
    return {name: yaml.load(_catalog_file(name), Loader=yaml.BaseLoader) for name in sorted(names)}  # noqa: S506


_MONTHS = {
    "core-hours": ("vCPU-months", "vCPU-month"),
    "GiB-hours": ("GiB-months", "GiB-month"),
    "MiB-hours": ("MiB-months", "MiB-month"),
    "user-hours": ("users", "user and month"),
}


def as_read(month: Written, unit: str) -> tuple[Fraction, str, str]:
    """By what a quantity of *unit* is divided to be read, what it is called then, and what one of it is."""
    if unit == "seconds":
        return Fraction(3600), "hours", "hour"
    if unit not in _MONTHS:
        return Fraction(1), unit, unit.removesuffix("s")
    start, end = (datetime.fromisoformat(month.statement["period"][name]) for name in ("start", "end"))
    hours = Fraction(730)
    if month.statement["basis"] != "estimated":
        hours = Fraction(int((end - start).total_seconds()), 3600)
    return hours, *_MONTHS[unit]


def of_many(*lines: Sequence[Record]) -> Fraction:
    """How far a sum over all of these lines may be from exact: each is shown less than a cent beside it."""
    return Fraction(1 + sum(map(len, lines)), 100)


def cents(amount: Fraction) -> str:
    """An amount by itself, as a page shows it.

    >>> cents(Fraction("1234.565")), cents(Fraction(-1, 100)), cents(Fraction(5))
    ('1,234.56', '-0.01', '5.00')
    """
    text = f"{_decimal(amount).quantize(Decimal('0.01'), ROUND_HALF_EVEN):,f}"
    return "0.00" if text == "-0.00" else text


def exactly(amount: Fraction) -> str:
    """An amount to the last digit, with two decimals at least.

    >>> exactly(Fraction("1.5")), exactly(Fraction("0.0000000001"))
    ('1.50', '0.0000000001')
    """
    whole = _decimal(amount)
    return f"{whole:.2f}" if whole == whole.quantize(Decimal("0.01")) else f"{whole.normalize():f}"


def said(number: Fraction) -> str:
    """A number that is no money, with two decimals at most.

    >>> said(Fraction("3.50")), said(Fraction(1200)), said(Fraction(2, 3))
    ('3.5', '1,200', '0.67')
    """
    return f"{_decimal(number):,.2f}".rstrip("0").rstrip(".")


def percent(part: Fraction, whole: Fraction) -> Fraction:
    """*part* of *whole* in percent, 0 of nothing."""
    return 100 * part / whole if whole else NOBODY


def _decimal(number: Fraction) -> Decimal:
    return Decimal(number.numerator) / Decimal(number.denominator)


def _catalog_file(name: str) -> str:
    return (ROOT / "tiers" / "catalog" / f"{name}.yaml").read_text(encoding="utf-8")
