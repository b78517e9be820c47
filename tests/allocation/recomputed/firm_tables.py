"""The tables of the pages for everybody, from the documents: first page, finance, review."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from tests.allocation.recomputed.causes import by_reason, of_fees, of_tenants
from tests.allocation.recomputed.cells import CENT, Expected, Facts, Figure, Link, Must, Percent, Reasons
from tests.allocation.recomputed.documents import (
    NOBODY,
    Documents,
    Record,
    Written,
    added,
    grouped,
    of_many,
    services,
)
from tests.allocation.recomputed.drawings import by_domain, domains_of, months_of
from tests.allocation.recomputed.register import to_take

NEARLY = Fraction(1, 10**7)
"""What the rounding of every step of every tenant's causes may add up to."""
_DIGIT = Fraction(1, 10**10)
WORDS = {
    "core_hours": "core-hours",
    "database_gib": "GiB of database",
    "filestore_gib": "GiB of filestore",
    "users": "users",
}
_MANY = 1000
_FEW = 10


def glance(documents: Documents, _: str) -> Expected:
    now, before = documents.now, documents.before
    names = {
        "bill": "charged",
        "direct to tenants": "direct",
        "pooled shares": "pooled",
        "idle": "idle",
        "unallocated": "unallocated",
        "not accounted for": "difference",
    }

    def values(month: Written) -> list[Fraction]:
        return [*map(month.total, names.values()), month.fees, month.fees - month.total("charged")]

    then: Sequence[Fraction | None] = values(before) if before else [None] * 8
    rows: list[list[Must]] = [
        [
            word,
            here,
            "" if there is None else here - there,
            Percent(here, now.total("charged")) if word in names else "",
        ]
        for word, here, there in zip([*names, "fees", "margin"], values(now), then, strict=True)
    ]
    return Expected(("what", "amount", "change", "percent of the bill"), rows, near=2 * CENT)


def why(documents: Documents, _: str) -> Expected:
    if documents.before is None:
        return Expected()
    now, before = documents.now, documents.before
    causes = [cause for found in of_tenants(documents).values() for cause in found]
    rows: list[list[Must]] = [
        [reason, Figure(amount, within=NEARLY)] for reason, amount in by_reason(causes).items()
    ]
    rows += [[name, now.total(name) - before.total(name)] for name in ("idle", "unallocated")]
    whole = now.total("charged") - before.total("charged")
    title = Facts((before.month,))
    foot: list[list[Must]] = [["change of the bill", whole]]
    near = of_many(now.tenants, before.tenants)
    return Expected(("reason", "amount"), rows, foot, keyed=1, title=title, near=near)


def changes(documents: Documents, _: str) -> Expected:
    """The ten tenants whose cost changed most, and why."""
    if documents.before is None:
        return Expected()
    old, new = ({line["tenant"]: line for line in month.tenants} for month in documents.compared)
    found = {name: by_reason(causes) for name, causes in of_tenants(documents).items()}
    steps = {name: _cost(new.get(name)) - _cost(old.get(name)) for name in found}
    changed = [
        name for name in found if any(abs(part) > NEARLY for part in (steps[name], *found[name].values()))
    ]
    ranked = sorted(changed, key=lambda name: (-abs(steps[name]), name))[:10]
    rows: list[list[Must]] = [
        [
            name,
            (new.get(name) or old[name])["client"],
            steps[name],
            Reasons(found[name], documents.now.currency),
        ]
        for name in ranked
    ]
    return Expected(("tenant", "client", "change", "reasons"), rows, near=2 * CENT)


def smallest_margins(documents: Documents, _: str) -> Expected:
    paying = [line for line in documents.now.tenants if Fraction(line["fee"]) > 0]
    if len(paying) <= _FEW:
        return Expected()
    ranked = sorted(paying, key=lambda line: (_margin(line) / Fraction(line["fee"]), line["tenant"]))[:_FEW]
    return Expected(
        ("tenant", "tier", "fee", "cost", "margin", "margin %"),
        [
            [
                line["tenant"],
                line["tier"],
                Fraction(line["fee"]),
                Fraction(line["total"]),
                _margin(line),
                Percent(_margin(line), Fraction(line["fee"])),
            ]
            for line in ranked
        ],
    )


def tenants(documents: Documents, _: str) -> Expected:
    ranked = sorted(documents.now.tenants, key=lambda line: (-Fraction(line["total"]), line["tenant"]))
    rest = ranked[_MANY:]
    rows: list[list[Must]] = [
        [Link(line["tenant"], f"account/{line['client']}.html"), line["tier"], *_value([line])]
        for line in ranked[:_MANY]
    ]
    foot: list[list[Must]] = [[f"{len(rest):,} more", "", *_value(rest)]] if rest else []
    foot.append(["all tenants", "", *_value(ranked)])
    return Expected(("tenant", "tier", "cost", "fee", "margin"), rows, foot, beside=len(foot) - 1)


def to_decide(most: int, documents: Documents) -> Expected:
    rows: list[list[Must]] = []
    for each in to_take(documents)[:most]:
        options = documents.options.get(each.whose, ())
        option = next((option for option in options if option.tier == each.tier), None)
        stake: Must = "" if each.stake is None else Figure(each.stake, within=_DIGIT)
        fee: Must = option.fee if option else ""
        cost: Must = option.cost if option and option.cost is not None else ""
        rows.append([each.whose, each.kind, each.because, each.action, stake, fee, cost, each.command])
    heads = ("at stake a month", "change of fee", "change of cost", "command to run")
    near = of_many(documents.now.tenants)
    return Expected(("tenant or platform", "kind", "reason", "what to do", *heads), rows, near=near)


def waterfall(documents: Documents, _: str) -> Expected:
    now = documents.now
    parts = {"direct": "direct", "pooled shares": "pooled", "idle": "idle", "unallocated": "unallocated"}
    charged = now.total("charged")
    rows: list[list[Must]] = [
        [word, now.total(name), Percent(now.total(name), charged)] for word, name in parts.items()
    ]
    foot: list[list[Must]] = [["bill", charged, ""], ["difference", NOBODY, ""]]
    return Expected(("part", "amount", "percent"), rows, foot)


def parts(name: str, documents: Documents) -> Expected:
    """Allocated cost by the names of one of the statement's mappings: it must be all that was allocated."""
    sums: dict[str, Fraction] = {}
    for line in documents.now.tenants:
        for part, text in line[f"by_{name}"].items():
            sums[part] = sums.get(part, NOBODY) + Fraction(text)
    rows: list[list[Must]] = [[part, sums[part]] for part in sorted(sums)]
    near = of_many(documents.now.tenants)
    return Expected((name, "cost"), rows, [["allocated", _allocated(documents.now)]], near=near)


def behaviour(documents: Documents, _: str) -> Expected:
    def figures(lines: Sequence[Record]) -> list[Fraction]:
        variable, cost = added(lines, "variable"), added(lines, "total")
        return [cost - variable, variable, cost]

    everybody = documents.now.tenants
    found = grouped(everybody, lambda line: str(line["tier"]))
    rows: list[list[Must]] = [[tier, *figures(lines)] for tier, lines in found.items()]
    assert added(everybody, "total") == _allocated(documents.now)
    foot: list[list[Must]] = [["allocated", *figures(everybody)]]
    return Expected(("tier", "fixed", "variable", "cost"), rows, foot, near=of_many(everybody))


def fees(documents: Documents, _: str) -> Expected:
    if documents.before is None:
        return Expected()
    rows: list[list[Must]] = [[reason, Figure(amount)] for reason, amount in of_fees(documents).items()]
    step = documents.now.fees - documents.before.fees
    title = Facts((documents.before.month,))
    foot: list[list[Must]] = [["change of the fees", step]]
    return Expected(("reason", "amount"), rows, foot, keyed=1, title=title)


def utilisation_of_a_year(documents: Documents, client: str) -> Expected:
    return utilisation(documents, client, 12)


def spend(documents: Documents, _: str) -> Expected:
    months = months_of(documents)
    names = domains_of(months)
    rows: list[list[Must]] = [
        [month.month, *by_domain(month, names).values(), month.total("charged")] for month in months
    ]
    title = Facts((documents.now.currency,))
    return Expected(("month", *names, "idle", "unallocated", "bill"), rows, title=title)


def utilisation(documents: Documents, _: str, most: int = 3) -> Expected:
    months = (*documents.past, documents.now)[-most:]
    names = sorted({pool for month in months for pool in month.statement["idle"]})
    rows: list[list[Must]] = []
    for name in names:
        costs = [month.pool_costs.get(name, NOBODY) for month in months]
        parts = [Percent(cost - month.idle(name), cost) for month, cost in zip(months, costs, strict=True)]
        rows.append([name, *parts])
    return Expected(("pool", *(month.month for month in months)), rows)


def groups(name: str, documents: Documents) -> Expected:
    found = grouped(documents.now.tenants, lambda line: str(line[name]))
    rows: list[list[Must]] = [[key, *_value(lines)] for key, lines in found.items()]
    foot: list[list[Must]] = [["total", *_value(documents.now.tenants)]]
    return Expected((name, "cost", "fee", "margin"), rows, foot, near=of_many(documents.now.tenants))


def planned(name: str, documents: Documents) -> Expected:
    """Margins by what the plan says of a tenant."""
    known = {"controls": "controls", "promise": "resilience_class"}

    def of(line: Record) -> str:
        plan = documents.plans.get(line["tenant"])
        if plan is None:
            return "no longer deployed"
        return str(plan[known[name]]) if name in known else _sold(plan)

    found = grouped(documents.now.tenants, of)
    rows: list[list[Must]] = [[key, *_value(lines)] for key, lines in found.items()]
    foot: list[list[Must]] = [["total", *_value(documents.now.tenants)]]
    return Expected((name, "cost", "fee", "margin"), rows, foot, near=of_many(documents.now.tenants))


def _sold(plan: Record) -> str:
    """What a tenant has of `services.yaml`: with its tier, with enhanced controls, or for a fee."""
    paid = {each["part"] for each in plan.get("fee_parts", ())}
    found = []
    for name, service in services().items():
        has = plan["tier"] in service.get("tiers", ()) or name in paid
        if name == "compliance-operations":
            has = plan["controls"] == "enhanced"
        found += [name] if has else []
    return " + ".join(found) or "no service"


def hours(documents: Documents, _: str) -> Expected:
    """What tiers include and what was worked, kind by kind; an hour costs what it costs in the bill."""
    now = documents.now
    worked = [each for each in now.items if each["service"] == "Labour" and not each.get("other_month")]
    if now.statement["basis"] != "billed" or not worked:
        return Expected()
    tier_of = {line["tenant"]: line["tier"] for line in now.tenants}
    included: dict[tuple[str, str], Fraction] = {}
    for name, plan in documents.plans.items():
        for fact in plan["facts"]:
            if fact["kind"] == "labour" and name in tier_of:
                key = (tier_of[name], fact["activity"])
                included[key] = included.get(key, NOBODY) + Fraction(fact["hours_per_month"])
    done: dict[tuple[str, str], Fraction] = {}
    rates: dict[str, Fraction] = {}
    for each in worked:
        kind = each["item"].removesuffix(" hour")
        key = (tier_of.get(each["tenant"], "for everybody"), kind)
        done[key] = done.get(key, NOBODY) + Fraction(each["quantity"])
        rates[kind] = Fraction(each["amount"]) / Fraction(each["quantity"])
    rows: list[list[Must]] = []
    for tier, kind in included.keys() | done.keys():
        has, did = included.get((tier, kind)), done.get((tier, kind), NOBODY)
        more = did - (has or NOBODY)
        money: Must = Figure(more * rates[kind], within=_DIGIT) if kind in rates else ""
        rows.append([tier, kind, "" if has is None else has, did, more, money])
    heads = ("tier", "work", "hours included", "hours worked", "more worked", "money of it")
    return Expected(heads, rows, keyed=2)


def contribution(documents: Documents, _: str) -> Expected:
    def figures(lines: list[Record]) -> list[Fraction]:
        fee, subsidy = added(lines, "fee"), added(lines, "cross_subsidy")
        return [fee, *(fee - added(lines, name) for name in ("variable", "direct", "total")), subsidy]

    found = grouped(documents.now.tenants, lambda line: str(line["tier"]))
    margins = ("after variable direct cost", "after all direct cost", "after all costs")
    heads = ("tier", "fee", *margins, "subsidises")
    rows: list[list[Must]] = [[tier, *figures(lines)] for tier, lines in found.items()]
    title = Facts((documents.now.month,))
    foot: list[list[Must]] = [["total", *figures(documents.now.tenants)]]
    return Expected(
        heads, rows, foot, title=title, near=of_many(documents.now.tenants, documents.now.tenants)
    )


def resilience(documents: Documents, _: str) -> Expected:
    plans = documents.plans

    def promise(line: Record) -> str:
        plan = plans.get(line["tenant"])
        return str(plan["resilience_class"]) if plan else "no longer deployed"

    def cost(lines: list[Record]) -> Fraction:
        return sum((Fraction(line["by_category"].get("resilience", 0)) for line in lines), NOBODY)

    everybody = documents.now.tenants
    rows: list[list[Must]] = [
        [name, Fraction(len(lines)), cost(lines), Percent(cost(lines), added(lines, "total"))]
        for name, lines in grouped(everybody, promise).items()
    ]
    heads = ("promise", "tenants", "cost of resilience", "percent of their cost")
    title = Facts((documents.now.month,))
    foot: list[list[Must]] = [["total", Fraction(len(everybody)), cost(everybody), ""]]
    return Expected(heads, rows, foot, title=title, near=of_many(everybody))


def overage(documents: Documents, client: str) -> Expected:
    """Beyond fair use, from used, covered, part and price: finance sees all, a client its own."""
    lines = documents.now.of_client(client) if client else documents.now.tenants
    found = []
    for line in lines:
        for each in line.get("overage", ()):
            amount = _beyond(each) * Fraction(each["price"]) if each["used"] is not None else None
            if amount is not None:
                assert abs(amount - Fraction(each["amount"])) <= CENT / 2
                amount = Fraction(each["amount"])
            if (amount or (amount is None and each["agreed"])) and (each["agreed"] or not client):
                found.append((line["tenant"], each, amount))
    if not client:
        order = list(WORDS)
        found.sort(key=lambda row: (-(row[2] or 0), row[0], order.index(row[1]["measure"])))
    rows: list[list[Must]] = []
    for tenant, each, amount in found:
        known = amount is not None
        beyond: Must = Figure(_beyond(each), within=_DIGIT) if known else ""
        used: Must = Fraction(each["used"]) if known else ""
        figures = [used, Fraction(each["covered"]), beyond, Fraction(each["price"])]
        paid: Must = "" if amount is None else amount
        row: list[Must] = [tenant, WORDS[each["measure"]], *figures]
        unknown = "not measured on every day: not charged"
        if client:
            rows.append([*row, paid, "as agreed, part of the fee" if known else unknown])
        else:
            rows.append([*row, each["source"] or unknown, *((paid, "") if each["agreed"] else ("", paid))])
    heads = ("tenant", "of what", "used", "covered", "beyond", "price of one")
    sums = [
        sum((amount or NOBODY for _, each, amount in found if each["agreed"] is agreed), NOBODY)
        for agreed in (True, False)
    ]
    if client:
        return Expected((*heads, "you pay", "result"), rows, [["total", *[""] * 5, sums[0], ""]])
    foot: list[list[Must]] = [["total", *[""] * 6, *sums]]
    return Expected((*heads, "how it is known", "agreed, in the fee", "not agreed"), rows, foot)


def _beyond(each: Record) -> Fraction:
    """Above what is covered of a month of which a part counts: hours add up, the rest are averages."""
    used, covered, part = Fraction(each["used"]), Fraction(each["covered"]), Fraction(each["part"])
    if each["measure"] == "core_hours":
        return max(used - covered * part, NOBODY)
    return max(used - covered, NOBODY) * part


def unallocated(documents: Documents, _: str) -> Expected:
    rows = [
        [each["reason"], Fraction(each["charges"]), Fraction(each["amount"])]
        for each in documents.now.statement["unallocated"]
    ]
    whole = sum((Fraction(each["amount"]) for each in documents.now.statement["unallocated"]), NOBODY)
    assert whole == documents.now.total("unallocated")
    return Expected(("reason", "charges", "amount"), rows)


def readiness(documents: Documents, _: str) -> Expected:
    rows = [
        [gate["gate"], gate["found"], gate["limit"], "yes" if gate["passed"] else "NO"]
        for gate in documents.gates or ()
    ]
    return Expected(("gate", "found", "limit", "passes"), rows)


def margins_by_month(documents: Documents, _: str) -> Expected:
    months = (*documents.past, documents.now)[-3:]
    heads = ["tier"]
    for month in months:
        heads += [month.month, f"{month.month} %"]
    rows: list[list[Must]] = []
    for tier in sorted({line["tier"] for month in months for line in month.tenants}):
        row: list[Must] = [tier]
        for month in months:
            lines = [line for line in month.tenants if line["tier"] == tier]
            margin = sum((_margin(line) for line in lines), NOBODY)
            row += [margin, Percent(margin, added(lines, "fee"))]
        rows.append(row)
    return Expected(tuple(heads), rows, near=of_many(*(month.tenants for month in months)))


def unit_costs(documents: Documents, _: str) -> Expected:
    months = [month for month in (*documents.past, documents.now)[-3:] if month.tenants]
    rows: list[list[Must]] = [
        [
            month.month,
            Fraction(len(month.tenants)),
            Figure(month.total("charged") / len(month.tenants), within=_DIGIT),
        ]
        for month in months
    ]
    return Expected(("month", "tenants", "average cost"), rows)


def curve(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = [
        [
            Fraction(point["more"]),
            *(Fraction(point[name]) for name in ("bill", "idle", "each")),
            "" if point["marginal"] is None else Fraction(point["marginal"]),
        ]
        for point in documents.curve
    ]
    title = Facts((documents.curve_tier,))
    return Expected(("tenants added", "bill", "idle", "average cost", "cost of one more"), rows, title=title)


def signed(documents: Documents, _: str) -> Expected:
    rows: list[list[Must]] = []
    for each in to_take(documents):
        said = documents.signed.get(each.key, {})
        who = " ".join(word for word in (said.get("by"), said.get("on")) if word)
        rows.append([each.key, each.because, said.get("decision", "open"), who])
    return Expected(("what", "reason", "decision", "signed"), rows)


def _cost(line: Record | None) -> Fraction:
    return Fraction(line["total"]) if line else NOBODY


def _margin(line: Record) -> Fraction:
    return Fraction(line["fee"]) - Fraction(line["total"])


def _value(lines: Sequence[Record]) -> list[Fraction]:
    cost, fee = added(lines, "total"), added(lines, "fee")
    return [cost, fee, fee - cost]


def _allocated(month: Written) -> Fraction:
    return month.total("direct") + month.total("pooled")
