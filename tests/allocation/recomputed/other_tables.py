"""The tables of engineering's page and of a client's own, made again from the documents."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction

from tests.allocation.recomputed.causes import large_pools, shown_to
from tests.allocation.recomputed.cells import Expected, Facts, Figure, Must, Percent
from tests.allocation.recomputed.decisions import (
    average,
    counted,
    declared,
    most_of_the_time,
    preview_of,
    sized,
    standings,
)
from tests.allocation.recomputed.documents import NOBODY, Documents, Record, added, classes, facts
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
        per = f"per {pool['unit'].removesuffix('s')}"
        one: Must = Figure((cost - idle) / used, per, _DIGIT) if used and not weight else ""
        amount: Must = "" if weight else Figure(used, pool["unit"])
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
        rows.append([name, f"{tried:%Y-%m-%d}", state, Fraction(age), *most])
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


def month(documents: Documents, client: str) -> Expected:
    lines = documents.now.of_client(client)

    def figures(some: list[Record]) -> list[Fraction]:
        shares = [Fraction(text) for line in some for text in line["pooled"].values()]
        return [added(some, "direct"), sum(shares, NOBODY), added(some, "total"), added(some, "fee")]

    rows: list[list[Must]] = [
        [line["tenant"], line["environment"], line["tier"], *figures([line])] for line in lines
    ]
    foot: list[list[Must]] = [["total", "", "", *figures(lines)]] if len(lines) > 1 else []
    heads = ("tenant", "environment", "tier", "direct cost", "shared cost allocated", "cost", "fee")
    return Expected(heads, rows, foot, title=Facts((documents.now.currency,)))


def why(documents: Documents, client: str) -> Expected:
    """All that made the client's cost another than it was; what it had before and has no more, too."""
    if documents.before is None:
        return Expected()
    rows: list[list[Must]] = [
        [reason, about, Figure(amount, within=NEARLY)]
        for (reason, about), amount in shown_to(documents, client).items()
    ]
    was, costs = (added(each.of_client(client), "total") for each in documents.compared)
    title = Facts((documents.before.month,))
    return Expected(
        ("reason", "about", "amount"), rows, [["difference", "", costs - was]], keyed=2, title=title
    )


def trend(documents: Documents, client: str) -> Expected:
    if documents.before is None:
        return Expected()
    rows: list[list[Must]] = [
        [
            each.month,
            each.statement["basis"],
            added(each.of_client(client), "total"),
            added(each.of_client(client), "fee"),
        ]
        for each in (*documents.past, documents.now)
    ]
    return Expected(("month", "basis", "cost", "fee"), rows)


def shared(documents: Documents, client: str) -> Expected:
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
                Figure(own, use["unit"]) if use["unit"] != "weight" else "",
                sum((Fraction(line["pooled"].get(pool, 0)) for line in lines), NOBODY),
                now.pool_costs[pool] if pool in large else Facts(),
            ]
        )
    return Expected(("pool", "divided by", "usage", "share", "cost of the whole pool"), rows)


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
    rows: list[list[Must]] = [
        [
            line["tenant"],
            option.tier,
            option.fee,
            "" if option.cost is None else option.cost,
            preview_of(documents, line["tenant"], option.tier),
        ]
        for line in documents.now.of_client(client)
        for option in documents.options.get(line["tenant"], ())
    ]
    return Expected(("tenant", "tier", "fee", "cost", "command to run"), rows)


def last_try(documents: Documents, tenant: str, step: str = "restore-test") -> Record | None:
    """The last restore, or another step, of a tenant that was tried before the month's end."""
    tried = [
        record
        for record in documents.evidence
        if (record["tenant"], record["step"]) == (tenant, step)
        and datetime.fromisoformat(record["at"]) < documents.now.end
    ]
    return max(tried, key=lambda record: str(record["at"]), default=None)


def _duration(minutes: int) -> str:
    if minutes % 60:
        return f"{minutes} minutes"
    return "1 hour" if minutes == 60 else f"{minutes // 60} hours"
