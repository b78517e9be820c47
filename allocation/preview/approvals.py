"""Which approvals a change needs by the rules of `platform.yaml`, and which it has: a pure function.

A rule is a gate that a person opens: it is met by the same figures and effects, in the same sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from allocation.money import units_of
from allocation.preview.comparison import Comparison, Kind, TenantChange
from allocation.preview.gates import STOPS, Limit, first_of_each, margins_below, rises
from allocation.preview.yardstick import Word, YardstickChange
from tiers.change.effect import Effect
from tiers.portfolio.gates.approvals import ApprovalRule, Approvals, ChangeKind
from tiers.vocabulary import LifecycleStage

_ENDING: Final = LifecycleStage.DECOMMISSIONING


@dataclass(frozen=True)
class Seen:
    """What there is to know of a change.

    Attributes:
        comparison: Each side by its own prices, fees and rules.
        effects: What the change does.
        measured: Both sides by the base's prices, fees and rules; None where these are the same.
        moved: What it changes of the prices, fees, rules and limits that it is measured by.
    """

    comparison: Comparison
    effects: tuple[Effect, ...] = ()
    measured: Comparison | None = None
    moved: tuple[YardstickChange, ...] = ()


@dataclass(frozen=True)
class Given:
    """The approvals that the repository's host knows of: each by one person."""

    approved_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Approval:
    """The approvals that one rule needs.

    Attributes:
        number: The place of the rule in its table, from 1.
        reasons: A sentence for each thing that the change does and the rule names.
        people: Whose approval counts.
        approved_by: Who of them has approved; None where nobody was asked yet.
    """

    rule: ApprovalRule
    number: int
    reasons: tuple[str, ...]
    people: tuple[str, ...]
    approved_by: tuple[str, ...] | None = None

    @property
    def missing(self) -> int:
        """How many approvals are missing."""
        return max(0, self.rule.count - len(self.approved_by or ()))

    @property
    def groups(self) -> str:
        """Whose approval counts, in words.

        >>> rule = ApprovalRule(change="data", approvers=("operations",), count=1)
        >>> Approval(rule, 1, (), ("dana", "ola")).groups
        'operations (dana, ola)'
        """
        return f"{', '.join(self.rule.approvers)} ({', '.join(self.people)})"

    @property
    def change_in_words(self) -> str:
        """The rule's place and what it asks about, such as `rule 2 (margin)`."""
        return f"rule {self.number} ({self.rule.change})"

    @property
    def state_in_words(self) -> str:
        """Who has approved, for the end of a sentence; empty where nobody was asked yet."""
        if self.approved_by is None:
            return ""
        has = ", ".join(self.approved_by) or "nobody"
        return f", approved by {has}" + (f" ({self.missing} missing)" if self.missing else "")

    @property
    def why(self) -> str:
        """The first reason, and how many more there are."""
        more = f" and {len(self.reasons) - 1} more" if len(self.reasons) > 1 else ""
        return f"{self.reasons[0]}{more}"

    @property
    def in_words(self) -> str:
        """One sentence without full stop: of whom an approval is missing, and why."""
        return (
            f"approvals: {self.change_in_words} needs {self.rule.count} of {self.groups}"
            f"{self.state_in_words}: {self.why}"
        )


def approvals_needed(table: Approvals | None, seen: Seen, given: Given | None = None) -> tuple[Approval, ...]:
    """An approval for each rule of *table* that the change meets, in the order of the table.

    Args:
        table: The rules; None where there are none.
        seen: What the change does.
        given: Who has approved; None where nobody was asked yet.
    """
    if table is None:
        return ()
    return tuple(
        Approval(rule, number, reasons, table.people(rule), _of_these(table.people(rule), given))
        for number, rule in enumerate(table.rules, 1)
        if (reasons := tuple(dict.fromkeys(_REASONS[rule.change](rule, seen))))
    )


def missing_approvals(needed: Iterable[Approval]) -> Iterator[str]:
    """A sentence for each rule that has too few approvals, of those that people were asked for."""
    return (each.in_words for each in needed if each.approved_by is not None and each.missing)


def approval_changes(then: Approvals | None, now: Approvals | None) -> Iterator[YardstickChange]:
    """What a change does to the rules *then*; rules where there were none loosen nothing."""
    if then is None or then == now:
        return
    if now is None:
        parts = ["are gone"]
    else:
        groups = [
            f"group {name} changes" if name in now.groups else f"group {name} is gone"
            for name, people in then.groups.items()
            if now.groups.get(name) != people
        ]
        rules = [
            f"rule {number} ({rule.change}) changes or is gone"
            for number, rule in enumerate(then.rules, 1)
            if rule not in now.rules
        ]
        parts = [*rules, *groups] or ["more is in them, or in another order"]
    yield YardstickChange(Word.GATES, "platform.yaml", f"approvals: {', '.join(parts)}")


def _of_these(people: Iterable[str], given: Given | None) -> tuple[str, ...] | None:
    if given is None:
        return None
    approved = {each.casefold() for each in given.approved_by}
    return tuple(person for person in people if person.casefold() in approved)


def _anything(_: ApprovalRule, seen: Seen) -> Iterator[str]:
    if not seen.comparison.empty or seen.moved:
        yield "it changes something"


def _measures(_: ApprovalRule, seen: Seen) -> Iterator[str]:
    return (f"{each.file}: {each.what}" for each in seen.moved)


def _costs(rule: ApprovalRule, seen: Seen) -> Iterator[str]:
    at = " at the base's prices" if seen.measured else ""
    return rises(seen.measured or seen.comparison, _limit(rule), at)


def _stops(rule: ApprovalRule, seen: Seen) -> Iterator[str]:
    concerned = {each.tenant for each in _concerned(rule, seen.comparison)}
    for effect in seen.effects:
        # What happens to the platform and names no tenant may happen to every one of them.
        if effect.kind in STOPS[rule.change] and (not effect.tenants or concerned & {*effect.tenants}):
            yield effect.in_words


def _limit(rule: ApprovalRule) -> Limit:
    if rule.over_per_month is not None:
        return Limit(f"{rule.over_per_month}/mo", units=units_of(rule.over_per_month))
    return Limit(f"{rule.over_percent}%", percent=rule.over_percent)


def _margins(rule: ApprovalRule, seen: Seen) -> Iterator[str]:
    concerned = {each.tenant for each in _concerned(rule, seen.comparison)}
    by_both = (seen.comparison,) if seen.measured is None else (seen.measured, seen.comparison)
    found = first_of_each(margins_below(each, rule.below_percent or Decimal()) for each in by_both)
    yield from (sentence for tenant, sentence in found.items() if tenant in concerned)


def _moves(rule: ApprovalRule, seen: Seen) -> Iterator[str]:
    """Tenants whose tier is another, or that begin to move there: data is copied long before the switch."""
    for change in _concerned(rule, seen.comparison):
        before, after = change.before, change.after
        if before is None or after is None:
            continue
        if before.tier != after.tier:
            yield f"{change.tenant}: moves from {before.tier} to {after.tier}"
        elif after.move is not None and after.move != before.move:
            yield f"{change.tenant}: its move reaches the stage {after.move.stage}"


def _ends(rule: ApprovalRule, seen: Seen) -> Iterator[str]:
    for change in _concerned(rule, seen.comparison):
        before, after = change.before, change.after
        if change.kind is Kind.GONE:
            yield f"{change.tenant}: is gone"
        elif (
            after and after.lifecycle_stage is _ENDING and not (before and before.lifecycle_stage is _ENDING)
        ):
            yield f"{change.tenant}: its decommissioning begins"


def _concerned(rule: ApprovalRule, comparison: Comparison) -> Iterator[TenantChange]:
    """The tenants of the rule's environments, as they were or as they become."""
    for change in comparison.tenants:
        was = {plan.environment for plan in (change.before, change.after) if plan is not None}
        if not rule.environments or was & {*rule.environments}:
            yield change


_REASONS: Final[Mapping[ChangeKind, Callable[[ApprovalRule, Seen], Iterator[str]]]] = {
    ChangeKind.ANY: _anything,
    ChangeKind.COST: _costs,
    ChangeKind.MARGIN: _margins,
    **dict.fromkeys((ChangeKind.RESTART, ChangeKind.DOWNTIME, ChangeKind.MAJOR, ChangeKind.DATA), _stops),
    ChangeKind.TIER: _moves,
    ChangeKind.DECOMMISSION: _ends,
    ChangeKind.YARDSTICK: _measures,
}
"""What a change does that a rule of this kind names."""
