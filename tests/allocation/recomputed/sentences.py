"""Which names and figures headlines, answers, drawings and lists must say, made again from the documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from fractions import Fraction
from itertools import pairwise

from tests.allocation.recomputed.causes import by_reason, of_fees, of_tenants
from tests.allocation.recomputed.cells import CENT, Facts, Percent, Reasons, Settled, is_rounded, is_why, says
from tests.allocation.recomputed.decisions import counted, standings
from tests.allocation.recomputed.documents import NOBODY, Documents, added, cents, exactly, of_many
from tests.allocation.recomputed.other_tables import (
    CHANGES,
    changes,
    happened,
    last_try,
    own_tenants,
    rehearsals,
)
from tests.allocation.recomputed.paper import Printed
from tests.allocation.recomputed.register import to_take

MOST_NAMED = 10
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
    if not all_say(page.answer, must := _fixed_answers(page, documents)):
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


def hours_unknown(documents: Documents, _: str) -> list[Facts]:
    """A bill without hours of people says so."""
    there = any(item["service"] == "Labour" for item in documents.now.items)
    return [] if there or documents.now.statement["basis"] != "billed" else [Facts(("--labour",))]


def not_booked(documents: Documents, _: str) -> list[Facts]:
    return [] if documents.gates is not None else [Facts()]


def _fixed_answers(page: Printed, documents: Documents) -> list[Facts]:
    return {
        "engineering": [*_most_idle(documents), _due(documents), _untried(documents)],
        "finance": [_left(documents), *_why_fees(documents), _ready(documents)],
        "quarterly": [
            _due(documents), *_ruled(documents, 3), *_unproven(documents), _signing(documents),
        ],
    }[page.kind]  # fmt: skip


def _ruled(documents: Documents, months: int) -> list[Facts]:
    """Each other rulebook of the newest months."""
    found = []
    for before, now in pairwise((*documents.past, documents.now)[-months:]):
        books = [str(month.statement["versions"].get("rulebook", "")) for month in (before, now)]
        same_basis = before.statement["basis"] == now.statement["basis"]
        if all(books) and books[0] != books[1] and same_basis:
            found.append(Facts((books[1], now.month, books[0])))
    return found


def _signing(documents: Documents) -> Facts:
    """Where the sign-off lies, and where it is to be kept."""
    return Facts(("quarterly.sign-off.yaml", f"reviews/{documents.now.month}.sign-off.yaml", "--sign-off"))


def _due(documents: Documents) -> Facts:
    """How many decisions, and of each kind how many, the most frequent first."""
    kinds = Counter(each.kind for each in to_take(documents))
    words = [word for kind, count in kinds.most_common() for word in (kind, *([str(count)] * (count > 1)))]
    return Facts((str(kinds.total()), *words)) if kinds else Facts()


def _untried(documents: Documents) -> Facts:
    dumped = [
        name
        for name, plan in documents.plans.items()
        if any(fact["kind"] == "logical-backup" for fact in plan["facts"])
    ]
    return Facts((str(sum(last_try(documents, name) is None for name in dumped)),))


def _most_idle(documents: Documents) -> list[Facts]:
    idle = {pool: documents.now.idle(pool) for pool in documents.now.statement["idle"]}
    if not any(part > 0 for part in idle.values()):
        return []
    most = max(idle, key=lambda name: (idle[name], name))
    tenths = round(1000 * idle[most] / documents.now.pool_costs[most])
    return [Facts((most, Settled(idle[most]), documents.now.currency, f"{tenths // 10}.{tenths % 10}"))]


def _left(documents: Documents) -> Facts:
    now = documents.now
    idle, nobodys = (Settled(now.total(name)) for name in ("idle", "unallocated"))
    return Facts(
        (Settled(now.fees - now.total("charged") + idle.exact + nobodys.exact, 3 * CENT), idle, nobodys)
    )


def _why_fees(documents: Documents) -> list[Facts]:
    if documents.before is None:
        return []
    found = {reason: amount for reason, amount in of_fees(documents).items() if amount}
    ranked = sorted(found, key=lambda reason: (-abs(found[reason]), reason))[:3]
    words = [
        word for reason in ranked for word in (reason, f"{'+' * (found[reason] > 0)}{cents(found[reason])}")
    ]
    return [Facts((*words, documents.now.currency))] if found else []


def _ready(documents: Documents) -> Facts:
    if documents.gates is None:
        return Facts()
    failing = [gate["gate"] for gate in documents.gates if not gate["passed"]]
    more = [str(len(failing) - 3)] if len(failing) > 3 else []
    return Facts((*failing[:3], *more)) if failing else Facts((str(len(documents.gates)),))


def _unproven(documents: Documents) -> list[Facts]:
    rehearsed = rehearsals(documents, "").rows
    if not rehearsed:
        return []
    names = [str(row[0]) for row in rehearsed if row[-1] != Facts(("good",))]
    more = [str(len(names) - 3)] if len(names) > 3 else []
    return [Facts((*names[:3], *more))]


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
    if not all_say(page.answer[2:], due := [_due(documents), *_ruled(documents, 2)]):
        yield f"answers '{page.answer[2:]}', not {due}"
    if before is None:
        return
    sums = by_reason(cause for found in of_tenants(documents).values() for cause in found)
    sums |= {name: now.total(name) - before.total(name) for name in ("idle", "unallocated")}
    charged = [month.total("charged") for month in (before, now)]
    step, _, reported = page.answer[0].removesuffix(".").partition(": ")
    yield from wrong_step(step, charged[0], charged[1], documents)
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
        yield from wrong_step(step, fees[0], fees[1], documents)
        if not says(reported or "nothing", must := _happened(documents, client)):
            yield f"says of its tenants '{reported}', not {must.said}"
    if client in documents.open_book:
        yield from _wrong_cost(rest.pop(), client, documents)
    known = [*_covered(documents, client), *_tested(documents, client)]
    if not all_say(rest, known):
        yield f"says of what the fee covers and of backups {rest}, not {known}"


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
    yield from wrong_step(step, costs[0], costs[1], documents)
    sums = {CHANGES[reason]: amount for reason, amount in changes(documents, client).items()}
    own = [month.of_client(client) for month in documents.compared]
    if not is_why(reported, Reasons(sums, currency), of_many(*own)):
        yield f"says why with '{reported}', which is { ({name: float(part) for name, part in sums.items()}) }"


def _tested(documents: Documents, client: str) -> list[Facts]:
    """Whose last restore test failed, and when one went well; that there was none where there is none."""
    own = [line["tenant"] for line in documents.now.of_client(client)]
    dumped = [
        name
        for name in sorted(own)
        if any(fact["kind"] == "logical-backup" for fact in documents.plans.get(name, {}).get("facts", ()))
    ]
    tried = {name: record for name in dumped if (record := last_try(documents, name)) is not None}
    failed = [name for name, record in tried.items() if record["result"] != "ok"]
    good = [record["at"][:10] for record in tried.values() if record["result"] == "ok"]
    found = [Facts((*failed[:3], *([str(len(failed) - 3)] if len(failed) > 3 else []), "FAILED"))] * bool(
        failed
    )
    if good or not dumped or failed:
        return [*found, *([Facts((max(good),))] if good else [])]
    return [Facts(("ask",))]


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


def wrong_step(
    words: str, was: Fraction, costs: Fraction, documents: Documents, month: str = ""
) -> Iterator[str]:
    """Whether *words* are how much more it is, to less than a cent, in percent, and since when."""
    since = month or documents.compared[0].month
    if says(words, Facts((since,))) and abs(costs - was) < 2 * CENT:
        return
    read = _STEP.match(words)
    sign = 1 if costs > was else -1
    right = (
        read is not None
        and not re.search("[0-9]", words[read.end() :])
        and is_rounded(read[1], abs(costs - was), near=2 * CENT)
        and (read[2], read[4], read[5]) == (documents.now.currency, "more" if sign > 0 else "less", since)
        and _is_part(read[3], abs(costs - was), abs(was))
    )
    if not right:
        yield f"says it is {words}, and it went from {cents(was)} to {cents(costs)}"


def _is_part(shown: str | None, step: Fraction, was: Fraction) -> bool:
    if shown is None:
        return was < CENT
    must = Percent(step, was)
    return abs(Fraction(shown) - 100 * must.part / must.whole) <= Fraction(1, 20) + 100 * CENT / was
