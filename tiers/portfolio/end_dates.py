"""How long a temporary environment may last: the catalog's days at a stretch, longer with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from tiers.catalog.classes import Classes
from tiers.portfolio.tenant import Tenant
from tiers.strict_yaml import Fault, Location


def end_date_faults(tenant: Tenant, classes: Classes) -> Iterator[Fault]:
    """Why a tenant's end date is not allowed.

    The days count from `begins_on`, or from the cutover in a file without it. No clock is read, so a
    correct file stays correct.
    """
    allowed = classes.environments.get(tenant.environment)
    first = tenant.begins_on or tenant.cutover
    if tenant.expires_at is None or first is None:
        return
    if tenant.begins_on and tenant.cutover and tenant.cutover < tenant.begins_on:
        yield ("cutover",), f"{tenant.cutover} is before begins_on {tenant.begins_on}"
    steps: list[tuple[Location, datetime]] = [(("expires_at",), tenant.expires_at)]
    steps += [(("extended", index, "until"), each.until) for index, each in enumerate(tenant.extended)]
    since, counted = _midnight(first), "begins_on" if tenant.begins_on else "cutover"
    for where, until in steps:
        if until <= since and where != ("expires_at",):
            yield where, f"{until:%Y-%m-%d %H:%M} UTC is not after {counted}, {since:%Y-%m-%d %H:%M} UTC"
        if allowed and until > since + timedelta(days=allowed.most_days):
            latest = since + timedelta(days=allowed.most_days)
            yield (
                where,
                (
                    f"{until:%Y-%m-%d %H:%M} UTC is more than {allowed.most_days} days after {counted} "
                    f"{since:%Y-%m-%d}; end it by {latest:%Y-%m-%d %H:%M} UTC, "
                    "and extend it later with a reason"
                ),
            )
        since, counted = until, ".".join(map(str, where))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
