"""Imports existing resources: the owner of each, its missing cost tags, and its name in the program.

A CSV lists the existing resources; `pulumi preview --json` of a portfolio that already has the tenants lists
the planned ones. They are matched by tenant and type, so that nothing is guessed from names.
"""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tiers.errors import CatalogError
from tiers.facts.names import TENANT_STACK
from tiers.files import read_text
from tiers.vocabulary import TenantId

MAX_CSV_BYTES: Final = 20_000_000
"""The largest list of existing resources: a hundred thousand rows."""
COLUMNS: Final = ("tenant", "type", "id", "tags")
Cells = Mapping[str | None, Any]
"""A row of a CSV by its columns; under None what is beyond them."""
_MARK: Final = "\ufeff"
"""What some programs write in front of UTF-8."""
_STACK: Final = "::pulumi:pulumi:Stack::"
"""In the URN of a stack, which is what has no other parent."""
_CREATES: Final = frozenset({"create", "import"})


@dataclass(frozen=True)
class ExistingResource:
    """An existing resource; `line` is its line in the CSV."""

    line: int
    tenant: TenantId
    type: str
    id: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class PlannedParent:
    """A component that the program would create above a resource; without a parent it is below the stack."""

    urn: str
    type: str
    name: str
    parent: str


@dataclass(frozen=True)
class PlannedResource:
    """A resource that the program would create for a tenant."""

    tenant: TenantId
    type: str
    name: str
    urn: str
    parent: str
    tags: Mapping[str, str]
    new_parents: tuple[PlannedParent, ...] = ()
    """The components above it that the stack does not have yet, the outermost first."""


@dataclass(frozen=True)
class Match:
    """An existing resource and its planned one; `missing` are the cost tags it lacks or has wrong."""

    row: ExistingResource
    planned: PlannedResource

    @property
    def missing(self) -> Mapping[str, str]:
        """Key and value of each cost tag to set."""
        return {key: value for key, value in self.planned.tags.items() if self.row.tags.get(key) != value}


@dataclass(frozen=True)
class ImportPlan:
    """Every row once, matched or with the reason why not; and what the program would still create."""

    matches: tuple[Match, ...]
    unmatched: tuple[tuple[ExistingResource, str], ...]
    created: tuple[PlannedResource, ...]


def read_rows(path: Path) -> tuple[ExistingResource, ...]:
    """The rows of a CSV with the columns tenant, type, id, tags; tags are `key=value` separated by `;`.

    Raises:
        CatalogError: With every wrong row and its line.
    """
    return each_once(path, [row_of(path, line, cells) for line, cells in read_lines(path)[1]])


def read_lines(path: Path) -> tuple[tuple[str, ...], tuple[tuple[int, Cells], ...]]:
    """The names of the columns of a CSV, and its rows by the line on which each ends.

    Raises:
        CatalogError: When it is not CSV, or lacks one of `COLUMNS`.
    """
    try:
        text = read_text(path, MAX_CSV_BYTES).removeprefix(_MARK)
        with io.StringIO(text, newline="") as file:
            reader = csv.DictReader(file)
            names = tuple(reader.fieldnames or ())
            if len(names) == 1 and (other := next((each for each in ";\t" if each in names[0]), "")):
                shown = "tabs" if other == "\t" else f"'{other}'"
                raise CatalogError(f"{path}:1: columns are separated by {shown}; expected commas")
            if missing := [name for name in COLUMNS if name not in names]:
                raise CatalogError(
                    f"{path}:1: column '{missing[0]}' is missing; expected {', '.join(COLUMNS)}"
                )
            return names, tuple((reader.line_num, cells) for cells in reader)
    except csv.Error as error:
        raise CatalogError(f"{path}: is not CSV: {error}") from None


def each_once(path: Path, rows: Iterable[ExistingResource | str]) -> tuple[ExistingResource, ...]:
    """The *rows* of *path*, none of which is a sentence about a mistake, and none another's repetition.

    Raises:
        CatalogError: With every sentence, and every resource that is listed twice.
    """
    read = tuple(rows)
    problems = [row for row in read if isinstance(row, str)]
    good = [row for row in read if isinstance(row, ExistingResource)]
    seen: dict[tuple[str, str], int] = {}
    for row in good:
        first = seen.setdefault((row.type, row.id), row.line)
        if first != row.line:
            problems.append(f"{path}:{row.line}: {row.type} {row.id} is already in line {first}")
    if problems:
        raise CatalogError(*problems)
    return tuple(good)


def read_planned(document: Mapping[str, Any], source: str) -> tuple[PlannedResource, ...]:
    """The resources that a preview would create for tenants.

    Raises:
        CatalogError: When it is not a preview.
    """
    steps = steps_of(document, source)
    states = {str(step.get("urn")): step.get("newState") or {} for step in steps}
    created = [step for step in steps if step.get("op") in _CREATES]
    new = frozenset(str(step["urn"]) for step in created)
    return tuple(_planned(str(step["urn"]), states, new) for step in created if _is_a_tenants(step, states))


def steps_of(document: object, source: str) -> list[Mapping[str, Any]]:
    """The steps of a preview.

    Raises:
        CatalogError: When it is not a preview.
    """
    steps = document.get("steps") if isinstance(document, dict) else None
    if not isinstance(steps, list):
        raise CatalogError(f"{source}: expected an object with `steps`; make it with `pulumi preview --json`")
    return [step for step in steps if isinstance(step, dict)]


def match_resources(rows: Iterable[ExistingResource], planned: Sequence[PlannedResource]) -> ImportPlan:
    """Match existing and planned resources one to one; two of a kind are left to a person."""
    places: dict[tuple[str, str], list[PlannedResource]] = defaultdict(list)
    for each in planned:
        places[each.tenant, each.type].append(each)
    alike: dict[tuple[str, str], list[ExistingResource]] = defaultdict(list)
    for row in rows:
        alike[row.tenant, row.type].append(row)
    matches: list[Match] = []
    unmatched: list[tuple[ExistingResource, str]] = []
    for key, found in alike.items():
        there = places.get(key, [])
        if len(found) == len(there) == 1:
            matches.append(Match(found[0], there[0]))
        else:
            unmatched += ((row, _why(key, len(found), there)) for row in found)
    taken = {match.planned.urn for match in matches}
    return ImportPlan(
        tuple(matches), tuple(unmatched), tuple(each for each in planned if each.urn not in taken)
    )


def import_file(plan: ImportPlan) -> dict[str, Any]:
    """The input of `pulumi import --file`.

    Components that the stack does not have yet are brought along: Pulumi imports nothing below a parent that
    it does not know. Those that it has are named by their URN.
    """
    new = {each.urn: each for match in plan.matches for each in match.planned.new_parents}
    parents = {
        *new,
        *(match.planned.parent for match in plan.matches),
        *(each.parent for each in new.values()),
    }
    names = {urn: f"parent-{number}" for number, urn in enumerate(sorted(parents - {""}), 1)}
    components = [
        {
            "type": each.type,
            "name": names[urn],
            "logicalName": each.name,
            "component": True,
            **({"parent": names[each.parent]} if each.parent else {}),
        }
        for urn, each in new.items()
    ]
    resources = [
        {
            "type": match.planned.type,
            "name": match.planned.name,
            "id": match.row.id,
            **({"parent": names[match.planned.parent]} if match.planned.parent else {}),
        }
        for match in plan.matches
    ]
    return {
        "nameTable": {name: urn for urn, name in names.items() if urn not in new},
        "resources": [*components, *resources],
    }


def row_of(path: Path, line: int, each: Cells) -> ExistingResource | str:
    """The resource of a row, or a sentence about what is wrong with it."""
    values = {name: str(each.get(name) or "").strip() for name in COLUMNS}
    if None in each or any(not values[name] for name in ("tenant", "type", "id")):
        return f"{path}:{line}: expected a tenant, a type such as aws:rds/instance:Instance and an id"
    tags: dict[str, str] = {}
    for pair in filter(None, (part.strip() for part in values["tags"].split(";"))):
        key, found, value = pair.partition("=")
        if not found:
            return f"{path}:{line}: tags: '{pair}' is not key=value"
        tags[key.strip()] = value.strip()
    return ExistingResource(line, values["tenant"], values["type"], values["id"], tags)


def _is_a_tenants(step: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> bool:
    state = step.get("newState") or {}
    return bool(state.get("custom")) and _owner(state, states) is not None


def _owner(state: Mapping[str, Any], states: Mapping[str, Mapping[str, Any]]) -> str | None:
    urn = state.get("parent")
    while urn:
        above = states.get(str(urn), {})
        if above.get("type") == TENANT_STACK:
            return str(urn).rpartition("::")[2]
        urn = above.get("parent")
    return None


def _new_parents(
    urn: str, states: Mapping[str, Mapping[str, Any]], new: frozenset[str]
) -> Iterator[PlannedParent]:
    """The components above *urn* that would be created, the innermost first; the stack makes itself."""
    above = str(states.get(urn, {}).get("parent") or "")
    while above in new and _STACK not in above:
        parent = str(states[above].get("parent") or "")
        name = above.rpartition("::")[2]
        yield PlannedParent(above, str(states[above].get("type")), name, "" if _STACK in parent else parent)
        above = parent


def _planned(urn: str, states: Mapping[str, Mapping[str, Any]], new: frozenset[str]) -> PlannedResource:
    state = states[urn]
    tags = (state.get("inputs") or {}).get("tags")
    return PlannedResource(
        tenant=str(_owner(state, states)),
        type=str(state["type"]),
        name=urn.rpartition("::")[2],
        urn=urn,
        parent=str(state.get("parent") or ""),
        tags={str(key): str(value) for key, value in tags.items() if str(key).startswith("cost/")}
        if isinstance(tags, dict)
        else {},
        new_parents=tuple(_new_parents(urn, states, new))[::-1],
    )


def _why(key: tuple[str, str], found: int, there: Sequence[PlannedResource]) -> str:
    tenant, kind = key
    if not there:
        return f"the program would create no {kind} for tenant '{tenant}'"
    names = ", ".join(sorted(each.name for each in there))
    return f"{found} rows for {len(there)} planned resources ({names}): match them in the import file"


def gaps(plan: ImportPlan) -> Iterator[str]:
    """A sentence for each resource that lacks cost tags or could not be matched."""
    for match in plan.matches:
        if match.missing:
            tags = ", ".join(f"{key}={value}" for key, value in match.missing.items())
            yield f"line {match.row.line}: {match.row.id} lacks {tags}"
    for row, why in plan.unmatched:
        yield f"line {row.line}: {row.id} is not matched: {why}"
