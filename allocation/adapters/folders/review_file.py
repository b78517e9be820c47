"""Reads what a report says of signals and decisions, from the file beside its pages."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field, ValidationError

from allocation.adapters.folders.run import read_json
from allocation.errors import AllocationError
from tiers.expectations import first_fault
from tiers.vocabulary import Frozen

Size = Annotated[Decimal, Field(max_digits=30, decimal_places=12, allow_inf_nan=False)]
Saving = Annotated[Decimal, Field(max_digits=20, decimal_places=10, allow_inf_nan=False)]
FILE: Final = "review.json"
"""Signals and decisions of a report beside its pages."""


class _Loose(Frozen):
    """A part of the file; later versions may add fields."""

    model_config = ConfigDict(extra="ignore")


class ReportedSignal(_Loose):
    """A signal: its id, what it is today and why, how large it is, what the month shows of it."""

    id: str
    state: str
    why: str
    size: Size | None
    unit: str
    reasons: tuple[str, ...]


class ReportedDecision(_Loose):
    """A decision: what is to be done by whom until when, what became of it, and what it saves a month."""

    id: str
    what: str
    owner: str
    due: str
    state: str
    why: str
    saving_per_month: Saving | None


class ReportedReview(_Loose):
    """The file."""

    schema_version: Literal[1]
    portfolio: str
    period: str
    signals: tuple[ReportedSignal, ...]
    decisions: tuple[ReportedDecision, ...]


def reported_review(report: Path) -> ReportedReview:
    """What the report in a folder says of signals and decisions.

    Raises:
        AllocationError: When the folder holds no report of this version, or its file cannot be read.
    """
    path = report / FILE
    if not path.is_file():
        raise AllocationError(
            f"{report}: holds no {FILE}; write the report anew with `costack report --out {report}`"
        )
    try:
        return ReportedReview.model_validate(read_json(path))
    except ValidationError as error:
        raise AllocationError(f"{path}: is no review of a report: {first_fault(error)}") from None
