"""Accepted findings: each has a reason, an owner and a last day."""

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
"""The resource, as findings name it -> its tags or labels."""


class Waiver(Frozen):
    """One rule that some resources may violate for a time."""

    rule: Annotated[str, Field(pattern=r"^CKV2?_[A-Z0-9]+_\d+$")]
    resource: Annotated[str, Field(min_length=1)]
    """The resource, as findings name it; `*` matches anything."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    """Tags or labels that the resource must have too; a name never contains the tier, these do."""
    reason: Sentence
    owner: Annotated[str, Field(min_length=1)]
    until: date
    """The last day on which it is valid."""

    def covers(self, finding: Finding, tags: Mapping[str, str]) -> bool:
        """Whether the finding is this rule on such a resource, at any time."""
        return (
            finding.rule == self.rule
            and fnmatchcase(finding.resource, self.resource)
            and self.tags.items() <= tags.items()
        )


class Waivers(Frozen):
    """The file of waivers."""

    waivers: tuple[Waiver, ...]


class Verdict(NamedTuple):
    """The result of one framework after waivers."""

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
    """The outcomes, with findings that are waived *on* that day counted separately."""
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
    """A sentence for each waiver that has ended, or that matches no finding."""
    findings = [finding for each in outcomes for finding in each.failed]
    for waiver in waivers:
        about = f"waiver of {waiver.rule} for {waiver.resource}"
        if not any(waiver.covers(finding, tags.get(finding.resource, {})) for finding in findings):
            yield f"{about}: there is no such finding; remove the waiver"
        elif on > waiver.until:
            yield f"{about}: ended on {waiver.until}; correct the finding, or ask {waiver.owner} to renew it"
