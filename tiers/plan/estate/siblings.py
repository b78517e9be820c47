"""What two portfolios of a project must not share: names, host names, namespaces, nodes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import Path
from typing import Final, NamedTuple

from tiers.errors import CatalogError
from tiers.facts.compute import Namespace
from tiers.files import read_bytes
from tiers.naming import physical_name
from tiers.plan.cells.faults import cells_faults
from tiers.plan.estate.names import LIMITS, Made, names_of, too_long
from tiers.plan.namespaces.shared import shared_quota_faults
from tiers.plan.plan import Plan
from tiers.portfolio.cells.assignment import load_assignment
from tiers.portfolio.folders import file_of
from tiers.portfolio.host_names import others_domains, parents, shared_names
from tiers.portfolio.platform import Platform
from tiers.portfolio.tenant import Portfolio
from tiers.strict_yaml import MAX_FILE_BYTES, Location, collect, sentence, sentences

_PLATFORM: Final = "platform.yaml"
_NAMED: Final = 3
_COUNTED_IN: Final = re.compile(r"^\s*counted_in:", re.MULTILINE)
_ACCOUNT_OF_ROLE: Final = re.compile(r"arn:[a-z-]+:iam::(\d{12}):")


class PlannedPortfolio(NamedTuple):
    """A portfolio that is valid by itself: its folder, its files, and the plan that they make."""

    folder: Path
    portfolio: Portfolio
    plan: Plan

    def file_of(self, tenant: str | None) -> Path:
        """The file of one tenant, or of the platform."""
        if tenant is None:
            return self.folder / _PLATFORM
        return file_of(self.folder, tenant)


def sibling_folders(folder: Path) -> list[Path]:
    """The folders of other portfolios beside *folder*."""
    own = Path(os.path.normpath(folder.absolute()))
    return sorted(
        path.parent for path in own.parent.glob(f"*/{_PLATFORM}") if path.parent != own and path.is_file()
    )


def faults_within(one: PlannedPortfolio) -> tuple[str, ...]:
    """What is wrong with one portfolio: names, those that AWS would refuse among them, quotas and cells."""
    return (
        *_folder_faults(one),
        *_uncounted(one),
        *_long_names(one),
        *_own_names_twice(one),
        *_cells_faults(one),
        *sentences(
            one.file_of(None),
            shared_quota_faults(one.portfolio.platform, [each.facts for each in one.plan.tenants]),
        ),
    )


def _cells_faults(one: PlannedPortfolio) -> Iterator[str]:
    unreadable: list[str] = []
    assignment = collect(unreadable, lambda: load_assignment(one.folder))
    yield from unreadable or cells_faults(one.folder, one.portfolio, one.plan, assignment)


def faults_between(portfolios: Sequence[PlannedPortfolio]) -> tuple[str, ...]:
    """A sentence for everything that two of *portfolios* must not share; it names both files.

    One whose folder has another name is not compared: it is refused by itself, and its names will change.
    """
    sound = [each for each in portfolios if not list(_folder_faults(each))]
    return tuple(fault for one, other in combinations(sound, 2) for fault in _shared(one, other))


def _folder_faults(one: PlannedPortfolio) -> Iterator[str]:
    name, folder = one.plan.portfolio, os.path.normpath(one.folder.absolute())
    if (called := Path(folder).name) != name:
        fault = (
            f"'{name}' is not the name of the folder, '{called}'; a copied portfolio needs a name of its own "
            f"(portfolio: {called}), host names of its own and a cluster of its own; one that is deployed as "
            f"'{name}' stays in a folder of that name"
        )
        yield sentence(one.file_of(None), (("portfolio",), fault))


def _uncounted(one: PlannedPortfolio) -> Iterator[str]:
    """A cluster that nobody counts: the portfolio that should is not there, or does not say so itself."""
    elsewhere = one.portfolio.platform.cluster.counted_in
    if elsewhere is None:
        return
    beside = {folder.name: folder / _PLATFORM for folder in sibling_folders(one.folder)}
    where = ("cluster", "counted_in")
    if elsewhere not in beside:
        known = ", ".join(sorted(beside)) or "none"
        fault = f"there is no portfolio '{elsewhere}' beside this one to count the nodes; there are {known}"
        yield sentence(one.file_of(None), (where, fault))
    elif _COUNTED_IN.search(_as_text(beside[elsewhere])):
        fault = f"{beside[elsewhere]} does not count the nodes either; let it count them, or this one"
        yield sentence(one.file_of(None), (where, fault))


def _as_text(path: Path) -> str:
    """The text of another portfolio's file, which need not be valid; empty when it may not be read."""
    try:
        return read_bytes(path, MAX_FILE_BYTES, within=path.parent).decode(errors="replace")
    except CatalogError:
        return ""


def _long_names(one: PlannedPortfolio) -> Iterator[str]:
    """The longest name of each tenant only: a shorter tenant's name mends them all."""
    worst: dict[str | None, Made] = {}
    for made in too_long(one.plan):
        known = worst.get(made.tenant)
        if known is None or _excess(made) > _excess(known):
            worst[made.tenant] = made
    for tenant, made in worst.items():
        room = "; Pulumi adds a dash and seven digits" if made.random else ""
        fault = (
            f"its {made.kind} would be called '{made.name}', {made.length} characters{room}; AWS allows "
            f"{LIMITS[made.kind]}, so take a name that is {_excess(made)} shorter"
        )
        yield sentence(one.file_of(tenant), (_named_by(tenant), fault))


def _excess(made: Made) -> int:
    return made.length - LIMITS[made.kind]


def _own_names_twice(one: PlannedPortfolio) -> Iterator[str]:
    first: dict[tuple[str, str, str], Made] = {}
    for made in _unique_names(one.plan):
        known = first.setdefault(_key(made), made)
        if known.fact != made.fact:
            fault = f"its {made.kind} '{made.name}' is also that of {known.fact}; choose another name"
            yield sentence(one.file_of(made.tenant), (_named_by(made.tenant), fault))


def _shared(one: PlannedPortfolio, other: PlannedPortfolio) -> Iterator[str]:
    """What *other* shares with *one*, as faults of *other*."""
    yield from _host_names(one, other)
    accounts = {_account(each.portfolio.platform) for each in (one, other)}
    if None in accounts or len(accounts) == 1:
        yield from _physical_names(one, other)
        yield from _clusters(one, other)


def _account(platform: Platform) -> str | None:
    """The AWS account of a portfolio: as it says, or as the role of its nodes says; None if it is unknown."""
    if platform.account or not platform.cluster.node_role_arn:
        return platform.account
    found = _ACCOUNT_OF_ROLE.match(platform.cluster.node_role_arn)
    return found[1] if found else None


def _host_names(one: PlannedPortfolio, other: PlannedPortfolio) -> Iterator[str]:
    mine, theirs = ({tenant.tenant: tenant for tenant in each.portfolio.tenants} for each in (other, one))
    lower = (below for _, below in parents(theirs, mine))
    upper = (above for above, _ in parents(mine, theirs))
    for tenant_id, fault in (*upper, *lower):
        yield sentence(other.file_of(tenant_id), fault)
    for each, tenants, says in ((other, mine, one), (one, theirs, other)):
        for tenant_id, (where, said) in others_domains(tenants, says.portfolio.platform):
            yield sentence(each.file_of(tenant_id), (where, f"{said} in {says.file_of(None)}"))
    files = [
        {each.file_of(name): found for name, found in of.items()}
        for each, of in ((other, mine), (one, theirs))
    ]
    yield from (sentence(file, fault) for file, fault in shared_names(*files))


def _physical_names(one: PlannedPortfolio, other: PlannedPortfolio) -> Iterator[str]:
    """One sentence for each pair of files; all names of a pair collide for the same reason."""
    known = {_key(made): made for made in _unique_names(one.plan)}
    said: set[tuple[str | None, str | None]] = set()
    bases = {_base(one.plan, owner): owner for owner in _owners(one.plan)}
    for owner in _owners(other.plan):
        base = _base(other.plan, owner)
        if base in bases:
            said.add((bases[base], owner))
            fault = (
                f"its names in AWS would begin with '{base}-', such as '{base}-postgresql', as those of "
                f"{one.file_of(bases[base])}; choose another name for the one that is not deployed yet, or "
                "write the account of each into its platform.yaml if these are two (account)"
            )
            yield sentence(other.file_of(owner), (_named_by(owner), fault))
    for made in _unique_names(other.plan):
        first = known.get(_key(made))
        if first is None or (first.tenant, made.tenant) in said:
            continue
        said.add((first.tenant, made.tenant))
        fault = (
            f"its {made.kind} would be called '{made.name}', as that of {one.file_of(first.tenant)}; "
            "choose another name for the one that is not deployed yet"
        )
        yield sentence(other.file_of(made.tenant), (_named_by(made.tenant), fault))


def _owners(plan: Plan) -> Iterator[str | None]:
    """The platform, as None, and every tenant."""
    yield None
    yield from (each.tenant for each in plan.tenants)


def _base(plan: Plan, owner: str | None) -> str:
    """What all physical names of a tenant or platform begin with."""
    return physical_name(plan.portfolio, *([owner] if owner else []))


def _named_by(owner: str | None) -> Location:
    return ("portfolio",) if owner is None else ("tenant",)


def _clusters(one: PlannedPortfolio, other: PlannedPortfolio) -> Iterator[str]:
    """Two portfolios that adopt one cluster."""
    ours, theirs = one.portfolio.platform, other.portfolio.platform
    same = (ours.cluster.name, ours.region) == (theirs.cluster.name, theirs.region)
    if not same or ours.cluster.created or theirs.cluster.created:
        return
    first, cluster = one.file_of(None), theirs.cluster.name
    known = {fact.namespace for fact in one.plan.all_facts() if isinstance(fact, Namespace)}
    shared = sorted(
        {fact.namespace for fact in other.plan.all_facts() if isinstance(fact, Namespace)} & known
    )
    if shared:
        more = f" and {len(shared) - _NAMED} more" if len(shared) > _NAMED else ""
        fault = (
            f"'{cluster}' is also the cluster of {first}, and both would own its namespaces "
            f"{', '.join(shared[:_NAMED])}{more}: one would take them from the other; adopt another cluster, "
            "or write the account of each into its platform.yaml if these are two (account)"
        )
        yield sentence(other.file_of(None), (("cluster", "name"), fault))
    if not ours.cluster.counted_in and not theirs.cluster.counted_in:
        fault = (
            f"the nodes of cluster '{cluster}' are counted in {first} too, so their cost would be charged "
            f"twice; in one of both write counted_in: {ours.portfolio} (or {theirs.portfolio}) instead of "
            "node_groups"
        )
        yield sentence(other.file_of(None), (("cluster", "node_groups"), fault))


def _unique_names(plan: Plan) -> Iterator[Made]:
    return (made for made in names_of(plan) if not made.random)


def _key(made: Made) -> tuple[str, str, str]:
    return made.kind, made.name, made.where
