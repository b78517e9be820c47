"""Why a tenant's cost changed, worked out again from `docs/reports.md`, in fractions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any, NamedTuple

from tests.allocation.recomputed.documents import NOBODY, Documents, Record, Written

FEW = "small shared pools"
_POOL = "shared systems grew or shrank"
_LEAST_CLIENTS = 5
_WHOLE = ("new", "gone")
WORDS = {
    "new": "new tenants",
    "gone": "tenants that ended",
    "tier": "another tier",
    "terms": "other terms",
    "price": "other prices",
    "quantity": "own usage",
    "rule": "another rule",
}
"""How the firm's pages say a reason, where it is not the reason's own name."""


class Why(NamedTuple):
    """A part of a difference."""

    reason: str
    about: str
    amount: Fraction


def of_tenants(documents: Documents) -> dict[str, list[Why]]:
    """The causes of every tenant of this month or the one before."""
    before, now = documents.compared
    old, new = ({line["tenant"]: line for line in month.tenants} for month in (before, now))
    names = sorted(old.keys() | new.keys())
    return {name: list(_of_tenant(old.get(name), new.get(name), before, now)) for name in names}


def shown_to(documents: Documents, client: str) -> dict[tuple[str, str], Fraction]:
    """What a client sees: one sum of small pools; a tenant that changed clients is new or gone."""
    before, now = documents.compared
    old, new = ({line["tenant"]: line for line in month.of_client(client)} for month in (before, now))
    small = (before.pool_costs.keys() | now.pool_costs.keys()) - large_pools(documents)
    sums: dict[tuple[str, str], Fraction] = defaultdict(Fraction)
    for name in old.keys() | new.keys():
        found = list(_of_tenant(old.get(name), new.get(name), before, now))
        few = ("tier" if any(why.reason == "tier" for why in found) else _POOL, FEW)
        for why in found:
            merged = why.about in small and why.reason not in _WHOLE
            sums[few if merged else (why.reason, why.about)] += why.amount
    return dict(sums)


def of_fees(documents: Documents, client: str | None = None) -> dict[str, Fraction]:
    """Why fees are not what they were: everybody's, or one client's; nothing of those that are."""
    old, new = (
        {line["tenant"]: line for line in (month.tenants if client is None else month.of_client(client))}
        for month in documents.compared
    )
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for name in old.keys() | new.keys():
        was, pays = (Fraction(lines[name]["fee"]) if name in lines else NOBODY for lines in (old, new))
        reason = "new" if name not in old else "gone" if name not in new else "terms"
        if reason == "terms" and old[name]["tier"] != new[name]["tier"]:
            reason = "tier"
        if reason in {"terms", "tier"}:
            beyond = overage(new[name]) - overage(old[name])
            sums["overage"] += beyond
            pays -= beyond
        if was != pays:
            sums[reason] += pays - was
    return {WORDS.get(reason, reason): amount for reason, amount in sums.items() if amount}


def overage(line: Record) -> Fraction:
    """What a tenant pays beyond the fee of its offer: where it is known and agreed."""
    paid = (each["amount"] for each in line.get("overage", ()) if each["agreed"] and each["amount"])
    return sum(map(Fraction, paid), NOBODY)


def large_pools(documents: Documents) -> set[str]:
    """Pools whose total gives nobody away: enough clients pay for them, in both months."""
    return set.intersection(*(_large(month) for month in documents.compared))


def by_reason(causes: Iterable[Why]) -> dict[str, Fraction]:
    """The amount of each reason."""
    sums: dict[str, Fraction] = defaultdict(Fraction)
    for why in causes:
        sums[WORDS.get(why.reason, why.reason)] += why.amount
    return dict(sums)


def _large(month: Written) -> set[str]:
    clients: dict[str, set[str]] = defaultdict(set)
    for line in month.tenants:
        for pool, text in line["pooled"].items():
            if Fraction(text):
                clients[pool].add(line["client"])
    return {pool for pool, sharing in clients.items() if len(sharing) >= _LEAST_CLIENTS}


def _of_tenant(old: Record | None, new: Record | None, before: Written, now: Written) -> Iterator[Why]:
    if old is None or new is None:
        if new is not None:
            yield Why("new", new["tier"], Fraction(new["total"]))
        if old is not None:
            yield Why("gone", old["tier"], -Fraction(old["total"]))
        return
    bases = before.statement["basis"], now.statement["basis"]
    if bases[0] != bases[1]:
        words = f"{bases[0]} before, {bases[1]} now"
        yield Why("estimate or bill", words, Fraction(new["total"]) - Fraction(old["total"]))
        return
    moved = old["tier"] != new["tier"]
    yield from _direct(old, new, before, now, moved=moved)
    for pool in sorted(old["pooled"].keys() | new["pooled"].keys()):
        yield from _share((old, new), pool, before, now, moved=moved)


def _direct(old: Record, new: Record, before: Written, now: Written, *, moved: bool) -> Iterator[Why]:
    left = Fraction(new["direct"]) - Fraction(old["direct"])
    if before.items and now.items:
        there, here = (_items(month, old["tenant"], "") for month in (before, now))
        for key in sorted(there.keys() | here.keys()):
            price, whole = _price(there.get(key), here.get(key))
            about = f"{key[0]} {key[1]}".strip()
            yield Why("price", about, price)
            apart = (key in there) is not (key in here)
            ruled = apart and key in _moved_by_rules(before, now)
            yield Why("rule" if ruled else "tier" if moved else "quantity", about, whole - price)
            left -= whole
        yield Why("unknown", "direct cost", left)
    else:
        yield Why("tier" if moved else "unknown", "direct cost", left)


def _items(month: Written, tenant: str | None, pool: str) -> dict[tuple[str, str, str], Record]:
    found: dict[tuple[str, str, str], Record] = {}
    for item in month.items:
        if item["tenant"] == tenant and (tenant or item["pool"] == pool):
            key = item["service"], item["item"], item["unit"]
            assert key not in found, f"two items are called {key}: which of them had what price?"
            found[key] = item
    return found


def _moves(pool: str, before: Written, now: Written) -> tuple[set[Any], set[Any]]:
    """The items that *pool* lost and got because another rulebook is in force."""
    books = [month.statement["versions"].get("rulebook") for month in (before, now)]
    if not all(books) or books[0] == books[1]:
        return set(), set()
    anywhere = [
        {(each["service"], each["item"], each["unit"]) for each in month.items if not each.get("other_month")}
        for month in (before, now)
    ]
    there, here = (set(_items(month, None, pool)) for month in (before, now))
    return (there - here) & anywhere[1], (here - there) & anywhere[0]


def _ruled(pool: str, before: Written, now: Written) -> Fraction:
    """What another rulebook put into *pool*, less what it took out of it."""
    lost, got = _moves(pool, before, now)
    there, here = (_items(month, None, pool) for month in (before, now))
    came = sum((Fraction(here[key]["amount"]) for key in got), NOBODY)
    return came - sum((Fraction(there[key]["amount"]) for key in lost), NOBODY)


def _moved_by_rules(before: Written, now: Written) -> set[Any]:
    pools = {item["pool"] for month in (before, now) for item in month.items if not item["tenant"]}
    return set().union(*(side for pool in pools for side in _moves(pool, before, now)))


def _price(old: Record | None, new: Record | None) -> tuple[Fraction, Fraction]:
    """What an item costs more at its old quantity, and in all."""
    was, costs = (Fraction(item["amount"]) if item else NOBODY for item in (old, new))
    quantities = [Fraction(item["quantity"] or 0) if item else NOBODY for item in (old, new)]
    if not all(quantities):
        return NOBODY, costs - was
    return (costs / quantities[1]) * quantities[0] - was, costs - was


def _share(
    lines: tuple[Record, Record], pool: str, before: Written, now: Written, *, moved: bool
) -> Iterator[Why]:
    paid, pays = (Fraction(line["pooled"].get(pool, 0)) for line in lines)
    was, costs = (month.pool_costs.get(pool, NOBODY) for month in (before, now))
    part = paid / was if was else NOBODY
    there, here = (_items(month, None, pool) for month in (before, now))
    price = part * sum((_price(there[key], here[key])[0] for key in there.keys() & here.keys()), NOBODY)
    yield Why("price", pool, price)
    ruled = part * _ruled(pool, before, now)
    yield Why("rule", pool, ruled)
    yield Why(_POOL, pool, part * costs - paid - price - ruled)
    drivers = [month.uses.get(pool, {}).get("driver") for month in (before, now)]
    taken = pays - part * costs
    if moved or drivers[0] != drivers[1]:
        yield Why("tier" if moved else "rule", pool, taken)
        return
    own = _own(lines[0]["tenant"], pool, before, now, (paid, pays, was, costs))
    yield Why("quantity", pool, own)
    known = before.statement.get("pools") and now.statement.get("pools")
    yield Why("neighbours used more or less" if known else "unknown", pool, taken - own)


def _own(
    tenant: str,
    pool: str,
    before: Written,
    now: Written,
    amounts: tuple[Fraction, Fraction, Fraction, Fraction],
) -> Fraction:
    """What the tenant's own usage does to its share while the usage of all others stays the same."""
    paid, pays, was, costs = amounts
    if pool not in before.uses or pool not in now.uses:
        return NOBODY
    used, now_used = (Fraction(month.uses[pool]["use"].get(tenant, 0)) for month in (before, now))
    at_old_part = paid / was * costs if was else NOBODY
    if not paid or not used:
        return pays - at_old_part if now_used else NOBODY
    everything = used * was / paid
    divided = everything if before.idle(pool) else everything - used + now_used
    return costs * now_used / divided - at_old_part if divided else NOBODY
