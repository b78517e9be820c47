"""What a recovery in a second region showed, rehearsed or real, and what was promised of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from allocation.report.figures import duration
from lifecycle.restore_test.owner import Owner
from lifecycle.restore_test.result import Check
from tiers.facts.every_fact import Rehearsal
from tiers.vocabulary import Count, Frozen, TenantId

_SECONDS_PER_MINUTE: Final = 60
Moment = Annotated[str, Field(pattern=r"^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)?$")]
"""A moment in UTC; empty where it is not known."""


class Promise(Frozen):
    """What a tenant's resilience class promises, in seconds."""

    rpo_seconds: Count
    rto_seconds: Count

    @classmethod
    def of(cls, fact: Rehearsal) -> Promise:
        """The promise that *fact* has."""
        return cls(
            rpo_seconds=fact.rpo_minutes * _SECONDS_PER_MINUTE,
            rto_seconds=fact.rto_minutes * _SECONDS_PER_MINUTE,
        )


class Recovery(Frozen):
    """What one recovery showed; a line of evidence.

    Attributes:
        version: Of this format.
        asked_at: When somebody began to wait: when the command was run.
        rto_seconds: From then to Odoo's first answer; None when it never answered.
        rpo_seconds: How old the data were when it began; None when nobody knows.
        portfolio: Its tenant's; empty where a pod says it, and in evidence of older versions, as `client`.
    """

    step: ClassVar[str]
    """What its line in the evidence is called."""

    version: Literal[1]
    tenant: TenantId
    region: str
    asked_at: Moment
    started_at: Moment
    finished_at: Moment
    rto_seconds: Count | None
    rpo_seconds: Count | None
    checks: tuple[Check, ...]
    result: Literal["ok", "failed"]
    portfolio: str = ""
    client: str = ""

    @model_validator(mode="after")
    def _says_what_its_checks_say(self) -> Self:
        if self.passed is not (bool(self.checks) and not self.faults):
            raise ValueError(f"the result is '{self.result}', its checks say otherwise")
        return self

    @property
    def owner(self) -> Owner:
        """Whose it is, as its evidence says."""
        return Owner(self.portfolio, self.client)

    @property
    def passed(self) -> bool:
        """Whether Odoo answered on whole data."""
        return self.result == "ok"

    @property
    def faults(self) -> tuple[Check, ...]:
        """The failed checks."""
        return tuple(check for check in self.checks if not check.ok)

    @property
    def ended_at(self) -> datetime:
        """When it ended, in UTC."""
        return datetime.fromisoformat(self.finished_at).astimezone(UTC)

    @property
    def lost_seconds(self) -> int | None:
        """How much work was lost, or would have been."""
        return self.rpo_seconds

    def shortfalls(self, promise: Promise) -> Iterator[str]:
        """In what it is slower than *promise*, one phrase each."""
        for name, found, most in (
            ("RTO", self.rto_seconds, promise.rto_seconds),
            ("RPO", self.lost_seconds, promise.rpo_seconds),
        ):
            if found is not None and found > most:
                yield f"{name} measured {duration(found)}, promised {duration(most)}"

    def as_evidence(self, promise: Promise) -> Mapping[str, Any]:
        """Its record in an evidence file, with what was promised then."""
        kept = self.passed and not list(self.shortfalls(promise))
        promised = {
            "promised_rto_seconds": promise.rto_seconds,
            "promised_rpo_seconds": promise.rpo_seconds,
            "promise_kept": kept,
        }
        return {
            "at": self.finished_at,
            "step": self.step,
            **self.model_dump(mode="json", exclude={*Owner._fields}),
            **promised,
        }


def first_fault(error: ValidationError) -> str:
    """What is wrong first, with its place."""
    first = error.errors()[0]
    place = ".".join(str(each) for each in first["loc"])
    return f"{place + ': ' if place else ''}{first['msg']}"
