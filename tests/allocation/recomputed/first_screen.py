"""The three figures of a page's first screen, and the notes beside them, made again from the documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from functools import partial
from typing import NamedTuple

from tests.allocation.recomputed.cells import Facts, Figure, Must, Percent, holds, is_percent, says
from tests.allocation.recomputed.decisions import decisions
from tests.allocation.recomputed.documents import NOBODY, Documents, added
from tests.allocation.recomputed.drawings import months_of
from tests.allocation.recomputed.other_tables import last_try
from tests.allocation.recomputed.paper import Printed
from tests.allocation.recomputed.sentences import wrong_step

_DIGIT = Fraction(1, 10**10)
Note = Callable[[str], Iterator[str]]
"""What is wrong with a note."""


class _Expected(NamedTuple):
    label: str
    value: Must
    note: Note


def wrong_figures(page: Printed, documents: Documents) -> Iterator[str]:
    """Figures that are missing, or that are not those of the documents."""
    expected = _EXPECTED[page.kind](documents, page.client)
    labels = [label for label, _, _ in page.figures]
    if labels != [each.label for each in expected]:
        yield f"its figures are {labels}, not {[each.label for each in expected]}"
        return
    for (label, value, note), must in zip(page.figures, expected, strict=True):
        if not holds(value, must.value):
            yield f"its figure '{label}' is {value.plain}, not {must.value}"
        yield from (f"its figure '{label}' {words}" for words in must.note(note))


def dumped(documents: Documents) -> list[str]:
    """The tenants whose database is dumped."""
    return [
        name
        for name, plan in documents.plans.items()
        if any(fact["kind"] == "logical-backup" for fact in plan["facts"])
    ]


def restored(documents: Documents, names: list[str]) -> list[str]:
    """Those of *names* whose last restore test went well."""
    tried = {name: last_try(documents, name) for name in names}
    return [name for name, record in tried.items() if record is not None and record["result"] == "ok"]


def _index(documents: Documents, _: str) -> list[_Expected]:
    now, before = documents.now, documents.before
    charged = now.total("charged")
    step = _step(documents, before.total("charged"), charged) if before else _said()
    return [_Expected("bill", charged, step), _margin(documents), _idle(documents)]


def _finance(documents: Documents, _: str) -> list[_Expected]:
    now, before = documents.now, documents.before
    paying = sum(1 for line in now.tenants if Fraction(line["fee"]))
    step = _step(documents, before.fees, now.fees) if before else _said()
    bill = _Expected("bill", now.total("charged"), _said(f"{paying:,}"))
    return [_Expected("fees", now.fees, step), bill, _margin(documents)]


def _engineering(documents: Documents, _: str) -> list[_Expected]:
    found = decisions(documents)
    return [
        _idle(documents),
        _Expected("decisions due", Fraction(len(found)), _said(found[0].kind) if found else _nothing),
        _backups("backups tested", documents, dumped(documents)),
    ]


def _quarterly(documents: Documents, _: str) -> list[_Expected]:
    found = decisions(documents)
    waiting = sum(each.key not in documents.signed for each in found)
    months = [month for month in months_of(documents, 3) if month.tenants]
    costs = [month.total("charged") / len(month.tenants) for month in months]
    step = _step(documents, costs[0], costs[-1], months[0].month) if len(costs) > 1 else _said()
    average = Figure(costs[-1] if costs else NOBODY, within=_DIGIT)
    return [
        _Expected("decisions open", Fraction(waiting), _said(f"{len(found):,}")),
        _margin(documents),
        _Expected("cost of a tenant", average, step),
    ]


def _account(documents: Documents, client: str) -> list[_Expected]:
    lines, before = documents.now.of_client(client), documents.before
    fee = added(lines, "fee")
    found = [_Expected("fee", fee, _said(f"{len(lines):,}"))]
    if before is not None:
        then = added(before.of_client(client), "fee")
        note = partial(_wrong_percent, Percent(fee - then, then), before.month) if then else _nothing
        found.append(_Expected("change", fee - then, note))
    own = [name for name in dumped(documents) if name in {line["tenant"] for line in lines}]
    return [*found, *([_backups("backups tested", documents, own)] if own else [])]


_EXPECTED: dict[str, Callable[[Documents, str], list[_Expected]]] = {
    "index": _index,
    "finance": _finance,
    "engineering": _engineering,
    "quarterly": _quarterly,
    "account": _account,
}


def _margin(documents: Documents) -> _Expected:
    fees = documents.now.fees
    margin = fees - documents.now.total("charged")
    return _Expected("margin", margin, partial(_wrong_percent, Percent(margin, fees), "of the fees"))


def _idle(documents: Documents) -> _Expected:
    idle, charged = (documents.now.total(name) for name in ("idle", "charged"))
    return _Expected("idle", idle, partial(_wrong_percent, Percent(idle, charged), "of the bill"))


def _backups(label: str, documents: Documents, names: list[str]) -> _Expected:
    return _Expected(label, Fraction(len(restored(documents, names))), _said(f"{len(names):,}"))


def _said(*facts: str) -> Note:
    def wrong(note: str) -> Iterator[str]:
        if not says(note, Facts(facts)):
            yield f"has the note '{note}', not of {facts}"

    return wrong


def _nothing(note: str) -> Iterator[str]:
    if note:
        yield f"has the note '{note}'"


def _step(documents: Documents, was: Fraction, now: Fraction, month: str = "") -> Note:
    return lambda note: wrong_step(note, was, now, documents, month)


def _wrong_percent(must: Percent, words: str, note: str) -> Iterator[str]:
    shown, space, rest = note.partition(" % ")
    if not is_percent(f"{shown}{' %' if space else ''}", must) or (space and words not in rest):
        yield f"has the note '{note}', not {must}"
