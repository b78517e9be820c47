"""Reads the values of a preview's options: amounts, settings, counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation

from allocation.charges import ChargePeriod
from allocation.errors import AllocationError
from allocation.preview.gates import Gates, Limit
from allocation.runs.before_and_after import WhatIf
from tiers.errors import CatalogError


def month_of(text: str) -> ChargePeriod:
    """The month of `--period`.

    Raises:
        CatalogError: When it is none.
    """
    try:
        return ChargePeriod.month(text)
    except AllocationError as error:
        raise CatalogError(f"--{error}") from None


def gates_of(fail_over: Iterable[str], margin_floor: str | None, *, no_changes: bool) -> Gates:
    """The gates of `--fail-over`, `--margin-floor` and `--expect-no-changes`.

    Raises:
        CatalogError: When a limit is not written as one.
    """
    try:
        limits = tuple(Limit.parsed(text) for text in fail_over)
    except AllocationError as error:
        raise CatalogError(f"--fail-over: {error}") from None
    return Gates(limits, None if margin_floor is None else _percent(margin_floor), no_changes)


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
    if tenant is None and (tier or settings):
        raise CatalogError(
            "--tier and --set need --tenant NAME; for all tenants of a tier use --move FROM=TO"
        )
    return WhatIf(
        tenant,
        tier,
        dict(_pairs("--set", settings, "users=80", empty=True)),
        dict(_pairs("--move", moves, "shared-namespace=dedicated-db", empty=False)),
        tuple(_counted(text) for text in more),
        add_capacity,
    )


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
        raise CatalogError(f"--more: '{text}': expected a number and a tier such as 10:shared-namespace")
    return int(count), tier


def _percent(text: str) -> Decimal:
    try:
        number = Decimal(text.removesuffix("%"))
    except InvalidOperation:
        number = Decimal("NaN")
    if not (text.endswith("%") and number.is_finite()):
        raise CatalogError(f"--margin-floor: '{text}': expected a percentage of the fee such as 30%")
    return number
