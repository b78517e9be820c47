"""Reads how many users the Odoo of every tenant had, from the manifests of its backups.

`components/scripts/backup.sh` counts them in the transaction that it dumps. Manifests of Costack 0.2 and
older hold no count, and one of a database that is not Odoo's holds null: neither is 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any, Final, NamedTuple

from allocation.adapters.usage.rows import UsageFileError, UsageRow, days_of, rounded
from allocation.charges import ChargePeriod
from allocation.engine.drivers import Driver
from tiers.files import UnreadableError, read_json

HOLDS_DAYS: Final = 7
"""For how many days a count stands in for days without a backup."""
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_RESULTS: Final = frozenset({"restore-tests", "upgrades"})
"""The folders beside manifests that hold what jobs have found."""
_SECONDS_PER_HOUR: Final = 3600


class _Count(NamedTuple):
    tenant: str
    started: datetime
    users: int | None
    final: bool


@dataclass(frozen=True)
class CountedUsers:
    """User-hours of every tenant and day, and the tenants whose first days nobody counted.

    Attributes:
        rows: A row for each tenant and day that is known.
        uncounted: Tenant -> the first day of the period with a count; None where there is no count at all.
    """

    rows: tuple[UsageRow, ...]
    uncounted: Mapping[str, date | None] = field(default_factory=dict)


def counted_users(folder: Path, period: ChargePeriod) -> CountedUsers:
    """The users of every tenant of the manifests in *folder*, for every day of *period*.

    A day has the count of its newest backup, or of the newest of the seven days before.

    Raises:
        UsageFileError: When a file is no manifest, or a count is missing for longer than it holds.
    """
    counts = sorted(_manifests(folder), key=lambda each: (each.tenant, each.started))
    rows: list[UsageRow] = []
    uncounted: dict[str, date | None] = {}
    for tenant, found in groupby(counts, key=lambda each: each.tenant):
        own = [each for each in found if each.started < period.end]
        if not own or (own[-1].final and own[-1].started < period.start):
            continue  # it began after the period, or ended before
        known = list(_days(tenant, own, period))
        rows += known
        first = known[0].start if known else None
        if first != period.start:
            uncounted[tenant] = first.date() if first else None
    if not rows:
        raise UsageFileError(
            f"{folder}: no backup of {period.start:%Y-%m} counted users; expected manifests with active_users"
        )
    return CountedUsers(tuple(rows), uncounted)


def _days(tenant: str, own: Sequence[_Count], period: ChargePeriod) -> Iterator[UsageRow]:
    """The rows of one tenant, without a gap from its first count to its final backup or the period's end."""
    ended = own[-1].started.date() if own[-1].final else None
    before = False
    for day in days_of(period):
        known = _count_on(own, day)
        today = day.start.date()
        if known is None:
            if before and (ended is None or today <= ended):
                raise UsageFileError(
                    f"{tenant}: no backup counted its users after {_last(own, day):%Y-%m-%d}, so on {today} "
                    f"they are unknown (a count holds for {HOLDS_DAYS} days); take it out of the folder "
                    "and write its rows of the usage file yourself"
                )
            continue
        if ended is not None and today > ended:
            return
        before = True
        hours = Decimal(int((day.end - day.start).total_seconds())) / _SECONDS_PER_HOUR
        yield UsageRow(tenant, str(Driver.USERS), day.start, day.end, rounded(known * hours))


def _count_on(own: Sequence[_Count], day: ChargePeriod) -> int | None:
    """The newest count before the end of *day* that still holds."""
    oldest = day.start - timedelta(days=HOLDS_DAYS)
    held = [each.users for each in own if each.users is not None and oldest <= each.started < day.end]
    return held[-1] if held else None


def _last(own: Sequence[_Count], day: ChargePeriod) -> datetime:
    return max(each.started for each in own if each.users is not None and each.started < day.end)


def _manifests(folder: Path) -> Iterator[_Count]:
    if not folder.is_dir():
        raise UsageFileError(
            f"{folder}: no such folder; expected a copy of the bucket's folder manifests/ (aws s3 sync)"
        )
    found = [path for path in sorted(folder.rglob("*.json")) if _RESULTS.isdisjoint(path.parts)]
    if not found:
        raise UsageFileError(f"{folder}: holds no manifest of a backup; expected TENANT/MOMENT.json")
    for path in found:
        yield _manifest(path)


def _manifest(path: Path) -> _Count:
    try:
        told = read_json(path)
    except UnreadableError as error:
        raise UsageFileError(f"{error}; expected a manifest of a backup") from None
    if not isinstance(told, dict):
        raise UsageFileError(f"{path}: is not a manifest of a backup: expected an object, found {told!r:.80}")
    tenant = told.get("tenant")
    if not isinstance(tenant, str) or not tenant:
        raise UsageFileError(f"{path}: tenant: expected a tenant's name, found {tenant!r:.80}")
    return _Count(tenant, _moment(path, told.get("started")), _users(path, told), bool(told.get("last")))


def _moment(path: Path, value: Any) -> datetime:
    try:
        return datetime.strptime(value, _MOMENT).replace(tzinfo=UTC)
    except (TypeError, ValueError):
        raise UsageFileError(
            f"{path}: started: expected a moment such as 2026-11-01T02:00:00Z, found {value!r:.80}"
        ) from None


def _users(path: Path, told: Mapping[str, Any]) -> int | None:
    users = told.get("active_users")
    if users is None:
        return None
    if isinstance(users, bool) or not isinstance(users, int) or users < 0:
        raise UsageFileError(f"{path}: active_users: expected a whole number or null, found {users!r:.80}")
    return users
