"""Ends a tenant, step by step: each is recorded when it is done, each can be tried again, none is skipped.

Stand still, save, hand over, unprotect, take away, look what is left. Whatever stops it, the same command
goes on where it stopped; run once more after the end it changes nothing and tells the same remains.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

from allocation.prices.price_book import PriceBook
from lifecycle import evidence
from lifecycle.decommission.final_dump import Dump
from lifecycle.decommission.guards import Seen, refusals, unplanned_deletions
from lifecycle.decommission.plan import EndingPlan
from lifecycle.decommission.retained import Holding, Remains, remains_of
from lifecycle.errors import HandOverError, LifecycleError, RefusedError, StillBillingError
from lifecycle.stack_resources import Preview
from tiers.facts.names import FINAL_BACKUP
from tiers.plan.plan import TenantPlan

GUARD: Final = "guard"
STAND_STILL: Final = "stand-still"
SAVE: Final = "save"
HAND_OVER: Final = "hand-over"
UNPROTECT: Final = "unprotect"
TAKE_AWAY: Final = "take-away"
DELETE_COPIES: Final = "delete-copies"
REMAINS: Final = "remains"
STEPS: Final = (GUARD, STAND_STILL, SAVE, HAND_OVER, UNPROTECT, TAKE_AWAY, DELETE_COPIES, REMAINS)


class Hands(Protocol):
    """What touches the world: files of the portfolio, Pulumi, AWS, the clock."""

    def now(self) -> datetime:
        """The time, in UTC."""

    def account(self) -> str:
        """Of the credentials in use."""

    def deployed(self) -> TenantPlan | None:
        """The tenant as the stack's inventory has it; None when it is gone."""

    def urns(self) -> frozenset[str]:
        """The tenant's resources in the state."""

    def write(self, name: str, value: str) -> bool:
        """Put a field into the tenant's file; whether that changed it."""

    def remove_file(self) -> bool:
        """Take the tenant's file out of the portfolio; whether it was there."""

    def preview(self) -> Preview:
        """What an update would take away."""

    def up(self) -> None:
        """Deploy what the working tree says."""

    def last_dump(self) -> Dump | None:
        """The dump that was made when nothing wrote any longer; None while there is none."""

    def export(self, dump: Dump, name: str) -> Sequence[str]:
        """Put a dump where the client may fetch it; the keys."""

    def delete_copies(self) -> Sequence[str]:
        """Delete the copies of its files that replication left; their ids."""

    def holdings(self) -> tuple[Holding, ...]:
        """What the account holds of the tenant."""


@dataclass
class Decommission:
    """One tenant's end.

    Attributes:
        plan: What was approved.
        phrase: What was typed.
        restore_tested_at: When a restore of its backups was last tried with success.
        record: The file of evidence.
        told: Told each step as it begins.
    """

    plan: EndingPlan
    hands: Hands
    prices: PriceBook
    record: Path
    phrase: str
    stack: str
    restore_tested_at: datetime | None = None
    told: Callable[[str], None] = lambda _: None
    _done: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def run(self) -> Remains:
        """Do what is not done yet, and say what is left.

        Raises:
            RefusedError: When a guard does not allow it; nothing was changed.
            HandOverError: When a person must do something first.
            LifecycleError: When a step fails.
            StillBillingError: When something is left that nobody can explain.
        """
        self._done = dict(self._recorded())
        self._guard()
        for name, step in (
            (STAND_STILL, self._stand_still),
            (SAVE, self._save),
            (HAND_OVER, self._hand_over),
            (UNPROTECT, self._unprotect),
            (TAKE_AWAY, self._take_away),
            (DELETE_COPIES, self._delete_copies),
        ):
            if name not in self._done:
                self.told(name)
                self._keep(name, step())
        self.told(REMAINS)
        return self._remains()

    def _recorded(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        if not self.record.exists():
            return
        for line in evidence.read(self.record):
            if line.get("plan_sha256") == self.plan.sha256 and line.get("result") == "ok":
                yield str(line["step"]), line

    def _keep(self, step: str, inputs: Mapping[str, Any], result: str = "ok") -> None:
        line = {
            "at": f"{self.hands.now():%Y-%m-%dT%H:%M:%SZ}",
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

    def _guard(self) -> None:
        """Asked on every run; a plan that was begun in time may be finished after it."""
        begun = self._done.get(GUARD)
        now = _moment(begun) if begun else self.hands.now()
        seen = Seen(
            now=now,
            account=self.hands.account(),
            stack=self.stack,
            deployed=self.hands.deployed(),
            urns=self.hands.urns(),
            phrase=self.phrase,
            restore_tested_at=self.restore_tested_at,
        )
        if begun:  # its own first step changed the stage, and with it what the plan is compared with
            seen = replace(seen, restore_tested_at=seen.restore_tested_at or now)
        if found := refusals(self.plan, seen):
            raise RefusedError("\n".join(found))
        if seen.deployed is None and TAKE_AWAY not in self._done and UNPROTECT not in self._done:
            raise RefusedError(
                f"{self.plan.tenant} is not deployed, and no evidence says that this plan ended it"
            )
        if not begun:
            self._keep(GUARD, {"account": seen.account, "stack": seen.stack, "resources": len(seen.urns)})

    def _stand_still(self) -> Mapping[str, Any]:
        changed = self.hands.write("lifecycle_stage", "decommissioning")
        self.hands.up()
        return {"file_changed": changed}

    def _save(self) -> Mapping[str, Any]:
        if not self.plan.final_dump:
            return {"dump": None, "because": "its offer has no dumps"}
        dump = self.hands.last_dump()
        if dump is None:
            raise HandOverError(
                f"{self.plan.tenant} stands still, and no dump was made of it since: Job "
                f"{self.plan.tenant}-{FINAL_BACKUP} makes it. See what it says, then run the same command"
            )
        return {"dump": dump.key, "sha256": dump.sha256, "bytes": dump.size_bytes}

    def _hand_over(self) -> Mapping[str, Any]:
        dump = self.hands.last_dump() if self.plan.final_dump else None
        return {"exports": self.hands.export(dump, self.plan.id) if dump else []}

    def _unprotect(self) -> Mapping[str, Any]:
        changed = self.hands.write("protected", "false")
        self.hands.up()
        return {"file_changed": changed}

    def _take_away(self) -> Mapping[str, Any]:
        before = self.hands.urns()
        self.hands.remove_file()
        preview = self.hands.preview()
        if strangers := unplanned_deletions(self.plan, preview.deletions, preview.replacements):
            raise LifecycleError(
                f"taking {self.plan.tenant} away would take {len(strangers)} other resources with it, such "
                f"as {strangers[0]}; nothing was deleted. Run `pulumi up` for what else changed in the "
                "portfolio, then the same command"
            )
        self.hands.up()
        if left := self.hands.urns():
            raise LifecycleError(f"{len(left)} resources of {self.plan.tenant} are still in the stack")
        return {"resources": len(before)}

    def _delete_copies(self) -> Mapping[str, Any]:
        """Replication leaves the file system it filled: a copy of what is gone, beside its backups."""
        return {"file_systems": list(self.hands.delete_copies())}

    def _remains(self) -> Remains:
        ended = _moment(self._done[TAKE_AWAY])
        remains = remains_of(self.plan, self.hands.holdings(), ended, self.prices)
        if remains.leaked:
            leaks = ", ".join(f"{each.what} {each.id} ({each.region})" for each in remains.leaked)
            if REMAINS not in self._done:
                self._keep(REMAINS, {"leaked": leaks}, result="failed")
            raise StillBillingError(
                f"{len(remains.leaked)} things of {self.plan.tenant} are left that nothing explains: "
                f"{leaks}; remove them, then run the same command"
            )
        if REMAINS not in self._done:
            self._keep(REMAINS, {"kept": [each.document() for each in remains.kept]})
        return remains


def _moment(line: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(line["at"]))
