"""Decommissions a tenant step by step: each is recorded when done and can be repeated, none is skipped.

Stop, final backup, deliver the export, unprotect, remove, delete copies, verify. After an interruption the
same command continues; after the last step it changes nothing and shows the same remaining resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from allocation.prices.price_book import PriceBook
from lifecycle import evidence
from lifecycle.decommission.approval import Approval, Approved, switched_off
from lifecycle.decommission.guards import Situation, refusals, unplanned
from lifecycle.decommission.outcomes import (
    BACK_UP,
    DELETE_COPIES,
    EMPTY,
    EXPORT,
    GUARD,
    NO_DUMPS,
    REMOVE,
    STOP,
    UNPROTECT,
    VERIFY,
    is_a_step,
    moment_of,
    outcome,
)
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, VALID_FOR, DecommissionPlan
from lifecycle.decommission.retained import (
    RemainingResources,
    RetainedResource,
    sort_remaining,
    stored_backups,
)
from lifecycle.decommission.world import World
from lifecycle.errors import LifecycleError, ManualStepError, RefusedError, StillBillingError
from tiers.facts.names import FINAL_BACKUP
from tiers.plan.plan import TenantPlan
from tiers.portfolio.restore.source import upload_prefix
from tiers.vocabulary import LifecycleStage

_CHANGING: Final = frozenset({STOP, UNPROTECT, REMOVE, DELETE_COPIES})
"""The steps that an approved plan takes only while `platform.yaml` still lets it."""


@dataclass
class Decommission:
    """The decommissioning of one tenant.

    Attributes:
        plan: The plan.
        phrase: The phrase that was typed; None where an approval stands in its place.
        record: The evidence file.
        report: Gets the stored name of each step and what it did, once it is done.
        approval: The approval of the plan, whose signature was checked.
    """

    plan: DecommissionPlan
    world: World
    prices: PriceBook
    record: Path
    phrase: str | None
    stack: str
    report: Callable[[str, str], None] = lambda *_: None
    approval: Approval | None = None
    _done: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def run(self) -> RemainingResources:
        """Do the steps that are not done yet; the remaining resources.

        Raises:
            RefusedError: When a guard does not allow it; nothing was changed.
            ManualStepError: When a person must act first.
            LifecycleError: When a step fails.
            StillBillingError: When unexplained resources remain.
        """
        self._done = dict(self._recorded())
        seen = self._guard()
        self._done = {name: line for name, line in self._done.items() if self._shown(name, seen)}
        for name, step in (
            (STOP, self._stop),
            (BACK_UP, self._back_up),
            (EXPORT, self._export),
            (UNPROTECT, self._unprotect),
            (REMOVE, self._remove),
            (DELETE_COPIES, self._delete_copies),
        ):
            if name not in self._done:
                self._refuse_if_stopped(name)
                self._keep(name, step())
            elif name == REMOVE and seen.wanted is not None:
                self.world.remove_file()  # a checkout from before its end has it, and would bring it back
        return self._verify()

    def _refuse_if_stopped(self, step: str) -> None:
        """The switch in platform.yaml also stops what was begun; the same command goes on once it is on."""
        if self.approval and step in _CHANGING and (off := switched_off(self.world.reaper())):
            raise RefusedError(f"{self.plan.tenant}: stopped before the step {step}: {off}")

    def _recorded(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not self.record.exists():
            return
        for line in evidence.read(self.record):
            if line.get("plan_sha256") == self.plan.sha256 and line.get("result") == "ok":
                if not is_a_step(line):
                    wanted = "expected step, at and inputs"
                    raise LifecycleError(f"{self.record}: a line of this plan was changed: {wanted}")
                yield str(line["step"]), line

    def _keep(self, step: str, inputs: Mapping[str, Any], result: str = "ok") -> None:
        told = outcome(step, inputs)
        line = {
            "at": f"{self.world.now():%Y-%m-%dT%H:%M:%SZ}",
            "plan": self.plan.id,
            "plan_sha256": self.plan.sha256,
            "tenant": self.plan.tenant,
            "step": step,
            "result": result,
            "outcome": told,
            "inputs": {
                name: list(each) if isinstance(each, tuple) else each for name, each in inputs.items()
            },
        }
        evidence.append(self.record, line)
        self.report(step, told)
        if result == "ok":
            self._done[step] = line

    def _guard(self) -> Situation:
        """Check on every run; a plan that was begun in time may be finished later."""
        approved = Approved(self.approval, self.world.reaper()) if self.approval else None
        deployed = self.world.deployed()
        begun = self._begun(deployed, approved)
        seen = Situation(
            derived=(derived := self.world.derived()),
            now=moment_of(begun) if begun else self.world.now(),
            account=self.world.account(),
            stack=self.stack,
            deployed=deployed,
            urns=frozenset(each.urn for each in derived.targets) if derived else self.world.urns(),
            phrase=self.phrase,
            restore_tested_at=self.world.restore_tested_at(),
            wanted=self.world.wanted(),
            released=UNPROTECT in self._done and self.world.released(),
            approved=approved,
            begun=GUARD in self._done,
            created_at=self.world.created_at(),
        )
        if found := refusals(self.plan, seen):
            raise RefusedError(*found)
        if seen.deployed is None and REMOVE not in self._done and UNPROTECT not in self._done:
            raise RefusedError(
                f"{self.plan.tenant} is not deployed, and no evidence shows that this plan removed it; name "
                "its file with --evidence, or look for what is left by the tag cost/tenant"
            )
        if not begun:
            self._keep(GUARD, self._begins(seen))
        return seen

    def _begun(self, deployed: TenantPlan | None, approved: Approved | None) -> Mapping[str, Any] | None:
        """The line of its beginning, if it was in time; of an approved plan the stack must show it, too."""
        begun, valid_for = self._done.get(GUARD), approved.valid_for if approved else VALID_FOR
        if begun is None or not self.plan.begins_in_time(moment_of(begun), valid_for):
            return None
        if moment_of(begun) > self.world.now() + CLOCKS_DIFFER_BY:  # a line brings no end forward
            return None
        shown = deployed is None or deployed.lifecycle_stage is LifecycleStage.DECOMMISSIONING
        return begun if shown or approved is None else None

    def _begins(self, seen: Situation) -> Mapping[str, Any]:
        inputs: dict[str, Any] = {
            "account": seen.account,
            "stack": seen.stack,
            "resources": len(self.plan.targets),
        }
        if self.approval:
            said = self.approval.document()
            inputs |= {name: said[name] for name in ("approved_by", "approved_at")}
        return {**inputs, "savings": self.world.savings()}

    def _shown(self, step: str, seen: Situation) -> bool:
        """Whether stack and bucket show what evidence says was done: a line in a file proves nothing."""
        if step == REMOVE:
            return not seen.urns
        if seen.removing or step in {GUARD, DELETE_COPIES, VERIFY}:
            return True
        if step == STOP:
            ending = LifecycleStage.DECOMMISSIONING  # a checkout from before its end would start it anew
            return all(
                each is not None and each.lifecycle_stage is ending for each in (seen.deployed, seen.wanted)
            )
        return step in {BACK_UP, EXPORT} and (not self.plan.final_dump or self._shows_backup(step))

    def _shows_backup(self, step: str) -> bool:
        dump = self.world.last_backup()
        if step == BACK_UP:
            if dump and self.approval:
                self.world.reread(dump)
            return dump is not None
        exports = self._done[EXPORT]["inputs"]["exports"]
        return self.plan.requested_dump or bool(dump and dump.empty) or self.world.exported(exports)

    def _deploy(self, *, removing: bool = False) -> None:
        """Deploy the working tree, when it changes nothing that the plan does not name."""
        if excess := unplanned(self.plan, self.world.preview(), removing=removing):
            raise LifecycleError(
                f"the update for {self.plan.tenant} would touch what the plan does not name ({len(excess)} "
                f"of its resources, such as {excess[0]}); nothing was deployed. Deploy the other changes of "
                "the portfolio with `pulumi up`, then run the same command again"
            )
        self.world.up()

    def _stop(self) -> Mapping[str, Any]:
        changed = self.world.write("lifecycle_stage", "decommissioning")
        if self.plan.requested_dump:
            changed = self.world.write("final_dump", "true") or changed
        self._deploy()
        return {"file_changed": changed}

    def _back_up(self) -> Mapping[str, Any]:
        if not self.plan.final_dump:
            return {"dump": None, "because": NO_DUMPS}
        dump = self.world.last_backup()
        if dump is None:
            raise ManualStepError(
                f"{self.plan.tenant} is stopped, and its final backup is missing: Job "
                f"{self.plan.tenant}-{FINAL_BACKUP} makes it. Read its log, then run the same command again"
            )
        if dump.empty:
            return {"dump": None, "because": EMPTY}
        where = {"bucket": dump.bucket, "prefix": dump.prefix, "kept_days": dump.kept_days}
        said = {"dump": dump.key, "sha256": dump.sha256, "bytes": dump.size_bytes}
        if self.approval:  # nobody looks at it before the database goes
            self.world.reread(dump)
        return {**said, **(where if dump.bucket else {}), "read": self.approval is not None}

    def _export(self) -> Mapping[str, Any]:
        if self.plan.requested_dump:
            return {"exports": [], "because": "its offer has no export; the dump stays where it was made"}
        dump = self.world.last_backup() if self.plan.final_dump else None
        return {"exports": self.world.export(dump, self.plan.id) if dump and not dump.empty else []}

    def _unprotect(self) -> Mapping[str, Any]:
        marked = self.world.mark_copies()
        changed = self.world.write("protected", "false")
        self._deploy()
        return {"file_changed": changed, "copies": list(marked)}

    def _remove(self) -> Mapping[str, Any]:
        planned, before = {each.urn for each in self.plan.targets}, self.world.urns()
        self.world.remove_file()
        self._deploy(removing=True)
        if left := self.world.urns():
            raise LifecycleError(f"the stack still has {len(left)} resources of {self.plan.tenant}")
        return {"resources": len(planned), "made_to_end_it": len(before - planned)}

    def _delete_copies(self) -> Mapping[str, Any]:
        """Replication leaves the file system it filled: a copy of removed files, besides their backups."""
        return {"file_systems": list(self.world.delete_copies())}

    def _verify(self) -> RemainingResources:
        ended, saved = (
            moment_of(self._done[REMOVE]),
            self._done.get(GUARD, {}).get("inputs", {}).get("savings"),
        )
        remains = sort_remaining(self.plan, self.world.remaining(), ended, self.prices)
        remains = replace(remains, retained=(*remains.retained, *self._stored(ended)), savings=saved)
        if remains.excess:
            if VERIFY not in self._done:
                self._keep(VERIFY, {"leaked": remains.in_excess}, result="failed")
            raise StillBillingError(
                f"{self.plan.tenant} has {len(remains.excess)} excess resources that nothing explains: "
                f"{remains.in_excess}; delete them, then run the same command again"
            )
        if VERIFY not in self._done:
            self._keep(VERIFY, {"kept": [each.document() for each in remains.retained]})
        return remains

    def _stored(self, ended: datetime) -> Iterator[RetainedResource]:
        """What lies in the platform's bucket: backups, as the evidence of the last one says, and an upload.

        Whoever begins an import and gives it up leaves the upload there, with a last backup or without.
        """
        backup, prefixes = self._done.get(BACK_UP, {}).get("inputs", {}), [upload_prefix(self.plan.tenant)]
        if backup.get("bucket"):
            prefixes.insert(0, str(backup["prefix"]))
        else:
            backup = dict(zip(("bucket", "kept_days"), self.world.shared_bucket(), strict=True))
        for prefix in prefixes:
            sizes = self.world.stored(str(backup["bucket"]), prefix)
            yield from stored_backups(self.plan, {**backup, "prefix": prefix}, sizes, ended, self.prices)
