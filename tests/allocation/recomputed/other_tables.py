"""The tables of engineering's page and of a client's own, made again from the documents."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction

from tests.allocation.recomputed.causes import large_pools, shown_to
from tests.allocation.recomputed.causes import overage as paid_beyond
from tests.allocation.recomputed.cells import Expected, Facts, Figure, Must, Percent, Read
from tests.allocation.recomputed.decisions import (
    average,
    counted,
    declared,
    most_of_the_time,
    preview_of,
    sized,
    standings,
)
from tests.allocation.recomputed.documents import (
    NOBODY,
    Documents,
    Record,
    added,
    as_read,
    classes,
    facts,
    of_many,
    services,
    tiers,
)
from tests.allocation.recomputed.firm_tables import NEARLY

_DIGIT = Fraction(1, 10**10)
_MEASURED = Fraction(1, 10**15)
"""A quotient is written with 28 digits."""


def pools(documents: Documents, _: str) -> Expected:
    """Every pool that costs something, in the statement's order; one without a driver would be missing."""
    now = documents.now
    rows: list[list[Must]] = []
    for name in dict.fromkeys([*now.uses, *now.pool_costs]):
        cost = now.pool_costs.get(name, NOBODY)
        if not cost:
            continue
        pool = now.uses.get(name, {"driver": "", "unit": "weight", "use": {}})
        tenants = {line["tenant"] for line in now.tenants}
        members = [who for who, used in pool["use"].items() if Fraction(used) and who in tenants]
        count: Must = Fraction(len(members)) if name in now.uses else ""
        idle, weight = now.idle(name), pool["unit"] == "weight"
        used = sum((Fraction(amount) for who, amount in pool["use"].items() if who in tenants), NOBODY)
        divided, unit, each = as_read(now, pool["unit"])
        one: Must = ""
        if used and not weight:
            one = Read((cost - idle) / used, 1 / divided, f"per {each}", _DIGIT)
        amount: Must = "" if weight else Read(used, divided, unit)
        rows.append([name, pool["driver"], count, amount, cost, one, idle, Percent(idle, cost)])
    assert sum(now.pool_costs.values()) == now.total("pooled") + now.total("idle")
    heads = ("pool", "driver", "tenants", "usage", "cost", "price per unit", "idle", "idle %")
    return Expected(heads, rows, title=Facts((now.month,)))


def off_hours(documents: Documents, _: str) -> Expected:
    """What `allocation.preview.off_hours` says of the plan: no statement holds it."""
    rows: list[list[Must]] = [
        [each.tenant, Fraction(each.hours), "options.schedule", each.saved, each.freed]
        for each in documents.savings
    ]
    whole = [sum((getattr(each, name) for each in documents.savings), NOBODY) for name in ("saved", "freed")]
    heads = ("tenant", "hours awake a week", "option to set", "saved on the bill", "node capacity freed")
    return Expected(heads, rows, [["total", "", "", *whole]])


def sizes(documents: Documents, _: str) -> Expected:
    heads = ("requested", "used on average", "used at most, 95 % of the time", "percent of the request")
    rows: list[list[Must]] = []
    for tenant, what, unit, asked, used in sized(documents):
        asks, most = average(documents, tenant, asked), most_of_the_time(documents, tenant, used)
        levels = (asks, average(documents, tenant, used), most)
        figures = [Figure(level, unit, _MEASURED) for level in levels]
        rows.append([tenant, what, *figures, Figure(100 * most / asks, "%", Fraction(1, 20))])
    return Expected(("tenant", "what", *heads), rows)


def users(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = []
    for name, declares, last, active in counted(documents):
        if last is None or active == declares:
            continue
        rest = [Figure(each, within=_MEASURED) for each in (active, active - declares)]
        rows.append([name, Fraction(declares), *rest, f"{last}"])
    return Expected(("tenant", "declared", "active in Odoo", "difference", "counted on"), rows)


def servers(documents: Documents, _: str) -> Expected:
    plan = documents.plan
    everything = [*plan["platform"], *(fact for tenant in plan["tenants"] for fact in tenant["facts"])]
    most = {
        each["instance_class"]: each["max_connections"] for each in classes()["database_classes"].values()
    }
    rows: list[list[Must]] = []
    for server in facts(everything, "database-instance"):
        held = [each for each in facts(everything, "tenant-database") if each["server"] == server["id"]]
        room = most.get(server["instance_class"])
        rows.append(
            [
                server["id"],
                server["instance_class"],
                Fraction(len(held)),
                added(held, "connection_limit"),
                Fraction(room) if room else "",
                Fraction(server["storage_gib"]),
                added(held, "storage_gib"),
            ]
        )
    heads = ("server", "class", "databases", "connections reserved", "connection limit")
    return Expected((*heads, "storage, GiB", "expected usage, GiB"), rows)


def volumes(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = [
        [
            each.tenant["tenant"],
            each.measure.removesuffix("_gib"),
            Figure(declared(each.tenant, each.measure), "GiB"),
            Figure(each.used, "GiB", _MEASURED),
        ]
        for each in standings(documents)
        if each.measured and each.measure != "users"
    ]
    return Expected(("tenant", "what", "requested", "used at most"), rows)


def restores(documents: Documents, _: str) -> Expected:
    usual = int(classes()["signals"]["most_restore_test_age_days"])
    rows: list[list[Must]] = []
    for name, plan in documents.plans.items():
        kept = [fact for fact in plan["facts"] if fact["kind"] == "logical-backup"]
        ages = [fact.get("restore_test_age_days") or usual for fact in kept]
        most: list[Must] = [Fraction(ages[0])] if kept else [""]
        record = last_try(documents, name)
        if record is None:
            rows.append([name, "", Facts(), "", *most])
            continue
        tried = datetime.fromisoformat(record["at"])
        age = (documents.now.end - tried).days
        state = "failed" if record["result"] != "ok" else "good" if age <= ages[0] else "too old"
        said = "portfolio" in record
        told: Must = state if said else Facts((state, "does not name a portfolio"))
        rows.append([name, f"{tried:%Y-%m-%d}", told, Fraction(age), *most])
    return Expected(("tenant", "last test", "state", "age in days at the month's end", "at most"), rows)


def rehearsals(documents: Documents, _: str, names: frozenset[str] | None = None) -> Expected:
    """Of every tenant whose plan asks for one; a promise without a rehearsal is no evidence."""
    rows: list[list[Must]] = []
    for name, plan in documents.plans.items():
        for fact in facts(plan["facts"], "rehearsal"):
            if not fact.get("age_days") or (names is not None and name not in names):
                continue
            record = last_try(documents, name, "rehearsal")
            promised = {key: 60 * int(fact[f"{key}_minutes"]) for key in ("rto", "rpo")}
            at = datetime.fromisoformat(record["at"]) if record else None
            times: list[Must] = []
            for key in ("rto", "rpo"):
                measured = None if record is None else record[f"{key}_seconds"]
                times += [_seconds(measured), _seconds(promised[key])]
            age: Must = Fraction((documents.now.end - at).days) if at else ""
            told = Facts() if names is not None else _proven(record, promised, fact, documents)
            day = f"{at:%Y-%m-%d}" if at else ""
            rows.append([name, fact["region"], day, age, Fraction(fact["age_days"]), *times, told])
    return Expected(
        (
            *("tenant", "region", "rehearsed on", "age in days at the month's end", "at most"),
            *("back within, measured", "promised", "work lost, measured", "promised at most", "state"),
        ),
        rows,
    )


def own_rehearsals(documents: Documents, client: str) -> Expected:
    """A client's own."""
    names = frozenset(line["tenant"] for line in documents.now.of_client(client))
    return rehearsals(documents, client, names)


def _proven(record: Record | None, promised: Record, fact: Record, documents: Documents) -> Facts:
    """What is wrong with the last rehearsal: nothing, or it says so in figures."""
    if record is None:
        return Facts(("never rehearsed", str(fact["tenant"]), str(fact["region"])))
    if record["result"] != "ok":
        return Facts(("failed",))
    slow = [key for key in ("rto", "rpo") if record[f"{key}_seconds"] > promised[key]]
    words = ((_seconds(record[f"{key}_seconds"]), _seconds(promised[key])) for key in slow)
    if slow:
        return Facts(("slower than promised", *(each for pair in words for each in pair)))
    old = documents.now.end - datetime.fromisoformat(record["at"]) > timedelta(days=fact["age_days"])
    return Facts(("too old", str(fact["age_days"]))) if old else Facts(("good",))


def _seconds(count: int | None) -> str:
    if count is None:
        return "not measured"
    if count < 60:
        return f"{count} s"
    return (
        f"{count // 60} min {count % 60} s" if count < 3600 else f"{count // 3600} h {count % 3600 // 60} min"
    )


def service(tier: str) -> str:
    """What a tier is sold as."""
    return str(tiers()[tier]["title"])


def fees(documents: Documents, client: str) -> Expected:
    """What each of the client's tenants pays, and what another fee than before is for."""
    old, new = own_tenants(documents, client)
    names = [*new, *(name for name in old if name not in new)]
    rows: list[list[Must]] = []
    for name in names:
        line = new.get(name) or old[name]
        pays, paid = (Fraction(lines[name]["fee"]) if name in lines else NOBODY for lines in (new, old))
        row: list[Must] = [name, line["environment"], service(line["tier"]), pays]
        if documents.before is not None:
            because = happened(old.get(name), new.get(name), documents)
            row += [pays - paid, Facts(because) if because else ""]
        rows.append(row)
    heads: tuple[str, ...] = ("tenant", "environment", "service", "fee")
    whole: list[Must] = ["total", "", "", added(new.values(), "fee")]
    if documents.before is not None:
        heads = (*heads, f"change since {documents.before.month}", "because it")
        whole += [added(new.values(), "fee") - added(old.values(), "fee"), ""]
    return Expected(heads, rows, [whole] if len(rows) > 1 else [], title=Facts((documents.now.currency,)))


def fee_parts(documents: Documents, client: str) -> Expected:
    """What a whole month's fee is for, of tenants that pay for more than their offer."""
    options = {
        "enhanced-controls": "Enhanced controls",
        "warm-standby": "Warm standby in a second region",
        "cdn": "CDN for the website",
    }
    plans = [
        documents.plans[line["tenant"]]
        for line in documents.now.of_client(client)
        if line["tenant"] in documents.plans
    ]
    bought = [plan for plan in plans if len(plan.get("fee_parts", ())) > 1]
    rows: list[list[Must]] = []
    for plan in bought:
        assert added(plan["fee_parts"], "fee_per_month") == Fraction(plan["fee_per_month"])
        for each in plan["fee_parts"]:
            what = options.get(each["part"]) or services().get(each["part"], {}).get("title", "")
            what = service(plan["tier"]) if each["part"] == "offer" else what
            rows.append([plan["tenant"], what, Fraction(each["fee_per_month"])])
    foot: list[list[Must]] = [["total", "", added(bought, "fee_per_month")]]
    title = Facts((documents.now.currency,))
    return Expected(("tenant", "for", "fee a month"), rows, foot if rows else [], title=title)


def own_tenants(documents: Documents, client: str) -> tuple[dict[str, Record], dict[str, Record]]:
    """A client's tenants before and now."""
    old, new = (
        {line["tenant"]: line for line in month.of_client(client)}
        for month in (documents.before or documents.now, documents.now)
    )
    return old, new


def happened(old: Record | None, new: Record | None, documents: Documents) -> tuple[str, ...]:
    """What must be said of a tenant whose fee is another: nothing of one that pays what it paid."""
    if old is None:
        return ("new",)
    if new is None:
        there = {line["tenant"] for line in documents.now.tenants}
        return ("another client",) if old["tenant"] in there else ("ended",)
    if old["tier"] != new["tier"]:
        return service(old["tier"]), service(new["tier"])
    was, pays = Fraction(old["fee"]), Fraction(new["fee"])
    if was - paid_beyond(old) != pays - paid_beyond(new):
        return ("options",)
    return ("beyond",) if was != pays else ()


def costs(documents: Documents, client: str) -> Expected:
    if client not in documents.open_book:
        return Expected()
    lines = documents.now.of_client(client)

    def figures(some: list[Record]) -> list[Fraction]:
        shares = [Fraction(text) for line in some for text in line["pooled"].values()]
        return [added(some, "direct"), sum(shares, NOBODY), added(some, "total")]

    rows: list[list[Must]] = [[line["tenant"], line["environment"], *figures([line])] for line in lines]
    foot: list[list[Must]] = [["total", "", *figures(lines)]] if len(lines) > 1 else []
    heads = ("tenant", "environment", "direct cost", "shared cost allocated", "cost")
    return Expected(heads, rows, foot, title=Facts((documents.now.currency,)), near=of_many(lines))


CHANGES = {
    "new": "new tenants",
    "gone": "tenants that are gone",
    "tier": "another service",
    "price": "other prices of what is used",
    "quantity": "your own usage",
    "shared systems grew or shrank": "shared systems grew or shrank",
    "neighbours used more or less": "others used more or less of what is shared",
    "rule": "what is shared is divided another way",
    "estimate or bill": "one month is estimated and the other billed",
    "unknown": "not known: the month before has no details",
}


def why(documents: Documents, client: str) -> Expected:
    """All that made the client's cost another than it was; what it had before and has no more, too."""
    if documents.before is None or client not in documents.open_book:
        return Expected()
    rows: list[list[Must]] = [
        [CHANGES[reason], Figure(amount, within=NEARLY), _about(documents, client, reason)]
        for reason, amount in changes(documents, client).items()
    ]
    was, costs = (added(each.of_client(client), "total") for each in documents.compared)
    title = Facts((documents.before.month,))
    foot: list[list[Must]] = [["difference", costs - was, ""]]
    near = of_many(*(each.of_client(client) for each in documents.compared))
    return Expected(("reason", "amount", "about"), rows, foot, keyed=1, title=title, near=near)


def changes(documents: Documents, client: str) -> dict[str, Fraction]:
    """How much each reason changed the client's cost."""
    sums: dict[str, Fraction] = {}
    for (reason, _), amount in shown_to(documents, client).items():
        sums[reason] = sums.get(reason, NOBODY) + amount
    return sums


def _about(documents: Documents, client: str, reason: str) -> Must:
    old, new = own_tenants(documents, client)
    parts: list[tuple[str, ...]]
    if reason == "tier":
        moved = [name for name in sorted(old.keys() & new.keys()) if old[name]["tier"] != new[name]["tier"]]
        parts = [(name, service(old[name]["tier"]), service(new[name]["tier"])) for name in moved]
    elif reason in {"new", "gone"}:
        there, here = (old, new) if reason == "gone" else (new, old)
        parts = [(name,) for name in sorted(there.keys() - here.keys())]
    elif reason == "quantity":
        parts = list(_usage(documents, client))
    else:
        return ""
    more = [str(len(parts) - 3)] if len(parts) > 3 else []
    return Facts((*(word for part in parts[:3] for word in part), *more)) if parts else ""


def _usage(documents: Documents, client: str) -> Iterator[tuple[str, ...]]:
    before, now = documents.compared
    for pool, used in now.uses.items():
        then = before.uses.get(pool)
        if (
            then is None
            or used["unit"] == "weight"
            or [then[x] for x in ("driver", "unit")] != [used[x] for x in ("driver", "unit")]
        ):
            continue
        was, uses = (
            sum((Fraction(each["use"].get(line["tenant"], 0)) for line in month.of_client(client)), NOBODY)
            for each, month in ((then, before), (used, now))
        )
        if was != uses:
            shown = [
                _plain(value / as_read(month, used["unit"])[0])
                for month, value in ((before, was), (now, uses))
            ]
            yield used["driver"].replace("-", " "), *shown


def _plain(value: Fraction) -> str:
    """With three digits that count, and all whole ones, half to even."""
    decimals = 0
    while value and decimals < 20 and abs(value) * 10**decimals < 100:
        decimals += 1
    whole, rest = divmod(round(value * 10**decimals), 10**decimals)
    return f"{whole:,}" + (f".{rest:0{decimals}}".rstrip("0") if rest else "")


def trend(documents: Documents, client: str) -> Expected:
    if documents.before is None:
        return Expected()
    rows: list[list[Must]] = [
        [each.month, added(each.of_client(client), "fee")] for each in (*documents.past, documents.now)
    ]
    return Expected(("month", "fee"), rows)


def shared(documents: Documents, client: str) -> Expected:
    if client not in documents.open_book:
        return Expected()
    now, large = documents.now, large_pools(documents)
    lines = now.of_client(client)
    rows: list[list[Must]] = []
    for pool in dict.fromkeys(name for line in lines for name in line["pooled"]):
        use = now.uses.get(pool, {"driver": "", "unit": "weight", "use": {}})
        own = sum((Fraction(use["use"].get(line["tenant"], 0)) for line in lines), NOBODY)
        rows.append(
            [
                pool,
                use["driver"],
                Read(own, *as_read(now, use["unit"])[:2]) if use["unit"] != "weight" else "",
                sum((Fraction(line["pooled"].get(pool, 0)) for line in lines), NOBODY),
                now.pool_costs[pool] if pool in large else Facts(),
            ]
        )
    heads = ("pool", "divided by", "usage", "share", "cost of the whole pool")
    return Expected(heads, rows, near=of_many(lines))


def fair_use(documents: Documents, client: str) -> Expected:
    own = [line["tenant"] for line in documents.now.of_client(client)]
    rows: list[list[Must]] = []
    for name in own:
        for each in standings(documents):
            if each.tenant["tenant"] == name:
                measure = each.measure.replace("_gib", ", GiB")
                used = Figure(each.used, within=_MEASURED)
                rows.append([name, measure, used, each.covered, Facts(each.breach)])
    return Expected(("tenant", "measure", "used", "covered", "result"), rows)


def recovery(documents: Documents, client: str) -> Expected:
    rows: list[list[Must]] = []
    for name in (line["tenant"] for line in documents.now.of_client(client)):
        plan = documents.plans.get(name)
        if plan is None:
            continue
        promise = classes()["resilience_classes"][plan["resilience_class"]]
        lost, back = (_duration(int(promise[key])) for key in ("rpo_minutes", "rto_minutes"))
        words = Facts((str(plan["resilience_class"]), lost, back))
        record = last_try(documents, name)
        if record is None:
            rows.append([name, words, "", "", Facts()])
            continue
        minutes = -(-int(record["restore_seconds"]) // 60)
        outcome = Facts((str(minutes),) if record["result"] == "ok" else ("FAILED",))
        rows.append([name, words, record["taken_at"][:10], record["at"][:10], outcome])
    return Expected(("tenant", "promise", "backup of", "tested on", "outcome"), rows)


def options(documents: Documents, client: str) -> Expected:
    is_open = client in documents.open_book
    rows: list[list[Must]] = []
    for line in documents.now.of_client(client):
        for option in documents.options.get(line["tenant"], ()):
            row: list[Must] = [line["tenant"], service(option.tier), option.fee]
            if is_open:
                row.append("" if option.cost is None else option.cost)
            rows.append(row)
    return Expected(("tenant", "service", "fee", "cost") if is_open else ("tenant", "service", "fee"), rows)


def other_tiers(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = [
        [tenant, option.tier, option.fee, option.cost, preview_of(documents, tenant, option.tier)]
        for tenant, options in documents.options.items()
        for option in options
        if option.cost is not None
    ]
    return Expected(("tenant", "tier", "fee", "cost", "command to run"), rows)


def last_try(documents: Documents, tenant: str, step: str = "restore-test") -> Record | None:
    """The last restore, or another step, of a tenant that was tried before the month's end."""
    ours = documents.now.statement["portfolio"]
    tried = [
        record
        for record in documents.evidence
        if (record["tenant"], record["step"]) == (tenant, step)
        and datetime.fromisoformat(record["at"]) < documents.now.end
        and record.get("portfolio", ours) == ours
    ]
    return max(tried, key=lambda record: str(record["at"]), default=None)


def _duration(minutes: int) -> str:
    if minutes % 60:
        return f"{minutes} minutes"
    return "1 hour" if minutes == 60 else f"{minutes // 60} hours"
