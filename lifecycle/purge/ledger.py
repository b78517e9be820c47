"""The retention ledger: what ended tenants left, why and until when, read from the evidence of their ends.

Anybody can write a file of lines and compute its hashes anew. So a line names no day earlier than the plan
beside it keeps things, and the account decides what there is; see `lifecycle.purge.guards`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from lifecycle import evidence
from lifecycle.decommission.outcomes import REMOVE, VERIFY, is_a_step, moment_of
from lifecycle.decommission.plan import CLOCKS_DIFFER_BY, EVIDENCE_SUFFIX, DecommissionPlan, read_plan
from lifecycle.decommission.retained import Kind
from lifecycle.evidence import EvidenceError
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.vocabulary import Count, Frozen, Region, TenantId, UtcDatetime

CHECK: Final = "purge-check"
DELETE: Final = "purge-delete"
DELETED: Final = "purge-deleted"
VERIFIED: Final = "purge-verified"
STEPS: Final = (CHECK, DELETE, DELETED, VERIFIED)
"""The steps in the evidence of a purge itself, which may lie in the same folder."""


AmountText = Annotated[str, Field(pattern=r"^-?[0-9]{1,18}(\.[0-9]{1,10})?$")]
"""An amount of money a month as decimal text, which is exact."""


ResourceKey = tuple[str, str, str]
"""What finds a resource in plans and evidence: its kind, region and id."""


def key_of(inputs: Mapping[str, Any]) -> ResourceKey:
    """The key of the resource that a line of evidence is about."""
    return str(inputs.get("what")), str(inputs.get("region")), str(inputs.get("id"))


class _UnfinishedError(EvidenceError):
    """Evidence without its last step: what the tenant left is not known."""


class _LaterError(EvidenceError):
    """Evidence of an end after the day that is looked back to."""

    def __init__(self, problem: str, tenant: TenantId) -> None:
        super().__init__(problem)
        self.tenant = tenant


class LedgerLine(Frozen):
    """A retained resource, as evidence has it.

    Attributes:
        ended_by: The hash of the decommission plan that left it.
        recorded_at: When that was recorded, in UTC.
        until: The moment from which it may be deleted, in UTC.
        per_month: What it cost a month then, as decimal text; None: unknown.
    """

    tenant: TenantId
    ended_by: str
    recorded_at: UtcDatetime
    what: Kind
    id: str
    region: Region | Literal["global"]
    gib: Count | None = None
    because: str
    until: UtcDatetime
    per_month: AmountText | None = None

    @property
    def said(self) -> str:
        """It in a few words."""
        return f"{self.what} {self.id} ({self.region})"

    def named(self) -> dict[str, str]:
        """What evidence of its deletion calls it."""
        return {"what": str(self.what), "id": self.id, "region": self.region, "tenant": self.tenant}

    def point(self, name: str, gib: int | None) -> LedgerLine:
        """The line of a recovery point in this vault, unnamed by evidence: it has the vault's day."""
        told = {"what": Kind.RECOVERY_POINT, "id": name, "gib": gib, "per_month": None}
        return self.model_copy(update=told)


@dataclass(frozen=True)
class Ledger:
    """All lines of some evidence.

    Attributes:
        ended: The plans that ended the tenants, by hash.
        problems: A sentence for each file that counts for nothing, and why.
        unfinished: A sentence for each file whose end has not come to its last step, or was cut off.
        later: A sentence for each tenant whose end was after the day that is looked back to.
    """

    lines: tuple[LedgerLine, ...] = ()
    ended: Mapping[str, DecommissionPlan] = field(default_factory=dict)
    problems: tuple[str, ...] = ()
    unfinished: tuple[str, ...] = ()
    later: Mapping[TenantId, str] = field(default_factory=dict)

    @property
    def tenants(self) -> frozenset[TenantId]:
        """The tenants that ended, also after the day that is looked back to: a hold may name them."""
        return frozenset((*self.later, *(each.tenant for each in self.ended.values())))


def read_ledger(folders: Iterable[Path], now: datetime, as_of: datetime | None = None) -> Ledger:
    """The lines of all evidence in *folders*; what two files say of one resource, the later day counts.

    Where one file of a tenant cannot be read or is not finished, none of its other files counts either: what
    it says may be kept for longer than they say.

    Args:
        folders: Folders with decommission plans and the evidence beside them.
        now: The time, in UTC; what is later than that is of the future, and counts for nothing.
        as_of: The moment to look back to, in UTC: ends that were finished after it are left out. None: now.

    Raises:
        CatalogError: When a folder cannot be read.
    """
    lines: dict[tuple[str, ...], LedgerLine] = {}
    ended: dict[str, DecommissionPlan] = {}
    problems: list[str] = []
    unfinished: list[str] = []
    later: dict[TenantId, str] = {}
    unknown: set[str] = set()
    for path in _files(folders):
        try:
            found = _of_file(path, now, as_of)
        except _UnfinishedError as error:
            unfinished += error.problems
            unknown.add(_whose(path))
            continue
        except _LaterError as error:
            later[error.tenant] = str(error)
            continue
        except CatalogError as error:
            problems += error.problems
            unknown.add(_whose(path))
            continue
        if found is None:
            continue
        plan, there = found
        ended[plan.sha256] = plan
        for each in there:
            known = lines.get(key := (plan.account, plan.portfolio, each.what, each.region, each.id))
            lines[key] = each if known is None else max(known, each, key=lambda one: one.until)
    known_lines = tuple(each for each in lines.values() if each.tenant not in unknown)
    return Ledger(known_lines, ended, tuple(problems), tuple(unfinished), later)


def _files(folders: Iterable[Path]) -> list[Path]:
    found: set[Path] = set()
    for folder in folders:
        if not folder.is_dir():
            raise CatalogError(f"{folder}: is no folder; expected one with *{EVIDENCE_SUFFIX}")
        found |= evidence.files(folder, EVIDENCE_SUFFIX)
    return sorted(found)


def _of_file(
    path: Path, now: datetime, as_of: datetime | None
) -> tuple[DecommissionPlan, list[LedgerLine]] | None:
    """The plan and the lines of one file; None for the evidence of a purge."""
    written = evidence.read(path)
    if not written:
        raise _UnfinishedError(f"{path}: has no line: what was left is not known; was it cut off?")
    if all(each.get("step") in STEPS for each in written):
        return None
    for number, each in enumerate(written, start=1):
        if not is_a_step(each):
            raise EvidenceError(
                f"{path}:{number}: is no step of a decommissioning: expected step, at, inputs"
            )
        if moment_of(each) > now + CLOCKS_DIFFER_BY:
            raise EvidenceError(
                f"{path}:{number}: is of {each['at']}, which is in the future; check the clocks"
            )
    plan = _plan_beside(path, {str(each.get("plan_sha256")) for each in written})
    if as_of is not None and (last := max(map(moment_of, written))) > as_of:
        raise _LaterError(
            f"{path}: is of {last:%Y-%m-%d %H:%M} UTC, after the day that --as-of looks back to", plan.tenant
        )
    done = {str(each["step"]): each for each in written if each.get("result") == "ok"}
    if VERIFY not in done or REMOVE not in done:
        raise _UnfinishedError(
            f"{path}: the end of {plan.tenant} is not finished: what was left is not known; go on with "
            "`costack decommission --apply`"
        )
    lines = list(_lines(done[VERIFY], plan, path))
    _check_days(lines, plan, moment_of(done[REMOVE]), path)
    return plan, lines


def plan_path(path: Path) -> Path:
    """The plan whose evidence *path* is: it lies beside it."""
    return path.with_name(f"{path.name.removesuffix(EVIDENCE_SUFFIX)}.json")


def _plan_beside(path: Path, hashes: set[str]) -> DecommissionPlan:
    """The plan whose evidence it is; without it nobody knows what was the tenant's."""
    beside = plan_path(path)
    if not beside.exists():
        raise EvidenceError(f"{path}: its plan is missing; expected it in {beside}")
    plan = read_plan(beside)
    if hashes != {plan.sha256}:
        raise EvidenceError(f"{path}: is not the evidence of the plan in {beside}")
    return plan


def _whose(path: Path) -> str:
    """Whose end a file is of, whatever it says: by the plan beside it, or by the name that plans have."""
    beside = plan_path(path)
    try:
        return read_plan(beside).tenant
    except CatalogError:
        return re.sub("-[0-9a-f]{12}$", "", beside.stem)


def _lines(said: Mapping[str, Any], plan: DecommissionPlan, path: Path) -> Iterator[LedgerLine]:
    kept = said["inputs"].get("kept")
    if not isinstance(kept, list):
        raise EvidenceError(f"{path}: its last step has no list of what was kept; expected `kept`")
    who = {"tenant": plan.tenant, "ended_by": plan.sha256, "recorded_at": said["at"]}
    for each in kept:
        try:
            yield LedgerLine.model_validate({**who, **(each if isinstance(each, dict) else {})})
        except ValidationError as error:
            raise EvidenceError(f"{path}: {first_fault(error)}; expected a retained resource") from None


def _check_days(lines: Iterable[LedgerLine], plan: DecommissionPlan, ended: datetime, path: Path) -> None:
    """No line names an earlier day than the plan; a rule of the bucket deletes dumps on a day of its own."""
    earliest = ended + timedelta(days=plan.keep_days)
    for each in lines:
        if each.until < earliest and each.what is not Kind.DUMPS:
            raise EvidenceError(
                f"{path}: keeps {each.said} until {each.until:%Y-%m-%d}, and its plan keeps it for "
                f"{plan.keep_days} days, until {earliest:%Y-%m-%d}: the evidence was changed"
            )
