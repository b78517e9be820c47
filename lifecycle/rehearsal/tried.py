"""The recoveries in an evidence file: rehearsals, and failovers that were real."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from lifecycle import evidence
from lifecycle.errors import LifecycleError
from lifecycle.rehearsal.failed_over import FailoverResult
from lifecycle.rehearsal.recovery import Recovery, first_fault
from lifecycle.rehearsal.result import RehearsalResult

_KINDS: Final[Mapping[str, type[Recovery]]] = {kind.step: kind for kind in (RehearsalResult, FailoverResult)}


def tried_recoveries(path: Path) -> Iterator[tuple[datetime, Recovery]]:
    """Every recovery in an evidence file: when it ended, in UTC, and its result.

    Raises:
        EvidenceError: When the file cannot be read, or was changed.
        LifecycleError: When a line is of a recovery and cannot be read as one.
    """
    for number, line in enumerate(evidence.read(path), start=1):
        kind = _KINDS.get(str(line.get("step")))
        if kind is not None:
            result = _parsed(kind, line, f"{path}:{number}")
            yield result.ended_at, result


def _parsed(kind: type[Recovery], line: Mapping[str, Any], where: str) -> Recovery:
    known = kind.model_fields.keys()
    try:
        return kind.model_validate({name: value for name, value in line.items() if name in known})
    except ValidationError as error:
        raise LifecycleError(f"{where}: is no result of a {kind.step}: {first_fault(error)}") from None
