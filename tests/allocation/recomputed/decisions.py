"""What there is to decide, worked out again from the documents and from rows of measured use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import NamedTuple

from tests.allocation.recomputed.cells import Facts, Settled
from tests.allocation.recomputed.documents import (
    NOBODY,
    Documents,
    Record,
    added,
    cents,
    classes,
    facts,
    grouped,
    of_many,
    percent,
    said,
    tiers,
)

MEASURES = {"users": "users", "database_gib": "database-gib", "filestore_gib": "filestore-gib"}
SIZES = {"CPU": ("cores", "cpu-requests", "cpu-used"), "memory": ("GiB", "memory-requests", "memory-used")}
_DAY = timedelta(days=1)


class Decision(NamedTuple):
    """One of them; `about` and `kind` make its key in the review."""

    whose: str
    kind: str
    about: str
    because: Facts
    command: str = ""
    action: Facts = Facts()
    tier: str | None = None
    stake: Fraction | None = None

    @property
    def key(self) -> str:
        return f"{self.kind}: {self.whose}: {self.about}"


class Standing(NamedTuple):
    """A tenant's use of what its fee covers."""

    tenant: Record
    measure: str
    used: Fraction
    covered: Fraction
    measured: bool
    lasting: bool
    breach: tuple[str, ...]
    """How many days in a row it lasted, the first and the last of them."""


def decisions(documents: Documents) -> list[Decision]:
    """All of them, the most money at stake first, those of which it is not known last."""
    found = [
        *_fair_use(documents),
        *_users(documents),
        *_noisy(documents),
        *_sizes(documents),
        *_under_priced(documents),
        *_idle(documents),
        *_cheap_promises(documents),
    ]
    return sorted(found, key=lambda each: (each.stake is None, -(each.stake or NOBODY)))


def days(documents: Documents, tenant: str, driver: str) -> dict[date, Fraction]:
    """The average level of each day that was measured."""
    parts: dict[date, list[tuple[Fraction, Fraction]]] = defaultdict(list)
    for start, end, level in intervals(documents, tenant, driver):
        at = start
        while at < end:
            until = min(datetime.combine(at.date() + _DAY, datetime.min.time()), end)
            parts[at.date()].append((level, Fraction((until - at).total_seconds())))
            at = until
    return {
        day: sum((level * time for level, time in there), NOBODY) / sum(time for _, time in there)
        for day, there in parts.items()
    }


def average(documents: Documents, tenant: str, driver: str) -> Fraction:
    """Of the days."""
    levels = days(documents, tenant, driver)
    return sum(levels.values(), NOBODY) / len(levels) if levels else NOBODY


def most_of_the_time(documents: Documents, tenant: str, driver: str) -> Fraction:
    """The least level that at most one interval in twenty exceeds."""
    levels = [level for _, _, level in intervals(documents, tenant, driver)]
    return min(level for level in levels if sum(other > level for other in levels) * 20 <= len(levels))


def standings(documents: Documents) -> Iterator[Standing]:
    """Every tenant's, for all that its offer covers."""
    for tenant in documents.plan["tenants"]:
        offer = tiers().get(tenant["tier"], {}).get("offers", {}).get(tenant["environment"], {})
        for measure, covered in offer.get("fair_use", {}).items():
            if measure not in MEASURES:
                continue  # hours of a core add up: they have a price, and no day is too high
            yield _standing(documents, tenant, measure, Fraction(covered))


def declared(tenant: Record, measure: str) -> Fraction:
    """What its plan asks for."""
    if measure == "users":
        return Fraction(tenant["users"])
    kind = "tenant-database" if measure == "database_gib" else "file-share"
    return added([fact for fact in facts(tenant["facts"], kind) if fact.get("mounted", True)], "storage_gib")


def sized(documents: Documents) -> Iterator[tuple[str, str, str, str, str]]:
    """Tenant, what, unit and the two drivers, wherever both were measured."""
    for tenant in documents.plan["tenants"]:
        for what, (unit, asked, used) in SIZES.items():
            name = tenant["tenant"]
            if average(documents, name, asked) and days(documents, name, used):
                yield name, what, unit, asked, used


def intervals(
    documents: Documents, tenant: str, driver: str
) -> Iterator[tuple[datetime, datetime, Fraction]]:
    for row in documents.usage:
        if (row["tenant"], row["driver"]) == (tenant, driver):
            start, end = datetime.fromisoformat(row["start"]), datetime.fromisoformat(row["end"])
            yield start, end, Fraction(row["quantity"]) * 3600 / Fraction((end - start).total_seconds())


def _standing(documents: Documents, tenant: Record, measure: str, covered: Fraction) -> Standing:
    levels = days(documents, tenant["tenant"], MEASURES[measure])
    if not levels:
        used = declared(tenant, measure)
        return Standing(tenant, measure, used, covered, False, used > covered, ())
    above = _longest([day for day, level in sorted(levels.items()) if level > covered])
    breach = (str(len(above)), str(above[0]), str(above[-1])) if above else ()
    lasting = len(above) >= int(classes()["signals"]["sustained_days"])
    return Standing(tenant, measure, max(levels.values()), covered, True, lasting, breach)


def _longest(above: list[date]) -> list[date]:
    """The longest run of days without a break, the first of those that are as long."""
    runs: list[list[date]] = []
    for day in above:
        if runs and runs[-1][-1] + _DAY == day:
            runs[-1].append(day)
        else:
            runs.append([day])
    return max(runs, key=len, default=[])


def _fair_use(documents: Documents) -> Iterator[Decision]:
    for each in standings(documents):
        if each.used <= each.covered or not each.lasting:
            continue
        name, tier = each.tenant["tenant"], each.tenant["tier"]
        roomy = sorted(
            (Fraction(offer["fee_per_month"]), other)
            for other, sold in tiers().items()
            if other != tier and (offer := sold["offers"].get(each.tenant["environment"]))
            if Fraction(offer["fair_use"][each.measure]) >= each.used
        )
        way_out = [other for _, other in roomy[:1]]
        because = Facts((each.measure, said(each.used), tier, str(each.covered), *each.breach, *way_out))
        command = preview_of(documents, name, roomy[0][1]) if roomy else ""
        if not roomy:
            yield Decision(name, "fair use", each.measure, because, command)
            continue
        dearer, larger = roomy[0]
        own = Fraction(tiers()[tier]["offers"][each.tenant["environment"]]["fee_per_month"])
        step = dearer - min(own, Fraction(each.tenant["fee_per_month"]))  # what it buys beside its tier stays
        yield Decision(name, "fair use", each.measure, because, command, Facts((larger,)), larger, step)


def counted(documents: Documents) -> Iterator[tuple[str, int, date | None, Fraction]]:
    """Of every tenant: what it declares, the last day on which Odoo's users were counted, and how many."""
    for tenant in documents.plan["tenants"]:
        levels = days(documents, tenant["tenant"], "users")
        last = max(levels) if levels else None
        yield tenant["tenant"], int(tenant["users"]), last, levels[last] if last else NOBODY


def _users(documents: Documents) -> Iterator[Decision]:
    least = Fraction(classes()["signals"]["declared_users_percent"])
    for name, declares, last, active in counted(documents):
        step = abs(active - declares)
        if last is None or not step or percent(step, Fraction(declares)) < least:
            continue
        because = Facts((str(declares), said(active), str(last), said(step)))
        portfolio, users = documents.now.statement["portfolio"], max(ceil(active), 1)
        command = f"costack preview --portfolio portfolios/{portfolio} --tenant {name} --set users={users}"
        yield Decision(name, "declared users", "users", because, command, Facts((str(users),)))


def _noisy(documents: Documents) -> Iterator[Decision]:
    """One for each tenant that takes much of what is shared, if its fee leaves too small a margin."""
    now, signals = documents.now, classes()["signals"]
    lines = {line["tenant"]: line for line in now.tenants}
    shares: dict[str, list[tuple[Fraction, str, str]]] = {}
    for pool, use in now.uses.items():
        used = {who: Fraction(text) for who, text in use["use"].items() if who in lines and Fraction(text)}
        for who in sorted(used) if len(used) > 2 and now.fees else ():
            part = percent(used[who], sum(used.values(), NOBODY))
            paid = percent(Fraction(lines[who]["fee"]), now.fees)
            if part >= Fraction(signals["noisy_neighbour_percent"]) and paid < part / 2:
                shares.setdefault(who, []).append((part, pool, str(use["driver"])))
    for who, found in shares.items():
        fee, cost = (Fraction(lines[who][name]) for name in ("fee", "total"))
        missing = fee * int(signals["least_margin_percent"]) / 100 - fee + cost
        if missing <= 0:
            continue
        part, pool, driver = max(found, key=lambda each: each[0])
        more = [str(len(found) - 1)] if len(found) > 1 else []
        of_fees = said(percent(fee, now.fees))
        because = Facts((said(part), pool, driver, *more, of_fees, Settled(missing), now.currency))
        apart = _cheapest_apart(documents, who)
        command = preview_of(documents, who, apart) if apart else ""
        action = Facts((apart,) if apart else ())
        yield Decision(who, "noisy neighbour", "shared systems", because, command, action, apart, missing)


def preview_of(documents: Documents, tenant: str, tier: str) -> str:
    """What an operator runs to see a tenant on another tier."""
    portfolio = documents.now.statement["portfolio"]
    return f"costack preview --portfolio portfolios/{portfolio} --tenant {tenant} --tier {tier}"


def _cheapest_apart(documents: Documents, name: str) -> str | None:
    (plan,) = [each for each in documents.plan["tenants"] if each["tenant"] == name]
    if tiers().get(plan["tier"], {}).get("isolation") != "shared":
        return None
    sold = [
        (Fraction(tier["offers"][plan["environment"]]["fee_per_month"]), other)
        for other, tier in tiers().items()
        if tier["isolation"] == "own" and plan["environment"] in tier["offers"]
    ]
    return min(sold)[1] if sold else None


def _sizes(documents: Documents) -> Iterator[Decision]:
    least = Fraction(classes()["signals"]["unused_percent"])
    for name, what, unit, asked, used in sized(documents):
        asks, most = average(documents, name, asked), most_of_the_time(documents, name, used)
        if most > asks or 100 - percent(most, asks) >= least:
            because = Facts((what, said(asks), unit, "95", said(most)))
            yield Decision(name, "rightsizing", what, because, action=Facts((said(most), unit, what)))


def _under_priced(documents: Documents) -> Iterator[Decision]:
    now, least = documents.now, classes()["signals"]["least_margin_percent"]
    sold = [line for line in now.tenants if line["environment"] == "production"]
    for tier, lines in grouped(sold, lambda line: str(line["tier"])).items():
        fees = added(lines, "fee")
        margin = fees - added(lines, "total")
        if fees and percent(margin, fees) < Fraction(least):
            near = of_many(lines)
            because = Facts(
                (tier, Settled(margin, near), cents(fees), now.currency, str(len(lines)), str(least))
            )
            portfolio = now.statement["portfolio"]
            command = f"costack unit-costs --portfolio portfolios/{portfolio} --tier {tier}"
            stake = fees * int(least) / 100 - margin
            action = Facts((tier,))
            yield Decision("platform", "under-priced tier", tier, because, command, action, stake=stake)


def _idle(documents: Documents) -> Iterator[Decision]:
    now, least = documents.now, Fraction(classes()["signals"]["idle_percent"])
    for pool in sorted(now.statement["idle"]):
        whole = now.pool_costs[pool]
        part = percent(now.idle(pool), whole)
        if part >= least:
            because = Facts((pool, said(part), Settled(whole), now.currency))
            command = f"costack preview --portfolio portfolios/{now.statement['portfolio']} --base HEAD"
            yield Decision("platform", "idle capacity", pool, because, command, stake=now.idle(pool))


def _cheap_promises(documents: Documents) -> Iterator[Decision]:
    now, least = documents.now, classes()["signals"]["least_promised_percent"]
    lines = {line["tenant"]: line for line in now.tenants}
    for plan in documents.plan["tenants"]:
        line = lines.get(plan["tenant"])
        if line is None or plan["environment"] != "production" or Fraction(line["fee"]) <= 0:
            continue
        promises = []
        if plan["controls"] == "enhanced":
            promises.append(("enhanced controls", "security"))
        if plan["resilience_class"] != "standard":
            promises.append((f"{plan['resilience_class']} recovery", "resilience"))
        for promise, category in promises:
            cost, fee = Fraction(line["by_category"].get(category, 0)), Fraction(line["fee"])
            if percent(cost, fee) < Fraction(least):
                because = Facts((promise, Settled(cost), now.currency, category, str(least), cents(fee)))
                yield Decision(plan["tenant"], "promise without cost", promise, because)
