"""What `platform.yaml` says of scanned images: which vulnerabilities fail, which are accepted until when."""

from __future__ import annotations

from datetime import date
from enum import StrEnum, unique
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from tiers.vocabulary import Frozen, Positive

_DIGEST: Final = r"^sha256:[0-9a-f]{64}$"


@unique
class Severity(StrEnum):
    """How grave a vulnerability is, the least first. Both scanners say it in these words."""

    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    """Nobody has said it yet: it is taken for the gravest."""

    def reaches(self, other: Severity) -> bool:
        """Whether this is as grave as *other*, or graver."""
        order = list(Severity)
        return order.index(self) >= order.index(other)


class ImageWaiver(Frozen):
    """Vulnerabilities that are accepted until a day: one, those of one image, or one in one image."""

    vulnerability: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9:._-]{3,99}$")] | None = None
    """Its id as the scanner writes it, such as CVE-2026-12345; left out, every one of the image."""
    image: Annotated[str, Field(pattern=_DIGEST)] | None = None
    """The digest of the image, `sha256:…`; left out, every image."""
    until: date
    """The last day on which it is accepted, in UTC."""
    reason: Annotated[str, Field(min_length=10)]
    """Why it can be accepted."""
    owner: Annotated[str, Field(min_length=2)]
    """Who has decided it."""

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if self.vulnerability is None and self.image is None:
            raise ValueError("a waiver names a vulnerability, an image, or both; found neither")
        return self

    def covers(self, vulnerability: str, digest: str) -> bool:
        """Whether it is about this vulnerability in the image of this digest, on any day."""
        return self.vulnerability in (None, vulnerability) and self.image in (None, digest)


class ImageScan(Frozen):
    """What a scanner may find in the images."""

    fail_from: Literal[Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL]
    """Vulnerabilities of this severity and graver ones fail; one of unknown severity always does."""
    without_fix: bool = True
    """Whether those fail, too, that no newer version of the package mends yet."""
    max_report_days: Positive = 7
    """How old a report may be: what was found since is in no older one."""
    sbom: bool = False
    """Whether each image needs a software bill of materials (SBOM) beside its report."""
    waivers: tuple[ImageWaiver, ...] = ()
    """Vulnerabilities that are accepted, until when, why, and by whom."""
