"""The checklist of an adoption: every tenant, every phase, how far it is, and what comes next.

A phase is done when a fact shows it or a person has signed it off, and only after the phases before it. It
remembers from which facts: other facts open it again, and a person's line counts only for the facts it was
written for.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from lifecycle.adoption.checks import Evidence, findings
from lifecycle.adoption.inventory import Row
from lifecycle.adoption.names import Pair, assigned
from lifecycle.adoption.phase import Finding, Phase, Status, digest_of
from lifecycle.adoption.state import COSTACK, AdoptedTenant, Adoption, PhaseRecord, SignOff, Spelling
from lifecycle.adoption.subject import Subject
from tiers.catalog.tier import Catalog
from tiers.portfolio.platform import Platform
from tiers.vocabulary import TenantId


@dataclass(frozen=True)
class Step:
    """A phase of a tenant: how far it is and what comes next."""

    phase: Phase
    record: PhaseRecord


@dataclass(frozen=True)
class Progress:
    """A tenant with all its phases in their order."""

    subject: Subject
    steps: tuple[Step, ...]

    @property
    def now(self) -> Step | None:
        """The first step that is not done; None when all are."""
        return next((step for step in self.steps if step.record.status is not Status.DONE), None)

    @property
    def blocked(self) -> tuple[Step, ...]:
        """The steps for which something is missing."""
        return tuple(step for step in self.steps if step.record.status is Status.BLOCKED)


def with_spellings(adoption: Adoption, rows: Sequence[Row]) -> Adoption:
    """The adoption with every spelling of the *rows*: what the file has stays, what is new is proposed.

    Raises:
        CatalogError: When the file gives one spelling to two tenants.
    """
    decided = adoption.decided()
    pairs = dict.fromkeys(_pair(row) for row in rows)
    tenants = dict(adoption.tenants)
    for (spelling, environment), tenant in assigned(pairs, decided).items():
        if (spelling, environment) not in decided:
            new = Spelling(spelling=spelling, environment=environment)
            there = tenants.get(tenant, AdoptedTenant())
            tenants[tenant] = there.model_copy(update={"spellings": (*there.spellings, new)})
    return adoption.model_copy(update={"tenants": tenants})


def subjects(
    adoption: Adoption, rows: Sequence[Row], platform: Platform, catalog: Catalog
) -> tuple[Subject, ...]:
    """Every tenant of the file with its rows; each row belongs to exactly one."""
    decided = adoption.decided()
    by_tenant: dict[TenantId, list[Row]] = {tenant: [] for tenant in adoption.tenants}
    for row in rows:
        by_tenant[decided[_pair(row)]].append(row)
    return tuple(
        Subject(tenant, adopted, tuple(by_tenant[tenant]), platform, catalog, adoption.headroom_percent)
        for tenant, adopted in adoption.tenants.items()
    )


def progress(subject: Subject, evidence: Evidence, now: datetime) -> Progress:
    """How far a tenant is, by the facts of now and what its file remembers."""
    steps: list[Step] = []
    waits: Phase | None = None
    for phase, finding in findings(subject, evidence).items():
        record = _record(subject.adopted, phase, finding, waits, now)
        steps.append(Step(phase, record))
        if waits is None and record.status is not Status.DONE:
            waits = phase
    return Progress(subject, tuple(steps))


def recorded(adopted: AdoptedTenant, steps: Sequence[Step]) -> AdoptedTenant:
    """The tenant with its phases as the *steps* say."""
    return adopted.model_copy(update={"phases": {step.phase: step.record for step in steps}})


def _pair(row: Row) -> Pair:
    return row.resource.tenant, row.facts.environment


def _record(
    adopted: AdoptedTenant, phase: Phase, finding: Finding, waits: Phase | None, now: datetime
) -> PhaseRecord:
    before = adopted.phases.get(phase)
    signed = adopted.signed_off.get(phase)
    status, by, why = _signed(finding, before, signed) or _shown(finding, before)
    if status is Status.DONE and waits is not None:
        status, by, why = Status.OPEN, COSTACK, f"waits for {waits}; by itself: {why}"
    elif status is Status.OPEN and waits is None and finding.signs:
        status = Status.BLOCKED  # nothing but a person's line is left
    line = _line(signed)
    # A line keeps the facts it was written for, so that it counts again only for these.
    counted = before is not None and line and before.signed == line
    facts = before.facts if before is not None and counted else finding.digest
    same = before is not None and (before.status, before.by, before.why) == (status, by, why)
    at = before.at if before is not None and same else now.replace(microsecond=0)
    return PhaseRecord(status=status, by=by, at=at, why=why, facts=facts, signed=line)


_Judged = tuple[Status, str, str]
"""Status, by whom and why, as if no phase came before."""


def _signed(finding: Finding, before: PhaseRecord | None, signed: SignOff | None) -> _Judged | None:
    """What a person's line makes of the phase; None where there is none, or it does not suffice."""
    if signed is None:
        return None
    if before is not None and before.signed == _line(signed) and before.facts != finding.digest:
        found = "; ".join(finding.missing) or finding.then or finding.proven
        told = f"{signed.by} signed it off on {signed.when}, before its facts changed; write a new line"
        return Status.BLOCKED, COSTACK, f"{told}: {found}"
    if finding.signs and (finding.missing or not finding.proven):
        return None
    return Status.DONE, signed.by, signed.why


def _shown(finding: Finding, before: PhaseRecord | None) -> _Judged:
    """What facts make of the phase."""
    if finding.missing:
        return Status.BLOCKED, COSTACK, "; ".join(finding.missing)
    if finding.proven and not finding.signs:
        return Status.DONE, COSTACK, finding.proven
    if finding.unseen and before is not None and _was_shown(before, finding):
        return before.status, before.by, before.why
    return Status.OPEN, COSTACK, "; ".join(filter(None, (finding.proven, finding.then)))


def _was_shown(before: PhaseRecord, finding: Finding) -> bool:
    """Whether a file has shown before how far the phase is; good news and bad stay until another is given."""
    return before.status is not Status.OPEN and not before.signed and before.facts == finding.digest


def _line(signed: SignOff | None) -> str:
    return "" if signed is None else digest_of(signed.model_dump(mode="json"))
