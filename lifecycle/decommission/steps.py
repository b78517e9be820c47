"""Decommissions a tenant step by step: each is recorded when done and can be repeated, none is skipped.

Stop, final backup, deliver the export, unprotect, remove, delete copies, verify. After an interruption the
same command continues; after the last step it changes nothing and shows the same remaining resources.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from allocation.prices.price_book import PriceBook
from lifecycle import evidence
from lifecycle.decommission.final_backup import FinalBackup
from lifecycle.decommission.guards import Situation, refusals, unplanned
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import RemainingResource, RemainingResources, sort_remaining
from lifecycle.errors import LifecycleError, ManualStepError, RefusedError, StillBillingError
from lifecycle.stack_resources import Preview
from tiers.facts.names import FINAL_BACKUP
from tiers.plan.plan import TenantPlan
from tiers.vocabulary import LifecycleStage

GUARD: Final = "guard"
STOP: Final = "stand-still"
BACK_UP: Final = "save"
EXPORT: Final = "hand-over"
UNPROTECT: Final = "unprotect"
REMOVE: Final = "take-away"
DELETE_COPIES: Final = "delete-copies"
VERIFY: Final = "remains"
SHOWN: Final[Mapping[str, str]] = {
    GUARD: "check",
    STOP: "stop",
    BACK_UP: "final backup",
    EXPORT: "deliver the export",
    UNPROTECT: "unprotect",
    REMOVE: "remove",
    DELETE_COPIES: "delete copies",
    VERIFY: "verify",
}
"""What people read for each step; evidence keeps the stored names."""
STEPS: Final = (GUARD, STOP, BACK_UP, EXPORT, UNPROTECT, REMOVE, DELETE_COPIES, VERIFY)


class World(Protocol):
    """The outside world: files of the portfolio, Pulumi, AWS, the clock."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def account(self) -> str:
        """The AWS account of the credentials in use."""

    def deployed(self) -> TenantPlan | None:
        """The tenant as the stack's inventory has it; None when it is removed."""

    def urns(self) -> frozenset[str]:
        """The tenant's resources in the state."""

    def write(self, name: str, value: str) -> bool:
        """Set a field in the tenant's file; whether that changed the file."""

    def remove_file(self) -> bool:
        """Remove the tenant's file from the portfolio; whether it existed."""

    def preview(self) -> Preview:
        """What an update would delete, replace, create and change."""

    def up(self) -> None:
        """Deploy the working tree."""

    def wanted(self) -> TenantPlan | None:
        """The tenant as its file asks for it; None when it has no file."""

    def derived(self) -> DecommissionPlan | None:
        """The plan that stack and catalog give now; None when the tenant is removed."""

    def released(self) -> bool:
        """Whether the stack has deployed that the tenant may be removed."""

    def restore_tested_at(self) -> datetime | None:
        """When a restore test of its backups last succeeded; None when never."""

    def last_backup(self) -> FinalBackup | None:
        """The backup made after the tenant was stopped; None while there is none."""

    def export(self, backup: FinalBackup, name: str) -> Sequence[str]:
        """Deliver a backup to where the client can fetch it; the keys."""

    def exported(self, keys: Sequence[str]) -> bool:
        """Whether a backup was delivered under *keys*."""

    def mark_copies(self) -> Sequence[str]:
        """Write the tenant's tags on the file systems that replication fills; their ids."""

    def delete_copies(self) -> Sequence[str]:
        """Delete the file system copies that replication left; their ids."""

    def remaining(self) -> tuple[RemainingResource, ...]:
        """The resources of the tenant that remain in the account."""


@dataclass
class Decommission:
    """The decommissioning of one tenant.

    Attributes:
        plan: The approved plan.
        phrase: The phrase that was typed.
        record: The evidence file.
        report: Gets the stored name of each step as it begins.
    """

    plan: DecommissionPlan
    world: World
    prices: PriceBook
    record: Path
    phrase: str
    stack: str
    report: Callable[[str], None] = lambda _: None
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
                self.report(name)
                self._keep(name, step())
        self.report(VERIFY)
        return self._verify()

    def _recorded(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not self.record.exists():
            return
        for line in evidence.read(self.record):
            if line.get("plan_sha256") == self.plan.sha256 and line.get("result") == "ok":
                if not _is_a_step(line):
                    wanted = "expected step, at and inputs"
                    raise LifecycleError(f"{self.record}: a line of this plan was changed: {wanted}")
                yield str(line["step"]), line

    def _keep(self, step: str, inputs: Mapping[str, Any], result: str = "ok") -> None:
        line = {
            "at": f"{self.world.now():%Y-%m-%dT%H:%M:%SZ}",
            "plan": self.plan.id,
            "plan_sha256": self.plan.sha256,
            "tenant": self.plan.tenant,
            "step": step,
            "result": result,
            "inputs": {
                name: list(each) if isinstance(each, tuple) else each for name, each in inputs.items()
            },
        }
        evidence.append(self.record, line)
        if result == "ok":
            self._done[step] = line

    def _guard(self) -> Situation:
        """Check on every run; a plan that was begun in time may be finished later."""
        begun = self._done.get(GUARD)
        if begun and not self.plan.begins_in_time(_moment(begun)):
            begun = None
        seen = Situation(
            derived=(derived := self.world.derived()),
            now=_moment(begun) if begun else self.world.now(),
            account=self.world.account(),
            stack=self.stack,
            deployed=self.world.deployed(),
            urns=frozenset(each.urn for each in derived.targets) if derived else self.world.urns(),
            phrase=self.phrase,
            restore_tested_at=self.world.restore_tested_at(),
            wanted=self.world.wanted(),
            released=UNPROTECT in self._done and self.world.released(),
        )
        if found := refusals(self.plan, seen):
            raise RefusedError(*found)
        if seen.deployed is None and REMOVE not in self._done and UNPROTECT not in self._done:
            raise RefusedError(
                f"{self.plan.tenant} is not deployed, and no evidence shows that this plan removed it; name "
                "its file with --evidence, or look for what is left by the tag cost/tenant"
            )
        if not begun:
            self._keep(GUARD, {"account": seen.account, "stack": seen.stack, "resources": len(seen.urns)})
        return seen

    def _shown(self, step: str, seen: Situation) -> bool:
        """Whether stack and bucket show what evidence says was done: a line in a file proves nothing."""
        if step == REMOVE:
            return not seen.urns
        if seen.removing or step in {GUARD, DELETE_COPIES, VERIFY}:
            return True
        if step == STOP:
            stage = seen.deployed.lifecycle_stage if seen.deployed else None
            return stage is LifecycleStage.DECOMMISSIONING
        if step in {BACK_UP, EXPORT} and not self.plan.final_dump:
            return True
        if step == BACK_UP:
            return self.world.last_backup() is not None
        return step == EXPORT and self.world.exported(self._done[EXPORT]["inputs"]["exports"])

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
        self._deploy()
        return {"file_changed": changed}

    def _back_up(self) -> Mapping[str, Any]:
        if not self.plan.final_dump:
            return {"dump": None, "because": "its offer has no dumps"}
        dump = self.world.last_backup()
        if dump is None:
            raise ManualStepError(
                f"{self.plan.tenant} is stopped, and its final backup is missing: Job "
                f"{self.plan.tenant}-{FINAL_BACKUP} makes it. Read its log, then run the same command again"
            )
        return {"dump": dump.key, "sha256": dump.sha256, "bytes": dump.size_bytes}

    def _export(self) -> Mapping[str, Any]:
        dump = self.world.last_backup() if self.plan.final_dump else None
        return {"exports": self.world.export(dump, self.plan.id) if dump else []}

    def _unprotect(self) -> Mapping[str, Any]:
        marked = self.world.mark_copies()
        changed = self.world.write("protected", "false")
        self._deploy()
        return {"file_changed": changed, "copies": list(marked)}

    def _remove(self) -> Mapping[str, Any]:
        before = self.world.urns()
        self.world.remove_file()
        self._deploy(removing=True)
        if left := self.world.urns():
            raise LifecycleError(f"the stack still has {len(left)} resources of {self.plan.tenant}")
        return {"resources": len(before)}

    def _delete_copies(self) -> Mapping[str, Any]:
        """Replication leaves the file system it filled: a copy of removed files, besides their backups."""
        return {"file_systems": list(self.world.delete_copies())}

    def _verify(self) -> RemainingResources:
        ended = _moment(self._done[REMOVE])
        remains = sort_remaining(self.plan, self.world.remaining(), ended, self.prices)
        if remains.excess:
            excess = ", ".join(f"{each.what} {each.id} ({each.region})" for each in remains.excess)
            if VERIFY not in self._done:
                self._keep(VERIFY, {"leaked": excess}, result="failed")
            raise StillBillingError(
                f"{self.plan.tenant} has {len(remains.excess)} excess resources that nothing explains: "
                f"{excess}; delete them, then run the same command again"
            )
        if VERIFY not in self._done:
            self._keep(VERIFY, {"kept": [each.document() for each in remains.retained]})
        return remains


def _is_a_step(line: Mapping[str, Any]) -> bool:
    """Whether it has what every step writes; the chain of hashes can be computed anew by anybody."""
    inputs = line.get("inputs")
    try:
        known = line.get("step") in STEPS and _moment(line).tzinfo is not None
    except ValueError:
        return False
    if not known or not isinstance(inputs, dict):
        return False
    exports = inputs.get("exports", [] if line["step"] != EXPORT else None)
    return isinstance(exports, list) and all(isinstance(each, str) for each in exports)


def _moment(line: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(line["at"]))
