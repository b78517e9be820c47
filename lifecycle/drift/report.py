"""The drift of a stack: each difference with owner, effects and remedy, and the rules it breaks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum, unique
from typing import Final

from lifecycle.drift.changes import Change, FieldChange, Refresh
from lifecycle.drift.effects import effects_of
from lifecycle.drift.owners import Owners
from lifecycle.drift.templates import Template
from lifecycle.drift.untracked import OwnedRule, Untracked
from lifecycle.stack_resources import Target
from tiers.portfolio.gates.drift import DriftEffect, DriftSpec
from tiers.vocabulary import PLATFORM

NOBODY: Final = ""
"""The owner of what has no cost tags."""
_ANYONE: Final = ("0.0.0.0/0", "::/0")


@unique
class What(StrEnum):
    """How the account differs from the stack."""

    CHANGED = "changed"
    GONE = "gone"
    ADDED = "added"
    UNTRACKED = "untracked"


@dataclass(frozen=True)
class Difference:
    """One resource that is not as the stack has it.

    Attributes:
        owner: A tenant, `platform`, or "" where nothing names one.
        resource: Its logical name, or its name in the account where the stack does not have it.
        kind: Its type token, or a plain word.
        id: The cloud's id.
        effects: What it does, in the order of `DriftEffect`.
        remedy: What to do, in a sentence.
        tolerated: Whether `drift.tolerated` names all that it does.
        why: What is otherwise, where no field says it.
        units: What it costs a month in units of money; None where that is unknown.
    """

    owner: str
    resource: str
    kind: str
    id: str
    what: What
    effects: tuple[DriftEffect, ...]
    remedy: str
    tolerated: bool
    fields: tuple[FieldChange, ...] = ()
    why: str = ""
    region: str = ""
    units: int | None = None


@dataclass(frozen=True)
class Searched:
    """What the account has beside the stack."""

    untracked: tuple[Untracked, ...] = ()
    rules: tuple[OwnedRule, ...] = ()


@dataclass(frozen=True)
class Scope:
    """The stack that is compared, its portfolio, and what `drift` in platform.yaml says of it."""

    stack: str
    portfolio: str
    spec: DriftSpec

    def tolerates(self, effects: Iterable[DriftEffect]) -> bool:
        """Whether all of *effects* are tolerated."""
        return frozenset(effects) <= frozenset(self.spec.tolerated)


@dataclass(frozen=True)
class Drift:
    """The drift of one stack.

    Attributes:
        differences: By owner, what nobody owns last.
        compared: How many resources were compared with the account.
        files_in: Folders of Kubernetes objects that are only files; no cluster was asked.
        templates: The platform and all tenants.
        broken: A sentence for each rule that is broken.
        searched: Whether the account was searched for what the stack does not have.
    """

    stack: str
    portfolio: str
    differences: tuple[Difference, ...]
    compared: int
    templates: tuple[Template, ...]
    broken: tuple[str, ...]
    files_in: tuple[str, ...] = ()
    searched: bool = True

    @property
    def owners(self) -> tuple[str, ...]:
        """The platform, every tenant, and others that differences name."""
        known = [each.owner for each in self.templates]
        return tuple(dict.fromkeys((*known, *(each.owner for each in self.differences))))

    def count(self, owner: str, effect: DriftEffect) -> int:
        """How many differences of *owner* have *effect*."""
        return sum(each.owner == owner and effect in each.effects for each in self.differences)


def differences_of(
    refresh: Refresh, searched: Searched, owners: Owners, scope: Scope
) -> tuple[Difference, ...]:
    """Every difference, ordered by owner and resource."""
    found = (
        *(_changed(each, owners.of(each), scope) for each in refresh.changes),
        *(_added(each, scope) for each in searched.rules),
        *(_untracked(each, scope) for each in searched.untracked),
    )
    return tuple(sorted(found, key=lambda each: (each.owner == NOBODY, each.owner, each.resource, each.id)))


def broken_rules(
    differences: Iterable[Difference], templates: Iterable[Template], spec: DriftSpec
) -> tuple[str, ...]:
    """A sentence for each rule of `drift` in platform.yaml that does not hold."""
    counts: Counter[DriftEffect] = Counter()
    for each in differences:
        counts.update(() if each.tolerated else set(each.effects) - set(spec.tolerated))
    return (
        *(f"{_counted(counts[effect])} {effect}" for effect in DriftEffect if counts[effect]),
        *_too_old(templates, spec.template_age_days),
    )


def _counted(number: int) -> str:
    return "1 difference touches" if number == 1 else f"{number} differences touch"


def _too_old(templates: Iterable[Template], most: int | None) -> Iterator[str]:
    for each in templates if most is not None else ():
        if each.age_days is None:
            yield f"{each.owner}: was last deployed on an unknown day; template_age_days is {most}"
        elif each.age_days > (most or 0):
            yield f"{each.owner}: was last deployed {each.age_days} days ago; template_age_days is {most}"


def _ordered(effects: Iterable[DriftEffect]) -> tuple[DriftEffect, ...]:
    held = frozenset(effects)
    return tuple(each for each in DriftEffect if each in held)


def _changed(change: Change, owner: str, scope: Scope) -> Difference:
    effects = _ordered(effects_of(change))
    return Difference(
        owner=owner,
        resource=change.name,
        kind=change.type,
        id=change.id,
        what=What.GONE if change.gone else What.CHANGED,
        effects=effects,
        remedy=_remedy(change, owner, effects, scope.portfolio),
        tolerated=scope.tolerates(effects),
        fields=change.fields,
        why="is in the account no longer" if change.gone else "",
    )


def _remedy(change: Change, owner: str, effects: tuple[DriftEffect, ...], portfolio: str) -> str:
    holds_data = Target(urn=change.urn, type=change.type).holds_data
    if change.gone and holds_data:
        return "restore its data first: `pulumi refresh`, then `pulumi up` would make an empty one"
    if change.gone:
        return "run `pulumi refresh`, then `pulumi up`: it is made anew"
    undo = "run `pulumi refresh`, then `pulumi up`: it becomes what the files say"
    if DriftEffect.RESTART in effects:
        undo += ", with a restart, at once or in the maintenance window"
    if DriftEffect.MONEY in effects:
        name = "platform.yaml" if owner == PLATFORM else f"tenants/{owner}.yaml"
        undo += f"; to keep it, write it into portfolios/{portfolio}/{name} first"
    return undo


def _added(added: OwnedRule, scope: Scope) -> Difference:
    rule, effects = added.rule, (DriftEffect.SECURITY,)
    return Difference(
        owner=added.owner,
        resource=added.group,
        kind="security group rule",
        id=rule.id,
        what=What.ADDED,
        effects=effects,
        remedy=(
            f"revoke it: `aws ec2 revoke-security-group-ingress --group-id {rule.group} "
            f"--security-group-rule-ids {rule.id}`"
        ),
        tolerated=scope.tolerates(effects),
        why=rule.said + (", which is everyone" if rule.source in _ANYONE else ""),
    )


def _untracked(each: Untracked, scope: Scope) -> Difference:
    effects = _ordered(each.effects)
    told = f"run `costack recover --stack {scope.stack} --search`, or delete it"
    untold = "delete it, give it the cost tags of its owner, or name it in drift.expected of platform.yaml"
    return Difference(
        owner=each.owner,
        resource=each.found.names[0],
        kind=each.found.kind,
        id=each.found.names[-1],
        what=What.UNTRACKED,
        effects=effects,
        remedy=told if each.owner else untold,
        tolerated=scope.tolerates(effects),
        why=each.why,
        region=each.found.region,
        units=each.found.units,
    )
