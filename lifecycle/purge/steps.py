"""Carries a purge plan out, one resource at a time: evidence before and after each deletion.

What is gone is passed over, so the same command goes on after any interruption. Each resource is looked at
anew, with every guard, right before it is deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from lifecycle import evidence
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import Kind
from lifecycle.errors import LifecycleError, RefusedError, StillBillingError
from lifecycle.evidence import EvidenceError
from lifecycle.purge.approval import PurgeApproval, begun_lately, refusals_of_plan, too_many
from lifecycle.purge.guards import (
    Situation,
    refusals_of_key,
    refusals_of_line,
    refusals_of_part,
    refusals_of_resource,
    switched_off,
    unknown_holds,
)
from lifecycle.purge.ledger import CHECK, DELETE, DELETED, STEPS, VERIFIED, Ledger, ResourceKey, key_of
from lifecycle.purge.plan import Deletion, PurgePlan, key_days_of, most_of
from lifecycle.purge.resource import AccountResource, PurgeAccount


class PurgeWorld(Protocol):
    """The outside world: evidence, files of the portfolio, stacks, the clock."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def ledger(self) -> Ledger:
        """The ledger as it is now."""

    def purges(self) -> Iterable[Mapping[str, Any]]:
        """The evidence of every purge that lies beside the plan or in a folder of evidence.

        Raises:
            CatalogError: When some cannot be read: then nobody knows how much was deleted.
        """

    def seen(self) -> Situation:
        """The situation as it is now, platform.yaml and legal holds read anew."""


@dataclass
class Purge:
    """The carrying out of one plan.

    Attributes:
        record: The evidence file.
        phrase: The phrase that was typed; None where an approval stands in its place.
        approval: The approval of the plan, whose signature was checked.
        report: Gets what was done with each resource.
    """

    plan: PurgePlan
    world: PurgeWorld
    account: PurgeAccount
    record: Path
    phrase: str | None = None
    approval: PurgeApproval | None = None
    report: Callable[[str], None] = lambda _: None
    _begun: set[ResourceKey] = field(default_factory=set)
    _done: set[ResourceKey] = field(default_factory=set)

    def run(self) -> tuple[str, ...]:
        """Delete what is not deleted yet; a sentence for each resource that was.

        Raises:
            RefusedError: When a guard or AWS does not allow all or a part of it; the rest was done.
            LifecycleError: When AWS does not answer; the same command continues.
            StillBillingError: When something is still there afterwards.
        """
        self._recall()
        ledger = self._check()
        told: list[str] = []
        refused = list(ledger.problems)
        for each in self.plan.goes:
            try:
                told += self._one(each, ledger.ended)
            except RefusedError as error:
                refused += (f"{each.line.said}: {problem}" for problem in error.problems)
        if refused:
            raise RefusedError(*refused)
        self._verify()
        return tuple(told)

    def _recall(self) -> None:
        """What earlier runs of this plan began and did."""
        if not self.record.exists():
            return
        for line in evidence.read(self.record):
            if line.get("step") not in STEPS or not isinstance(line.get("inputs"), dict):
                raise EvidenceError(f"{self.record}: is not the evidence of a purge; name another file")
            if line.get("plan_sha256") == self.plan.sha256:
                known = {DELETE: self._begun, DELETED: self._done}.get(str(line["step"]))
                if known is not None:
                    known.add(key_of(line["inputs"]))

    def _check(self) -> Ledger:
        """Every guard of the whole plan; the ledger, in which each line of it still is."""
        seen, ledger = self.world.seen(), self.world.ledger()
        known = seen.tenants | ledger.tenants
        unnamed = list(_not_in_evidence(self.plan, ledger))
        found = [
            *refusals_of_plan(self.plan, seen, self.approval, self.phrase),
            *self._too_many({key_of(each.line.named()) for each in self.plan.goes}, seen),
            *unknown_holds(seen.holds, known),
            *unnamed,
            *(ledger.problems if unnamed else ()),
        ]
        if found:
            raise RefusedError(*found)
        who: dict[str, Any] = {"phrase": self.phrase}
        if self.approval:
            said = self.approval.document()
            who = {name: said[name] for name in ("approved_by", "approved_at")}
        by = f"approved by {self.approval.approved_by}" if self.approval else "confirmed by its phrase"
        self._keep(
            CHECK,
            f"{len(self.plan.goes)} resources in account {seen.account}; {by}",
            {"account": seen.account, "resources": len(self.plan.goes), **who},
        )
        return ledger

    def _too_many(self, goes: Collection[ResourceKey], seen: Situation) -> Iterator[str]:
        own = evidence.read(self.record) if self.record.exists() else ()
        lately = begun_lately((*self.world.purges(), *own), self.plan.portfolio, seen.now)
        if why := too_many(goes, self._begun, lately, most_of(seen.terms)):
            yield why

    def _one(self, planned: Deletion, ended: Mapping[str, DecommissionPlan]) -> Iterator[str]:
        line, key = planned.line, key_of(planned.line.named())
        there = self.account.again(line, planned.there)
        if there is None or there.ends:
            if key not in self._done:
                was = "it was gone after an interruption" if key in self._begun else "it was gone already"
                yield self._keep(DELETED, f"{line.said}: {was}", line.named())
            return
        seen = self.world.seen()
        found = [
            *self._refusals(planned, there, ended[line.ended_by], seen),
            *self._too_many({key}, seen),  # another purge may have begun since
        ]
        if found:
            raise RefusedError(*found)
        self._keep(DELETE, f"{line.said}: will be deleted", {**line.named(), **_state(there)})
        try:
            did = self.account.delete(there, days=key_days_of(seen.terms))
        except LifecycleError as error:  # this one stays; what can go without it goes
            raise RefusedError(*error.problems) from None
        yield self._keep(DELETED, f"{line.said}: {did}", line.named())

    def _refusals(
        self, planned: Deletion, there: AccountResource, ended: DecommissionPlan, seen: Situation
    ) -> Iterator[str]:
        if off := switched_off(seen.terms):
            yield off
        yield from refusals_of_line(planned.line, ended, seen)
        yield from refusals_of_resource(planned.line, there, ended)
        if (there.handle, there.created_at) != (planned.there.handle, planned.there.created_at):
            yield "the account has another one of that name than the plan says; make a new plan"
        if there.contents > planned.there.contents:
            yield f"it holds {there.contents} objects, and the plan says {planned.there.contents}"
        yield from refusals_of_part(there, ())
        if there.what is Kind.VAULT and there.contents:
            yield f"it still holds {there.contents} recovery points: AWS may take a while; run this again"
        if there.what is Kind.KEY:
            yield from refusals_of_key(there, self.account.key_users(there))

    def _verify(self) -> None:
        """Look at everything once more."""
        looked = [(each.line, self.account.again(each.line, each.there)) for each in self.plan.goes]
        left = [line.said for line, there in looked if there is not None and not there.ends]
        if left:
            raise StillBillingError(
                f"{len(left)} resources are still there, such as {left[0]}: AWS may take a while; run the "
                "same command again"
            )
        self._keep(VERIFIED, "nothing of the plan is left", {"resources": len(self.plan.goes)})

    def _keep(self, step: str, told: str, inputs: Mapping[str, Any]) -> str:
        line = {
            "at": f"{self.world.now():%Y-%m-%dT%H:%M:%SZ}",
            "plan": self.plan.id,
            "plan_sha256": self.plan.sha256,
            "step": step,
            "result": "ok",
            "outcome": told,
            "inputs": dict(inputs),
        }
        evidence.append(self.record, line)
        self.report(told)
        return told


def _not_in_evidence(plan: PurgePlan, ledger: Ledger) -> Iterator[str]:
    """A plan is a file, and files are edited: each line must still be one of the evidence."""
    whose = (plan.account, plan.portfolio)
    ends = {each.sha256 for each in ledger.ended.values() if (each.account, each.portfolio) == whose}
    known = {key_of(each.named()): each for each in ledger.lines if each.ended_by in ends}
    for each in plan.goes:
        found = known.get(key_of(each.line.named()))
        if found is None and each.there.what is Kind.RECOVERY_POINT:
            vault = known.get(key_of({**each.line.named(), "what": Kind.VAULT, "id": each.there.inside}))
            found = vault and vault.point(each.line.id, each.line.gib)
        if found != each.line:
            yield (
                f"the evidence does not have {each.line.said} as the plan says it; name the folder of its "
                "evidence with --evidence, or make a new plan"
            )


def _state(there: AccountResource) -> dict[str, Any]:
    """What was there before it was deleted."""
    said = there.model_dump(mode="json", include={"handle", "created_at", "gib", "size_bytes", "contents"})
    return {name: value for name, value in said.items() if value is not None}
