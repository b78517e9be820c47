"""Whether the images of a portfolio may run, by their reports and by the rules of `platform.yaml`.

What was not scanned, or not completely, is unknown and fails: a missing report is never a good one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from lifecycle.image_scan.reports import Sbom, ScanReport, Vulnerability, digest_of
from tiers.portfolio.gates.image_scan import ImageScan, ImageWaiver, Severity


@dataclass(frozen=True)
class Judged:
    """One vulnerability after the rules: `waiver` is the one that accepts it, if any does."""

    vulnerability: Vulnerability
    fails: bool
    waiver: ImageWaiver | None = None


@dataclass(frozen=True)
class ImageVerdict:
    """One image and what is known of it.

    Attributes:
        image: Its name with its digest.
        reports: The newest report of each scanner that is not too old.
        sboms: Its bills of materials.
        found: What these reports found; what both say alike is there once.
        missing: A sentence for each thing that is not known of it.
    """

    image: str
    reports: tuple[ScanReport, ...]
    sboms: tuple[Sbom, ...]
    found: tuple[Judged, ...]
    missing: tuple[str, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """A sentence for each reason why it may not run."""
        return (*self.missing, *(f"{self.image}: {each.vulnerability.in_words}" for each in self.failing))

    @property
    def failing(self) -> tuple[Judged, ...]:
        """The vulnerabilities that fail."""
        return tuple(each for each in self.found if each.fails and each.waiver is None)

    @property
    def waived(self) -> tuple[Judged, ...]:
        """Those that would fail, and are accepted."""
        return tuple(each for each in self.found if each.fails and each.waiver is not None)

    def count(self, severity: Severity) -> int:
        """How many of this severity were found."""
        return sum(each.vulnerability.severity is severity for each in self.found)


@dataclass(frozen=True)
class Verdict:
    """All images of a portfolio; `notes` are about waivers that accept nothing any more."""

    images: tuple[ImageVerdict, ...]
    notes: tuple[str, ...]

    @property
    def failed(self) -> tuple[str, ...]:
        """A sentence for each reason why an image may not run."""
        return tuple(sentence for each in self.images for sentence in each.failed)


def verdict(
    images: Iterable[str],
    reports: Iterable[ScanReport],
    sboms: Iterable[Sbom],
    rules: ImageScan,
    now: datetime,
) -> Verdict:
    """What becomes of *images*, which are named by digest, at the moment *now*."""
    known, described = tuple(reports), tuple(sboms)
    judged = tuple(_image(image, known, described, rules, now) for image in images)
    return Verdict(judged, tuple(_notes(judged, rules, now)))


def _image(
    image: str,
    reports: tuple[ScanReport, ...],
    sboms: tuple[Sbom, ...],
    rules: ImageScan,
    now: datetime,
) -> ImageVerdict:
    digest = digest_of(image)
    about = [each for each in reports if digest in each.digests]
    usable = _usable(about, rules, now)
    described = tuple(each for each in sboms if digest in each.digests)
    missing = [*_missing(image, about, usable, rules, now)]
    if rules.sbom and not described:
        missing.append(f"{image}: no SBOM describes it; expected one that names its digest")
    found = dict.fromkeys(each for report in usable for each in report.found)
    judged = tuple(_judged(each, digest, rules, now) for each in found)
    return ImageVerdict(image, usable, described, judged, tuple(missing))


def _usable(reports: Iterable[ScanReport], rules: ImageScan, now: datetime) -> tuple[ScanReport, ...]:
    """The newest report of each scanner, unless it is too old or of the future."""
    newest: dict[str, ScanReport] = {}
    for each in sorted(reports, key=lambda report: report.taken_at):
        if now - timedelta(days=rules.max_report_days) <= each.taken_at <= now:
            newest[each.scanner.partition(" ")[0]] = each
    return tuple(newest.values())


def _missing(
    image: str,
    about: Iterable[ScanReport],
    usable: tuple[ScanReport, ...],
    rules: ImageScan,
    now: datetime,
) -> Iterator[str]:
    if usable:
        return
    newest = max(about, key=lambda each: each.taken_at, default=None)
    if newest is None:
        yield f"{image}: no report is about it; expected one of Trivy or Grype that names its digest"
    else:
        when = f"{newest.taken_at:%Y-%m-%dT%H:%M:%SZ}"
        what = (
            "which has not come yet"
            if newest.taken_at > now
            else f"more than {rules.max_report_days} days ago; scan it anew"
        )
        yield f"{image}: its newest report, {newest.file.path}, was made at {when}, {what}"


def _judged(found: Vulnerability, digest: str, rules: ImageScan, now: datetime) -> Judged:
    grave = found.severity.reaches(rules.fail_from)
    fails = grave and (rules.without_fix or bool(found.fixed_in))
    valid = (each for each in rules.waivers if now.date() <= each.until and each.covers(found.id, digest))
    return Judged(found, fails, next(valid, None) if fails else None)


def _notes(images: Iterable[ImageVerdict], rules: ImageScan, now: datetime) -> Iterator[str]:
    judged = tuple(images)
    used = {id(each.waiver) for image in judged for each in image.waived}
    known = all(image.reports for image in judged)
    for each in rules.waivers:
        about = " of ".join(part for part in (each.vulnerability, each.image) if part)
        if each.until < now.date():
            yield f"waiver of {about}: ended on {each.until}; take it out of platform.yaml, or decide anew"
        elif known and id(each) not in used:
            yield f"waiver of {about}: accepts nothing that fails; take it out of platform.yaml"
