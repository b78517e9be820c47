"""What scanners say of an image: a report of vulnerabilities, and a software bill of materials (SBOM)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tiers.facts.every_fact import FactRecord
from tiers.plan.plan import Plan
from tiers.portfolio.gates.image_scan import Severity


@dataclass(frozen=True)
class SourceFile:
    """A file that was read: its path, and the sha256 of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True)
class Vulnerability:
    """One vulnerability of one package of an image.

    Attributes:
        fixed_in: The versions that mend it; empty where none does yet.
        hidden_by: Why the scanner itself leaves it out, such as its own ignore file; empty if it does not.
    """

    id: str
    package: str
    installed: str
    severity: Severity
    fixed_in: str = ""
    hidden_by: str = ""

    @property
    def in_words(self) -> str:
        """One clause.

        >>> Vulnerability("CVE-2026-1", "openssl", "3.0.1", Severity.HIGH, "3.0.2").in_words
        'CVE-2026-1 (high) in openssl 3.0.1, fixed in 3.0.2'
        """
        mended = f"fixed in {self.fixed_in}" if self.fixed_in else "no fix yet"
        hidden = f"; the scanner leaves it out: {self.hidden_by}" if self.hidden_by else ""
        return f"{self.id} ({self.severity}) in {self.package} {self.installed}, {mended}{hidden}"


@dataclass(frozen=True)
class ScanReport:
    """What one scanner found in one image.

    Attributes:
        scanner: Its name and version.
        taken_at: When it was made, in UTC.
        digests: The digests by which the image is known: of its manifest, and of its index.
        found: What it found, hidden or not.
    """

    file: SourceFile
    scanner: str
    taken_at: datetime
    digests: frozenset[str]
    found: tuple[Vulnerability, ...]


@dataclass(frozen=True)
class Sbom:
    """What an image consists of.

    Attributes:
        form: Its format and version, such as `CycloneDX 1.6`.
        digests: The digests of the image that it describes.
        components: How many parts it lists.
    """

    file: SourceFile
    form: str
    digests: frozenset[str]
    components: int


def images_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Image by digest -> the ids of the facts that run it, both in the order of the plan."""
    found: dict[str, list[str]] = {}
    for fact in plan.all_facts():
        for image in _images(fact):
            found.setdefault(image, []).append(fact.id)
    return {image: tuple(facts) for image, facts in found.items()}


def digest_of(image: str) -> str:
    """The digest of an image that is named by it.

    >>> digest_of("registry.example.com/odoo@sha256:" + "a" * 64)[:10]
    'sha256:aaa'
    """
    return image.rpartition("@")[2]


def _images(fact: FactRecord) -> Iterator[str]:
    # Odoo's own, and that of a command that upgrades a database, beside the image of the fact itself.
    for holder in (fact, getattr(fact, "odoo", None), getattr(fact, "upgrade", None)):
        image = getattr(holder, "image", None)
        if isinstance(image, str):
            yield image
