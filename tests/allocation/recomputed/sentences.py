"""Which names and figures headlines, answers, drawings and lists must say, made again from the documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction

from tests.allocation.recomputed.causes import by_reason, of_tenants
from tests.allocation.recomputed.cells import CENT, Facts, Percent, Reasons, Settled, is_rounded, is_why, says
from tests.allocation.recomputed.decisions import counted, standings
from tests.allocation.recomputed.documents import NOBODY, Documents, added, cents, exactly, of_many
from tests.allocation.recomputed.other_tables import CHANGES, changes, happened, last_try, own_tenants
from tests.allocation.recomputed.paper import Drawing, Printed
from tests.allocation.recomputed.register import to_take

Bars = tuple[Facts, Sequence[tuple[str, Fraction, Fraction]]]
"""What is said of a drawing, and of every bar its label, where it begins and where it ends."""
MOST_NAMED = 10
_PIXELS = 2
"""As far as a bar may be drawn from its place: they begin at whole ones, and none is shorter than one."""
_STEP = re.compile(
    r"[^0-9]*?([0-9,]+\.[0-9]{2}) (\S+)(?: \(([0-9.]+) %\))? (more|less)\b[^0-9]*([0-9]{4}-[0-9]{2})"
)


def headline(page: Printed, documents: Documents) -> Facts:
    """What the one of *page* must say."""
    now = documents.now
    charged, fees, portfolio = now.total("charged"), now.fees, now.statement["portfolio"]
    margin, currency = cents(fees - charged), now.currency
    months = (*documents.past, now)[-3:]
    own = added(now.of_client(page.client), "fee")
    idle = Settled(now.total("idle"))
    waiting = sum(each.key not in documents.signed for each in to_take(documents))
    return {
        "index": Facts((portfolio, now.month, cents(charged), currency, now.statement["basis"], margin)),
        "engineering": Facts((now.month, idle, currency, cents(charged))),
        "finance": Facts((now.month, cents(charged), currency, cents(fees), margin)),
        "quarterly": Facts((portfolio, months[0].month, now.month, str(waiting))),
        "account": Facts((page.client, now.month, cents(own), currency)),
    }[page.kind]


def wrong_answers(page: Printed, documents: Documents) -> Iterator[str]:
    """What is wrong with the sentences beneath the headline."""
    answers = {"index": _of_index, "account": _of_account}
    if page.kind in answers:
        yield from answers[page.kind](page, documents)
        return
    if not all_say(page.answer, must := [_fixed_answer(page, documents)]):
        yield f"answers {page.answer}, not of {must}"


def all_say(sentences: Sequence[str], must: Sequence[Facts]) -> bool:
    """Whether there is a sentence for each of the facts that it must say."""
    return len(sentences) == len(must) and all(map(says, sentences, must))


def proof(page: Printed, documents: Documents) -> list[Facts]:
    """What the lines at the foot of *page* must say."""
    statement = documents.now.statement
    hours = ["730"] if statement["basis"] == "estimated" else []
    days = [f"{datetime.fromisoformat(statement['period'][name]):%Y-%m-%d}" for name in ("start", "end")]
    if page.kind == "account":
        return [Facts((*hours, *days))]
    parts = {name: documents.now.total(name) for name in ("direct", "pooled", "idle", "unallocated")}
    reported = [word for name, amount in parts.items() for word in (name, exactly(amount))]
    charged = documents.now.total("charged")
    left = exactly(charged - sum(parts.values(), NOBODY))
    versions = [
        word for name, value in statement["versions"].items() for word in (name.replace("_", " "), str(value))
    ]
    return [Facts((exactly(charged), *reported, left)), Facts((*hours, *days, *versions))]


def elsewhere(_: Documents, __: str) -> list[Facts]:
    return [Facts(("costack recover --search", "costack decommission"))]


def fees_to_margin(documents: Documents, _: str) -> Bars:
    now = documents.now
    left = now.fees
    rows = [("fees", NOBODY, left)]
    for name in ("direct", "pooled", "idle", "unallocated"):
        rows.append((name, left, left - now.total(name)))
        left -= now.total(name)
    return Facts((cents(left),)), [*rows, ("margin", NOBODY, left)]


def unit_costs(documents: Documents, _: str) -> Bars:
    months = [month for month in (*documents.past, documents.now)[-3:] if month.tenants]
    reported = Facts((months[0].month, months[-1].month))
    rows = [(month, len(month.tenants)) for month in months]
    return reported, [(f"{each.month}: {n} tenants", NOBODY, each.total("charged") / n) for each, n in rows]


def trend(documents: Documents, client: str) -> Bars:
    months = (*documents.past, documents.now)
    fees = [added(each.of_client(client), "fee") for each in months]
    first, last = ((cents(fees[at]), months[at].month) for at in (0, -1))
    reported = Facts((str(len(months)), *first, *last))
    return reported, [(each.month, NOBODY, fee) for each, fee in zip(months, fees, strict=True)]


def wrong_drawing(drawing: Drawing, must: Bars) -> Iterator[str]:
    """Bars whose words, or whose length beside the others', are not those of their amounts."""
    reported, rows = must
    if not says(drawing.reported, reported):
        yield f"says '{drawing.reported}', not {reported.said}"
    if drawing.labels != [label for label, _, _ in rows]:
        yield f"draws {drawing.labels}, not {[label for label, _, _ in rows]}"
        return
    edges = [NOBODY, *(edge for _, *ends in rows for edge in ends)]
    low, high = min(edges), max(edges)
    left = min(left for left, _ in drawing.bars)
    room = max(left + length for left, length in drawing.bars) - left
    for (label, start, end), shown, (begins, length) in zip(rows, drawing.values, drawing.bars, strict=True):
        if not is_rounded(shown, end - start):
            yield f"'{label}' is {shown}, not {float(end - start)}"
        places = [left + float((edge - low) / (high - low or 1)) * room for edge in sorted((start, end))]
        if abs(begins - places[0]) > _PIXELS or abs(begins + length - places[1]) > _PIXELS:
            yield f"'{label}' is drawn from {begins}, {length} long, not {places[0]:.1f} to {places[1]:.1f}"
    if abs(drawing.axis - left - float(-low / (high - low or 1)) * room) > _PIXELS:
        yield f"has its axis at {drawing.axis}, which is not 0"


def tag_coverage(documents: Documents, _: str) -> list[Facts]:
    for gate in documents.gates or ():
        if gate["gate"].startswith("tag coverage"):
            return [Facts((gate["gate"], gate["found"], gate["limit"]))]
    return [Facts()]


def users(documents: Documents, _: str) -> list[Facts]:
    counts = list(counted(documents))
    unknown = [name for name, _, last, _ in counts if last is None]
    more = (f"{len(unknown) - MOST_NAMED}",) if len(unknown) > MOST_NAMED else ()
    known = f"{len(counts) - len(unknown)}"
    return [Facts((known, f"{len(counts)}", *unknown[:MOST_NAMED], *more))]


def without_price(documents: Documents, _: str) -> list[Facts]:
    names = ("fact", "quantity", "service", "item", "reason")
    return [Facts(tuple(each[name] for name in names)) for each in documents.now.statement["unpriced"]]


def not_booked(documents: Documents, _: str) -> list[Facts]:
    return [] if documents.gates is not None else [Facts()]


def _fixed_answer(page: Printed, documents: Documents) -> Facts:
    now = documents.now
    count = len(to_take(documents))
    dumped = [
        name
        for name, plan in documents.plans.items()
        if any(fact["kind"] == "logical-backup" for fact in plan["facts"])
    ]
    untried = sum(last_try(documents, name) is None for name in dumped)
    idle, nobodys = (Settled(now.total(name)) for name in ("idle", "unallocated"))
    left = Settled(now.fees - now.total("charged") + idle.exact + nobodys.exact, 3 * CENT)
    return {
        "engineering": Facts((str(count), str(untried))),
        "finance": Facts((left, idle, nobodys)),
        "quarterly": Facts(("quarterly.sign-off.yaml", "--sign-off")),
    }[page.kind]


def _of_index(page: Printed, documents: Documents) -> Iterator[str]:
    now, before = documents.now, documents.before
    allocated = Settled(now.total("direct") + now.total("pooled"))
    unpriced = now.statement["unpriced"]
    lacking: list[str] = []
    if unpriced:
        resources = [*documents.plan["platform"]]
        owners = documents.plan["tenants"]
        seconds = [*documents.plan.get("second_regions", ()), *(each.get("second_region") for each in owners)]
        resources += [fact for place in (*owners, *filter(None, seconds)) for fact in place["facts"]]
        concerned = {each["fact"] for each in unpriced}
        lacking = [str(len(unpriced)), str(len(concerned)), f"{len(resources):,}"]
    left = [Settled(now.total(name)) for name in ("idle", "unallocated")]
    where = Facts((allocated, f"{len(now.tenants):,}", *left, *lacking))
    if not says(page.answer[1], where):
        yield f"answers '{page.answer[1]}', not {where.said}"
    if before is None:
        return
    sums = by_reason(cause for found in of_tenants(documents).values() for cause in found)
    sums |= {name: now.total(name) - before.total(name) for name in ("idle", "unallocated")}
    charged = [month.total("charged") for month in (before, now)]
    step, _, reported = page.answer[0].removesuffix(".").partition(": ")
    yield from _wrong_step(step, charged[0], charged[1], documents)
    if not is_why(reported, Reasons(sums, now.currency), of_many(now.tenants, before.tenants)):
        yield f"says why with '{reported}'"


def _of_account(page: Printed, documents: Documents) -> Iterator[str]:
    client, before = page.client, documents.before
    first, *rest = page.answer
    if before is None:
        if not says(first, Facts()):
            yield f"answers '{first}'"
    else:
        step, _, reported = first.removesuffix(".").partition(": ")
        fees = [added(each.of_client(client), "fee") for each in documents.compared]
        yield from _wrong_step(step, fees[0], fees[1], documents)
        if not says(reported or "nothing", must := _happened(documents, client)):
            yield f"says of its tenants '{reported}', not {must.said}"
    if client in documents.open_book:
        yield from _wrong_cost(rest.pop(), client, documents)
    if not all_say(rest, covered := _covered(documents, client)):
        yield f"says of what the fee covers {rest}, not {covered}"


def _wrong_cost(sentence: str, client: str, documents: Documents) -> Iterator[str]:
    """What is wrong with the sentence of an open book: the cost, how it changed, and why."""
    costs = [added(each.of_client(client), "total") for each in documents.compared]
    currency = documents.now.currency
    said, _, reported = sentence.removesuffix(".").partition(". Reasons: ")
    cost, comma, step = said.partition(f" {currency}, ")
    if not says(cost.removesuffix(f" {currency}"), Facts((Settled(costs[-1]),))):
        yield f"says '{cost}', not {cents(costs[-1])}"
    if documents.before is None:
        return
    if not comma:
        yield f"says nothing of {documents.before.month} in '{sentence}'"
    yield from _wrong_step(step, costs[0], costs[1], documents)
    sums = {CHANGES[reason]: amount for reason, amount in changes(documents, client).items()}
    own = [month.of_client(client) for month in documents.compared]
    if not is_why(reported, Reasons(sums, currency), of_many(*own)):
        yield f"says why with '{reported}', which is { ({name: float(part) for name, part in sums.items()}) }"


def _happened(documents: Documents, client: str) -> Facts:
    old, new = own_tenants(documents, client)
    found = [
        (name, *said)
        for name in sorted(old.keys() | new.keys())
        if (said := happened(old.get(name), new.get(name), documents))
    ]
    more = [str(len(found) - 3)] if len(found) > 3 else []
    return Facts((*(fact for each in found[:3] for fact in each), *more))


def _covered(documents: Documents, client: str) -> list[Facts]:
    """What was above the fair use of the fee, or that nothing was; no sentence where there is none."""
    own = [line["tenant"] for line in documents.now.of_client(client)]
    found = [each for name in own for each in standings(documents) if each.tenant["tenant"] == name]
    above = [
        (each.measure.removesuffix("_gib"), each.tenant["tenant"])
        for each in found
        if each.used > each.covered
    ]
    more = [str(len(above) - 3)] if len(above) > 3 else []
    said = Facts((*(word for each in above[:3] for word in each), *more))
    return [said] if found else []


def _wrong_step(words: str, was: Fraction, costs: Fraction, documents: Documents) -> Iterator[str]:
    """Whether *words* are how much more it is, to less than a cent, in percent, and since when."""
    month = documents.compared[0].month
    if says(words, Facts((month,))) and abs(costs - was) < 2 * CENT:
        return
    read = _STEP.match(words)
    sign = 1 if costs > was else -1
    right = (
        read is not None
        and not re.search("[0-9]", words[read.end() :])
        and is_rounded(read[1], abs(costs - was), near=2 * CENT)
        and (read[2], read[4], read[5]) == (documents.now.currency, "more" if sign > 0 else "less", month)
        and _is_part(read[3], abs(costs - was), abs(was))
    )
    if not right:
        yield f"says it is {words}, and it went from {cents(was)} to {cents(costs)}"


def _is_part(shown: str | None, step: Fraction, was: Fraction) -> bool:
    if shown is None:
        return was < CENT
    must = Percent(step, was)
    return abs(Fraction(shown) - 100 * must.part / must.whole) <= Fraction(1, 20) + 100 * CENT / was
