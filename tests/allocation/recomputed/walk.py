"""Walks a page: every table, drawing, list, headline and answer beside what the documents say of it.

What a page shows and nothing here answers for is a mistake: whoever adds a table says here what is in it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from tests.allocation.recomputed import (
    commitments,
    drawings,
    first_screen,
    machines,
    register,
    rightsizing,
    sentences,
    trends,
)
from tests.allocation.recomputed import firm_tables as firm
from tests.allocation.recomputed import other_tables as other
from tests.allocation.recomputed.cells import Expected, Facts, differences, is_needed, says
from tests.allocation.recomputed.documents import Documents
from tests.allocation.recomputed.paper import Printed

Key = tuple[str, str]
"""A kind of page, and what is on it."""


def _parts(name: str, documents: Documents, _: str) -> Expected:
    return firm.parts(name, documents)


def _groups(name: str, documents: Documents, _: str) -> Expected:
    return firm.groups(name, documents)


def _planned(name: str, documents: Documents, _: str) -> Expected:
    return firm.planned(name, documents)


def _to_decide(most: int, documents: Documents, _: str) -> Expected:
    return firm.to_decide(most, documents)


TABLES: Mapping[Key, Callable[[Documents, str], Expected]] = {
    ("index", "glance"): firm.glance,
    ("index", "why"): firm.why,
    ("index", "changes"): firm.changes,
    ("index", "decisions"): partial(_to_decide, 20),
    ("index", "margins"): firm.smallest_margins,
    ("index", "tenants"): firm.tenants,
    ("index", "spend"): firm.spend,
    ("engineering", "pools"): other.pools,
    ("engineering", "utilisation"): firm.utilisation_of_a_year,
    ("engineering", "decisions"): partial(_to_decide, 100),
    ("engineering", "register"): register.register,
    ("engineering", "users"): other.users,
    ("engineering", "sizes"): other.sizes,
    ("engineering", "rightsizing"): rightsizing.rightsizing,
    ("engineering", "machines"): machines.machines,
    ("engineering", "nodes"): machines.nodes,
    ("engineering", "servers"): other.servers,
    ("engineering", "volumes"): other.volumes,
    ("engineering", "off-hours"): other.off_hours,
    ("engineering", "restores"): other.restores,
    ("engineering", "rehearsals"): other.rehearsals,
    ("finance", "waterfall"): firm.waterfall,
    ("finance", "by-domain"): partial(_parts, "domain"),
    ("finance", "by-category"): partial(_parts, "category"),
    ("finance", "behaviour"): firm.behaviour,
    ("finance", "by-tier"): partial(_groups, "tier"),
    ("finance", "by-client"): partial(_groups, "client"),
    ("finance", "by-environment"): partial(_groups, "environment"),
    ("finance", "by-controls"): partial(_planned, "controls"),
    ("finance", "by-promise"): partial(_planned, "promise"),
    ("finance", "by-service"): partial(_planned, "service"),
    ("finance", "contribution"): firm.contribution,
    ("finance", "resilience"): firm.resilience,
    ("finance", "fees"): firm.fees,
    ("finance", "commitments"): commitments.commitments,
    ("finance", "commitments-by-month"): commitments.by_month,
    ("finance", "overage"): firm.overage,
    ("finance", "hours"): firm.hours,
    ("finance", "unallocated"): firm.unallocated,
    ("finance", "readiness"): firm.readiness,
    ("quarterly", "margins"): firm.margins_by_month,
    ("quarterly", "contribution"): firm.contribution,
    ("quarterly", "resilience"): firm.resilience,
    ("quarterly", "rehearsals"): other.rehearsals,
    ("quarterly", "pools"): other.pools,
    ("quarterly", "utilisation"): firm.utilisation,
    ("quarterly", "unit-cost"): firm.unit_costs,
    ("quarterly", "curve"): firm.curve,
    ("quarterly", "options"): other.other_tiers,
    ("quarterly", "followed"): register.followed,
    ("quarterly", "register"): register.register,
    ("quarterly", "trends"): trends.trends,
    ("quarterly", "signed"): firm.signed,
    ("account", "fees"): other.fees,
    ("account", "fee-parts"): other.fee_parts,
    ("account", "cost"): other.costs,
    ("account", "why"): other.why,
    ("account", "trend"): other.trend,
    ("account", "shared"): other.shared,
    ("account", "fair-use"): other.fair_use,
    ("account", "overage"): firm.overage,
    ("account", "recovery"): other.recovery,
    ("account", "rehearsals"): other.own_rehearsals,
    ("account", "options"): other.options,
}
DRAWINGS = frozenset(
    {
        ("index", "spend"),
        ("engineering", "pool-shares"),
        ("engineering", "idle"),
        ("finance", "waterfall"),
        ("quarterly", "unit-cost"),
        ("quarterly", "curve"),
        ("quarterly", "idle"),
        ("account", "trend"),
        ("account", "fees"),
    }
)
LISTS: Mapping[Key, Callable[[Documents, str], list[Facts]]] = {
    ("engineering", "Tag coverage"): sentences.tag_coverage,
    ("engineering", "Users that Odoo has"): sentences.users,
    ("engineering", "Other resources in the account"): sentences.elsewhere,
    ("finance", "Lines without a known price"): sentences.without_price,
    ("finance", "Hours of people, included and worked"): sentences.hours_unknown,
    ("finance", "Ready for chargeback"): sentences.not_booked,
}
_OWN = frozenset({"shared", "why", "trend"})
_OF_ALL = "cost of the whole pool"
"""Tables of a client with rows that others call alike, and their column that is the same to all."""
EVERYTHING = frozenset({*TABLES, *LISTS, *((kind, f"chart {name}") for kind, name in DRAWINGS)})


def agree(found: Iterable[str]) -> None:
    """Fails with every difference that was *found*, one a line."""
    lines = list(found)
    assert not lines, "\n".join(lines)


def problems(pages: Iterable[Printed], documents: Documents) -> Iterator[str]:
    """Every difference between *pages* and *documents*, each as a sentence that says where it is."""
    seen: list[tuple[str, str]] = []
    pages = list(pages)
    for page in pages:
        seen.append((page.kind, page.client))
        yield from (f"{page.where}: {words}" for words in _of_page(page, documents))
    yield from two_texts(pages)
    everybody = [(kind, "") for kind in ("index", "engineering", "finance", "quarterly")]
    clients = [("account", client) for client in documents.clients]
    if sorted(seen) != sorted([*everybody, *clients]):
        yield f"the pages are {sorted(seen)}"


def two_texts(pages: Iterable[Printed]) -> Iterator[str]:
    """Figures that two tables show differently: of the same name, and the same to the last digit."""
    found: dict[tuple[str, str, str], tuple[str, str]] = {}
    for page in pages:
        for table in page.tables:
            for row in (*table.rows, *table.foot):
                for head, cell in zip(table.heads[1:], row[1:], strict=True):
                    if cell.exact is None:
                        continue
                    own = table.name in _OWN or row in table.foot
                    whose = page.client if own and head != _OF_ALL else ""
                    here = f"table '{table.name}' of {page.where}"
                    shown = cell.shown.removeprefix("+").partition(" ")[0]
                    first, where = found.setdefault((whose, row[0].shown, cell.exact), (shown, here))
                    if first != shown and "." in cell.exact:
                        yield f"'{row[0].shown}' has {first} in {where}, and {shown} in {here}"


def met(pages: Iterable[Printed]) -> set[Key]:
    """What is on some pages."""
    return {key for page in pages for key in _keys(page)}


def _keys(page: Printed) -> list[Key]:
    tables = [table.name for table in page.tables]
    drawings = sorted({f"chart {drawing.name}" for drawing in page.drawings})
    return [(page.kind, name) for name in (*tables, *drawings, *page.sentences)]


def _of_page(page: Printed, documents: Documents) -> Iterator[str]:
    if not says(page.headline, must := sentences.headline(page, documents)):
        yield f"the headline is '{page.headline}', not {must.said}"
    yield from first_screen.wrong_figures(page, documents)
    yield from sentences.wrong_answers(page, documents)
    if not sentences.all_say(page.proof, foot := sentences.proof(page, documents)):
        yield f"at its foot it says {page.proof}, not {foot}"
    keys = _keys(page)
    for _, name in sorted({key for key in keys if key not in EVERYTHING}):
        yield f"nothing says what '{name}' must hold: add it to tests/allocation/recomputed/walk.py"
    for _, name in {key for key in keys if keys.count(key) > 1}:
        yield f"'{name}' is there twice"
    yield from _names_of_others(page, documents)
    yield from _of_tables(page, documents)
    yield from _of_drawings(page, documents)
    for (kind, title), reported in LISTS.items():
        if kind != page.kind:
            continue
        if not sentences.all_say(page.sentences.get(title, []), facts := reported(documents, page.client)):
            yield f"'{title}' says {page.sentences.get(title)}, not {facts}"


def _of_drawings(page: Printed, documents: Documents) -> Iterator[str]:
    """Its charts, those that it should have, and the tables that they say have their figures."""
    must = drawings.pictures(page, documents)
    tables = {table.name for table in page.tables}
    for drawing in page.drawings:
        if drawing.name in must:
            found = drawings.wrong_drawing(drawing, must[drawing.name])
            yield from (f"chart '{drawing.name}' {words}" for words in found)
        if drawing.table not in tables:
            yield f"chart '{drawing.name}' has its figures in '{drawing.table}', which is not there"
    if missing := must.keys() - {drawing.name for drawing in page.drawings}:
        yield f"the charts {sorted(missing)} are missing"


def _names_of_others(page: Printed, documents: Documents) -> Iterator[str]:
    """Clients and tenants that a client's page names, and that are not its own in any of the months."""
    if page.kind != "account":
        return
    lines = [line for month in (*documents.past, documents.now) for line in month.tenants]
    own = {line[name] for line in lines if line["client"] == page.client for name in ("client", "tenant")}
    others = {line[name] for line in lines for name in ("client", "tenant")} - own
    cells = [cell.plain for table in page.tables for row in (*table.rows, *table.foot) for cell in row]
    cells += [words for label, value, note in page.figures for words in (label, value.plain, note)]
    cells += [mark.words for drawing in page.drawings for mark in (*drawing.bars, *drawing.points)]
    text = "\n".join([page.headline, *page.answer, *page.proof, *cells])
    for name in sorted(others):
        if re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text):
            yield f"it names {name}, who is another's"


def _of_tables(page: Printed, documents: Documents) -> Iterator[str]:
    """Its tables, and those that it should have."""
    printed = {table.name: table for table in page.tables}
    for (kind, name), make in TABLES.items():
        if kind != page.kind:
            continue
        expected = make(documents, page.client)
        if name in printed and expected.heads:
            yield from (f"table '{name}' {words}" for words in differences(printed[name], expected))
        elif name in printed:
            yield f"table '{name}' is there, and the documents know nothing for it"
        elif is_needed(expected):
            yield f"table '{name}' is missing: the documents have {len(expected.rows)} rows for it"
