"""The scans of images in an evidence file, as `costack images check --evidence` records them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ConfigDict, ValidationError

from lifecycle import evidence
from lifecycle.errors import LifecycleError
from tiers.expectations import first_fault
from tiers.vocabulary import Frozen, UtcDatetime

STEP: Final = "image-scan"
"""The step name in the evidence."""


class _Loose(Frozen):
    model_config = ConfigDict(extra="ignore")


class ScannedImage(_Loose):
    """One image: what fails, and what is not known of it; it may run when there is neither."""

    image: str
    failing: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Why it may not run; empty where it may."""
        return (*self.failing, *self.missing)


class _Scanned(_Loose):
    at: UtcDatetime
    images: tuple[ScannedImage, ...]


def scanned_images(path: Path) -> Iterator[tuple[datetime, ScannedImage]]:
    """Every image of every scan in an evidence file, and when it was judged, in UTC.

    Raises:
        EvidenceError: When the file cannot be read, or was changed.
        LifecycleError: When a line is of a scan and cannot be read as one.
    """
    for number, record in enumerate(evidence.read(path), start=1):
        if record.get("step") == STEP:
            found = _parsed(record, f"{path}:{number}")
            yield from ((found.at, each) for each in found.images)


def _parsed(record: dict[str, Any], where: str) -> _Scanned:
    try:
        return _Scanned.model_validate(record)
    except ValidationError as error:
        raise LifecycleError(f"{where}: is no result of {STEP}: {first_fault(error)}") from None
