from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.image_scan.reports import Sbom, ScanReport, SourceFile, Vulnerability, digest_of, images_of
from lifecycle.image_scan.verdict import Verdict, verdict
from tests.portfolios import local_plan
from tiers.portfolio.gates.image_scan import ImageScan, ImageWaiver, Severity

ODOO = f"registry.example.com/odoo@sha256:{'a' * 64}"
TOOLS = f"registry.example.com/tools@sha256:{'b' * 64}"
NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
HIGH = Vulnerability("CVE-2026-1", "libssl3", "3.0.1", Severity.HIGH, "3.0.2")
UNFIXED = Vulnerability("CVE-2026-2", "zlib", "1.3", Severity.CRITICAL)
LOW = Vulnerability("CVE-2026-3", "tar", "1.35", Severity.LOW)
UNKNOWN = Vulnerability("CVE-2026-4", "xz", "5.4", Severity.UNKNOWN)


def report(image: str, *found: Vulnerability, days: float = 1, scanner: str = "trivy 0.68.1") -> ScanReport:
    file = SourceFile(f"{scanner[:5]}.json", "0" * 64)
    return ScanReport(file, scanner, NOW - timedelta(days=days), frozenset({digest_of(image)}), found)


def waiver(**changes: Any) -> ImageWaiver:
    values: dict[str, Any] = {"vulnerability": "CVE-2026-1", "until": date(2026, 11, 30), "owner": "ola"}
    return ImageWaiver.model_validate(values | {"reason": "nothing calls it"} | changes)


def rules(*waivers: ImageWaiver, **changes: Any) -> ImageScan:
    return ImageScan.model_validate({"fail_from": "high", "waivers": waivers} | changes)


def judged(*reports: ScanReport, by: ImageScan | None = None, sboms: tuple[Sbom, ...] = ()) -> Verdict:
    return verdict([ODOO], reports, sboms, by or rules(), NOW)


def test_the_images_of_a_portfolio_are_those_that_its_facts_run() -> None:
    found = images_of(local_plan())
    assert {image.rpartition("/")[2].partition("@")[0] for image in found} == {"odoo", "odoo-operations"}
    web = [fact for facts in found.values() for fact in facts if fact == "acme/web"]
    assert web == ["acme/web"]


def test_what_was_not_scanned_fails() -> None:
    (said,) = judged().failed
    assert said == f"{ODOO}: no report is about it; expected one of Trivy or Grype that names its digest"
    assert judged(report(TOOLS)).failed == (said,)
    assert judged(report(ODOO)).failed == ()


@pytest.mark.parametrize(
    ("days", "said"),
    [(7, None), (7.01, "more than 7 days ago; scan it anew"), (0, None), (-0.01, "which has not come yet")],
)
def test_a_report_that_is_too_old_or_of_the_future_is_none(days: float, said: str | None) -> None:
    failed = judged(report(ODOO, LOW, days=days)).failed
    assert len(failed) == (said is not None)
    assert said is None or said in failed[0]


def test_the_newest_report_of_each_scanner_counts() -> None:
    old, new = report(ODOO, HIGH, days=3), report(ODOO, days=1)
    assert judged(old, new).failed == ()
    assert judged(new, replace(old, taken_at=NOW)).failed == (f"{ODOO}: {HIGH.in_words}",)
    other = report(ODOO, HIGH, days=3, scanner="grype 0.104.0")
    assert judged(new, other).failed == (f"{ODOO}: {HIGH.in_words}",)


def test_severity_and_fix_decide() -> None:
    every = report(ODOO, HIGH, UNFIXED, LOW, UNKNOWN)

    def failing(**changes: Any) -> list[str]:
        (image,) = judged(every, by=rules(**changes)).images
        return [each.vulnerability.id[-1] for each in image.failing]

    assert failing() == ["1", "2", "4"]
    assert failing(fail_from="critical") == ["2", "4"]  # nobody has said how grave 4 is
    assert failing(fail_from="low") == ["1", "2", "3", "4"]
    assert failing(without_fix=False) == ["1"]


def test_a_waiver_holds_through_its_last_day_for_what_it_names() -> None:
    found = report(ODOO, HIGH, UNFIXED)

    def left(*waivers: ImageWaiver) -> tuple[str, ...]:
        return judged(found, by=rules(*waivers)).failed

    assert len(left()) == 2
    assert len(left(waiver())) == 1
    assert len(left(waiver(until=date(2026, 11, 29)))) == 2
    assert len(left(waiver(image=digest_of(ODOO)))) == 1
    assert len(left(waiver(image=digest_of(TOOLS)))) == 2
    assert left(waiver(vulnerability=None, image=digest_of(ODOO))) == ()


def test_a_waiver_accepts_no_missing_report() -> None:
    everything = waiver(vulnerability=None, image=digest_of(ODOO))
    assert len(judged(by=rules(everything)).failed) == 1
    assert len(judged(report(ODOO, days=30), by=rules(everything)).failed) == 1


def test_a_waiver_that_accepts_nothing_is_noted() -> None:
    ended, unused = waiver(until=date(2026, 1, 1)), waiver(vulnerability="CVE-2026-99")
    notes = judged(report(ODOO), by=rules(ended, unused)).notes
    assert "ended on 2026-01-01" in notes[0]
    assert notes[1].startswith("waiver of CVE-2026-99: accepts nothing that fails")
    assert len(judged(by=rules(ended, unused)).notes) == 1  # nothing is known of what it could accept


def test_an_sbom_is_asked_for_by_the_rules() -> None:
    sbom = Sbom(SourceFile("odoo.cdx.json", "1" * 64), "CycloneDX 1.6", frozenset({digest_of(ODOO)}), 400)
    other = replace(sbom, digests=frozenset({digest_of(TOOLS)}))
    assert judged(report(ODOO), by=rules(sbom=True), sboms=(sbom,)).failed == ()
    (said,) = judged(report(ODOO), by=rules(sbom=True), sboms=(other,)).failed
    assert said == f"{ODOO}: no SBOM describes it; expected one that names its digest"


FOUND = st.builds(
    Vulnerability,
    st.sampled_from(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]),
    st.just("libssl3"),
    st.just("3.0.1"),
    st.sampled_from(Severity),
    st.sampled_from(["", "3.0.2"]),
)
WAIVERS = st.builds(
    waiver,
    vulnerability=st.sampled_from(["CVE-2026-1", "CVE-2026-2"]),
    image=st.sampled_from([None, digest_of(ODOO), digest_of(TOOLS)]),
    until=st.dates(date(2026, 11, 28), date(2026, 12, 2)),
)
RULES = st.builds(
    lambda waivers, level, without_fix: rules(*waivers, fail_from=level, without_fix=without_fix),
    st.lists(WAIVERS, max_size=2),
    st.sampled_from(["low", "medium", "high", "critical"]),
    st.booleans(),
)


@given(st.lists(FOUND, max_size=5), st.lists(FOUND, max_size=3), RULES)
def test_a_report_that_finds_more_never_fails_less(
    found: list[Vulnerability], more: list[Vulnerability], by: ImageScan
) -> None:
    few, many = (judged(report(ODOO, *each), by=by).failed for each in (found, [*found, *more]))
    assert set(few) <= set(many)


@given(st.lists(FOUND, max_size=5), RULES, WAIVERS)
def test_a_longer_list_of_waivers_never_fails_more(
    found: list[Vulnerability], by: ImageScan, extra: ImageWaiver
) -> None:
    looser = by.model_copy(update={"waivers": (*by.waivers, extra)})
    strict, loose = (set(judged(report(ODOO, *found), by=each).failed) for each in (by, looser))
    assert loose <= strict
