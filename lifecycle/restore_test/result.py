"""The result of a restore test: one line of JSON that its pod prints, and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import Field, ValidationError

from allocation.errors import AllocationError
from lifecycle import evidence
from lifecycle.errors import LifecycleError
from tiers.vocabulary import Count, Frozen, TenantId

STEP: Final = "restore-test"
"""The step name in the evidence, and the suffix of the Job's name."""
_Bytes = Annotated[int, Field(ge=0, lt=10**15)]
"""Databases and files of a terabyte and more are more bytes than numbers of a file may be."""


class Check(Frozen):
    """One check of a backup; `differences` are the first that were found."""

    name: str
    expected: str
    found: str
    ok: bool
    differences: tuple[str, ...] = ()


class RestoreResult(Frozen):
    """The result of a restore test, or of the first stage of a restore; `backup` is empty if there was none.

    `rpo_seconds` is how old the backup was when it began: what a restore would have lost. `newest_record_at`
    is when the newest record in it was written, `newest_file_at` that of the newest file that it names; both
    are empty where Odoo does not say. Results of older versions have none of these.
    """

    tenant: TenantId
    backup: str
    taken_at: str
    started_at: str
    finished_at: str
    seconds: Count
    restore_seconds: Count
    dump_bytes: _Bytes
    database_bytes: _Bytes
    file_bytes: _Bytes
    checks: tuple[Check, ...]
    result: Literal["ok", "failed"]
    rpo_seconds: Count | None = None
    fetch_seconds: Count | None = None
    newest_record_at: str = ""
    newest_file_at: str = ""

    @property
    def passed(self) -> bool:
        """Whether the backup passed all checks."""
        return self.result == "ok"

    @property
    def faults(self) -> tuple[Check, ...]:
        """The failed checks."""
        return tuple(check for check in self.checks if not check.ok)

    def as_evidence(self) -> Mapping[str, Any]:
        """Its record in an evidence file."""
        return {"at": self.finished_at, "step": STEP, **self.model_dump(mode="json")}


def tried_restores(path: Path) -> Iterator[tuple[datetime, Mapping[str, Any]]]:
    """Every restore test in an evidence file: when it ended, in UTC, and its record.

    Raises:
        EvidenceError: When the file cannot be read, or was changed.
    """
    for record in evidence.read(path):
        if record.get("step") == STEP:
            yield datetime.fromisoformat(str(record["at"])).astimezone(UTC), record


class NotRestorableError(AllocationError):
    """A backup that failed its restore test; the result is shown and recorded all the same."""


def restore_result(log: str, tenant: str) -> RestoreResult:
    """The result of *tenant*'s restore test: the last JSON line of its pod's log.

    Raises:
        LifecycleError: When there is none, it contradicts itself, or belongs to another tenant.
    """
    lines = log.strip().splitlines()
    candidates = [line for line in lines if line.startswith("{")]
    try:
        result = RestoreResult.model_validate_json(candidates[-1] if candidates else "")
    except ValidationError:
        last = lines[-1][:300] if lines else "nothing"
        raise LifecycleError(
            f"restore test of '{tenant}': it has no result; the last line of its log is: {last}"
        ) from None
    if result.tenant != tenant:
        raise LifecycleError(f"restore test of '{tenant}': the result belongs to '{result.tenant}'")
    if result.passed is not (bool(result.checks) and not result.faults):
        raise LifecycleError(
            f"restore test of '{tenant}': the result is '{result.result}', its checks say otherwise"
        )
    return result
