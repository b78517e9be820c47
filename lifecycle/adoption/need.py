"""What a tenant's size must hold: users, data, and the peaks of its machines."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from lifecycle.adoption.inventory import Row
from lifecycle.adoption.subject import Subject

_PEAKS: Final = (("peak_vcpu", "vcpu"), ("peak_memory_gib", "memory_gib"))
_COMPUTING: Final = (
    "aws:ec2/instance:",
    "aws:lightsail/instance:",
    "aws:rds/instance:",
    "aws:rds/clusterInstance:",
    "aws:elasticache/cluster:",
    "aws:elasticache/replicationGroup:",
)


class Need(NamedTuple):
    """What a size must hold, before headroom: users, vCPUs, GiB.

    `measured` is false where a machine had no peak, and its whole size counts.
    """

    users: int
    vcpu: Decimal
    memory_gib: Decimal
    database_gib: Decimal
    filestore_gib: Decimal
    measured: bool


def missing_for_size(subject: Subject) -> tuple[str, ...]:
    """A sentence for each column without which no size can be chosen."""
    missing = [
        f"{name}: no row says it" for name in ("database_gib", "filestore_gib") if name not in subject.facts
    ]
    for peak, whole in _PEAKS:
        lines = [
            str(row.line) for row in subject.rows if _is_a_machine(row) and _peak_of(row, peak, whole) is None
        ]
        if all(_peak_of(row, peak, whole) is None for row in subject.rows):
            missing.append(f"{peak}: no row says it, nor the machine's {whole}")
        elif lines:
            missing.append(
                f"{peak}: line {' and line '.join(lines)} does not say it, nor the machine's {whole}"
            )
    return tuple(missing)


def _is_a_machine(row: Row) -> bool:
    """Whether it needs vCPUs and memory: what AWS runs, and elsewhere all but what only stores."""
    if row.resource.type.startswith("aws:"):
        computes = row.resource.type.startswith(_COMPUTING)
    else:
        computes = row.facts.storage_gib is None
    return computes or any(getattr(row.facts, name) is not None for each in _PEAKS for name in each)


def _peak_of(row: Row, peak: str, whole: str) -> Decimal | None:
    """The peak of a machine, its whole size where there is none; None where both are unknown."""
    measured: Decimal | None = getattr(row.facts, peak)
    return getattr(row.facts, whole) if measured is None else measured


def need_of(subject: Subject) -> Need:
    """What was measured; call it where nothing is missing."""
    facts = subject.facts
    peaks = [_peak(subject, peak, whole) for peak, whole in _PEAKS]
    return Need(
        users=facts["users"],
        vcpu=peaks[0][0],
        memory_gib=peaks[1][0],
        database_gib=facts["database_gib"],
        filestore_gib=facts["filestore_gib"],
        measured=all(measured for _, measured in peaks),
    )


def _peak(subject: Subject, peak: str, whole: str) -> tuple[Decimal, bool]:
    """The sum of the rows' peaks; a machine without one counts whole."""
    found, measured = Decimal(0), True
    for row in subject.rows:
        value = _peak_of(row, peak, whole)
        measured = measured and (value is None or getattr(row.facts, peak) is not None)
        found += value or 0
    return found, measured
