"""Reads the values of a preview's options: amounts, settings, counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.preview.gates import STOPS, Gates, Limit
from allocation.preview.yardstick import Word
from allocation.runs.before_and_after import WhatIf
from tiers.change.gone import gone as gone_tenants
from tiers.errors import CatalogError
from tiers.plan.plan import Plan
from tiers.vocabulary import TenantId

_MOST = 10**12


def month_of(text: str) -> ChargePeriod:
    """The month of `--period`.

    Raises:
        CatalogError: When it is none.
    """
    try:
        return ChargePeriod.month(text)
    except AllocationError as error:
        raise CatalogError(f"--{error}") from None


def gates_of(
    fail_over: Iterable[str],
    margin_floor: str | None,
    *,
    no_changes: bool,
    fail_on: Iterable[str] = (),
    gone: Iterable[str] = (),
    accept: Iterable[str] = (),
) -> Gates:
    """The gates of the options with these names.

    Raises:
        CatalogError: When a limit is not written as one, or a word of `--fail-on` or `--accept` is unknown.
    """
    try:
        limits = tuple(Limit.parsed(text) for text in fail_over)
    except AllocationError as error:
        raise CatalogError(f"--fail-over: {error}") from None
    floor = None if margin_floor is None else _percent(margin_floor)
    stops = tuple(_words("--fail-on", fail_on, STOPS))
    known = frozenset(_words("--accept", accept, tuple(Word)))
    return Gates(limits, floor, no_changes, stops, frozenset(map(TenantId, gone)), known)


def amount(option: str, text: str) -> Decimal:
    """The amount of money of *option*: 0 or more, in cents at most.

    Raises:
        CatalogError: When it is none.
    """
    try:
        found = Decimal(text)
    except InvalidOperation:
        found = Decimal("NaN")
    if not (found.is_finite() and 0 <= found <= _MOST and found == round(found, 2)):
        raise CatalogError(f"{option} '{text}': expected an amount such as 5.00")
    return found


def refuse_kept(gates: Gates, before: Plan, after: Plan) -> None:
    """Refuse a `--gone` for a tenant that is not: a mistyped name must not pass as an answer.

    Raises:
        CatalogError: When a tenant that `--gone` names is not gone.
    """
    missing = [each.tenant for each in gone_tenants(before, after)]
    for name in sorted(gates.gone - set(missing)):
        raise CatalogError(f"--gone: '{name}' is not gone; gone: {', '.join(missing) or 'none'}")


def what_if_of(
    tenant: str | None,
    tier: str | None,
    settings: Iterable[str],
    moves: Iterable[str],
    more: Iterable[str],
    *,
    add_capacity: bool,
) -> WhatIf:
    """What `--tenant`, `--tier`, `--set`, `--move`, `--more` and `--add-capacity` suppose.

    Raises:
        CatalogError: When one is not written as its help says.
    """
    settings = tuple(settings)
    if tenant is None and tier:
        raise CatalogError("--tier needs --tenant NAME; for all tenants of a tier use --move FROM=TO")
    return WhatIf(
        tenant,
        tier,
        dict(_pairs("--set", settings, "users=80", empty=True)),
        dict(_pairs("--move", moves, "OLD-TIER=NEW-TIER", empty=False)),
        tuple(_counted(text) for text in more),
        add_capacity,
    )


def _words(option: str, texts: Iterable[str], known: Iterable[str]) -> Iterator[str]:
    for word in (word.strip() for text in texts for word in text.split(",")):
        if word not in (*known,):
            raise CatalogError(f"{option}: '{word}': expected {', '.join(known)}, separated by commas")
        yield word


def _pairs(option: str, texts: Iterable[str], example: str, *, empty: bool) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for text in texts:
        name, found, value = text.partition("=")
        if not (found and name and (value or empty)):
            raise CatalogError(f"{option}: '{text}': expected a value such as {example}")
        if name in seen:
            raise CatalogError(f"{option}: '{name}' is given twice")
        seen.add(name)
        yield name, value


def _counted(text: str) -> tuple[int, str]:
    count, _, tier = text.partition(":")
    if not (count.isascii() and count.isdigit() and 0 < int(count) <= 100_000 and tier):  # noqa: PLR2004 - a typing error beyond it
        raise CatalogError(f"--more: '{text}': expected a number and a tier such as 10:TIER")
    return int(count), tier


def _percent(text: str) -> Decimal:
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        number = Decimal("NaN")
    if not (text.endswith("%") and number.is_finite()):
        raise CatalogError(f"--margin-floor: '{text}': expected a percentage of the fee such as 30%")
    return number
