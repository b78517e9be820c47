"""Findings that are left standing: each says why, who answers for it, and until when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, StringConstraints

from policies.scan.checkov import Finding, Outcome
from tiers.strict_yaml import load_model
from tiers.vocabulary import Frozen

Sentence = Annotated[str, StringConstraints(strip_whitespace=True, min_length=20)]
TagsByResource = Mapping[str, Mapping[str, str]]
"""Resource, as findings name it -> its tags or labels."""


class Waiver(Frozen):
    """One rule that some resources need not keep, for a time."""

    rule: Annotated[str, Field(pattern=r"^CKV2?_[A-Z0-9]+_\d+$")]
    resource: Annotated[str, Field(min_length=1)]
    """As findings name it; `*` stands for anything."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    """Tags or labels that the resource must carry too; a name never says what was sold, these do."""
    reason: Sentence
    owner: Annotated[str, Field(min_length=1)]
    until: date
    """The last day on which it holds."""

    def covers(self, finding: Finding, tags: Mapping[str, str]) -> bool:
        """Whether the finding is this rule on such a resource; says nothing of time."""
        return (
            finding.rule == self.rule
            and fnmatchcase(finding.resource, self.resource)
            and self.tags.items() <= tags.items()
        )


class Waivers(Frozen):
    """The file of waivers."""

    waivers: tuple[Waiver, ...]


class Verdict(NamedTuple):
    """What is left of one framework's outcome."""

    framework: str
    passed: int
    failed: tuple[Finding, ...]
    waived: tuple[Finding, ...]


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """The waivers of a file.

    Raises:
        CatalogError: With one sentence for every mistake in it.
    """
    return load_model(Waivers, path).waivers


def judged(
    outcomes: Iterable[Outcome], waivers: Iterable[Waiver], tags: TagsByResource, on: date
) -> list[Verdict]:
    """The outcomes with what is waived *on* that day set apart."""
    valid = [each for each in waivers if on <= each.until]

    def excused(finding: Finding) -> bool:
        return any(each.covers(finding, tags.get(finding.resource, {})) for each in valid)

    return [
        Verdict(
            each.framework,
            each.passed,
            tuple(finding for finding in each.failed if not excused(finding)),
            tuple(finding for finding in each.failed if excused(finding)),
        )
        for each in outcomes
    ]


def outdated(
    outcomes: Iterable[Outcome], waivers: Iterable[Waiver], tags: TagsByResource, on: date
) -> Iterator[str]:
    """A sentence for each waiver whose time is over, or that has nothing left to waive."""
    findings = [finding for each in outcomes for finding in each.failed]
    for waiver in waivers:
        about = f"waiver of {waiver.rule} for {waiver.resource}"
        if not any(waiver.covers(finding, tags.get(finding.resource, {})) for finding in findings):
            yield f"{about}: nothing fails there; remove the waiver"
        elif on > waiver.until:
            yield f"{about}: ended on {waiver.until}; mend what it covers, or let {waiver.owner} renew it"
