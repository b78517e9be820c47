from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.adapters import scan_reports
from lifecycle.adapters.scan_reports import read_report, read_sbom
from tests.lifecycle.image_scan.scanned import (
    cyclonedx,
    grype,
    ignored,
    kernel_headers,
    spdx,
    trivy,
    written,
)
from tiers.errors import CatalogError
from tiers.portfolio.gates.image_scan import Severity

DIGEST = f"sha256:{'a' * 64}"
AT = datetime(2026, 11, 29, 6, 0, 0, 123456, tzinfo=UTC)


def test_a_report_of_trivy(tmp_path: Path) -> None:
    path = written(
        tmp_path / "t.json", trivy(DIGEST, ("CVE-2026-1", "HIGH", "3.0.2"), ("CVE-2026-2", "UNKNOWN", ""))
    )
    report = read_report(path)
    assert (report.scanner, report.taken_at) == ("trivy 0.68.1", AT)
    assert report.digests == {DIGEST}  # not the id of its configuration
    assert [each.in_words for each in report.found] == [
        "CVE-2026-1 (high) in libssl3 3.0.1, fixed in 3.0.2",
        "CVE-2026-2 (unknown) in libssl3 3.0.1, no fix yet",
    ]
    assert report.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_report_of_grype(tmp_path: Path) -> None:
    report = read_report(written(tmp_path / "g.json", grype(DIGEST, ("CVE-2026-1", "Negligible", ""))))
    assert (report.scanner, report.taken_at) == ("grype 0.104.0", AT)
    assert report.digests == {DIGEST}
    assert [each.severity for each in report.found] == [Severity.NEGLIGIBLE]


def test_what_a_scanner_leaves_out_is_found_all_the_same(tmp_path: Path) -> None:
    modified = {
        "Type": "vulnerability",
        "Status": "ignored",
        "Source": ".trivyignore",
        "Finding": {"VulnerabilityID": "CVE-2026-9", "PkgName": "zlib", "Severity": "CRITICAL"},
    }
    document = trivy(DIGEST)
    document["Results"][0]["ExperimentalModifiedFindings"] = [modified]
    (hidden,) = read_report(written(tmp_path / "t.json", document)).found
    assert (hidden.id, hidden.severity, hidden.hidden_by) == (
        "CVE-2026-9",
        Severity.CRITICAL,
        "ignored by .trivyignore",
    )
    left_out = [
        kernel_headers("CVE-2026-7"),
        ignored("CVE-2026-8", {"vulnerability": "CVE-2026-8"}),
        ignored("CVE-2026-9", {"vulnerability": "CVE-2026-9", "match-type": "exact-indirect-match"}),
        ignored("CVE-2026-10", {"vex-status": "not_affected"}),
    ]
    found = read_report(written(tmp_path / "g.json", grype(DIGEST, ignoredMatches=left_out))).found
    assert [each.id for each in found] == ["CVE-2026-8", "CVE-2026-9", "CVE-2026-10"]
    assert {each.hidden_by for each in found} == {"ignored by its settings"}


def _without(document: dict[str, Any], *path: str) -> dict[str, Any]:
    holder = document
    for name in path[:-1]:
        holder = holder[name]
    del holder[path[-1]]
    return document


SECRETS = [{"Target": "app", "Class": "secret"}]
PYTHON = [{"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg"}]
ENDED = {"OS": {"Family": "debian", "Name": "9", "EOSL": True}, "RepoDigests": []}
UNNAMED = [{"Class": "os-pkgs", "Vulnerabilities": [{"PkgName": "zlib", "Severity": "LOW"}]}]
NO_LIST = [{"Class": "os-pkgs", "Vulnerabilities": {"CVE-2026-1": "HIGH"}}]


def _set(**settings: Any) -> dict[str, Any]:
    return {**grype(DIGEST)["descriptor"], "configuration": settings}


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ([], "expected a JSON object, found list"),
        ({}, "found another document (no keys)"),
        ({"version": "2.1.0", "runs": []}, "found another document (keys version, runs)"),
        (trivy(DIGEST, SchemaVersion=3), "with SchemaVersion 2, found container_image, 3"),
        (trivy(DIGEST, ArtifactType="filesystem"), "found filesystem, 2"),
        (trivy(DIGEST, Results=None), "no packages were scanned"),
        (trivy(DIGEST, Results=SECRETS), "no packages were scanned"),
        (trivy(DIGEST, Results=PYTHON), "the packages of debian were not scanned"),
        (trivy(DIGEST, Metadata=ENDED), "debian 9 is supported no longer"),
        (trivy(DIGEST, Results="none"), "Results: expected a list, found str"),
        (trivy(DIGEST, Results=NO_LIST), "Vulnerabilities: expected a list, found dict"),
        (trivy(DIGEST, Results=UNNAMED), "a finding has no VulnerabilityID"),
        (_without(trivy(DIGEST), "CreatedAt"), "does not say when it was made"),
        (trivy(DIGEST, CreatedAt="2026-11-29T06:00:00"), "expected a time with its zone"),
        (grype(DIGEST, source={"type": "directory", "target": "/"}), "of an image, found directory"),
        (grype(DIGEST, source=None), "found no source"),
        (grype(DIGEST, matches=None), "expected a list of matches"),
        (grype(DIGEST, distro={"name": ""}), "no packages were found in the image"),
        (grype(DIGEST, ignoredMatches={}), "ignoredMatches: expected a list, found dict"),
        (
            grype(DIGEST, descriptor=_set(**{"only-fixed": True})),
            "its setting only-fixed leaves findings out",
        ),
        (grype(DIGEST, descriptor=_set(exclude=["/usr/**"])), "its setting exclude leaves findings out"),
        (grype(DIGEST, descriptor={"name": "grype", "timestamp": ""}), "does not say when it was made"),
    ],
)
def test_what_is_no_complete_report_is_refused(tmp_path: Path, document: Any, problem: str) -> None:
    path = written(tmp_path / "report.json", document)
    with pytest.raises(CatalogError) as caught:
        read_report(path)
    (said,) = caught.value.problems
    assert said.startswith(f"{path}: ")
    assert problem in said


@pytest.mark.parametrize("made", [cyclonedx, spdx])
def test_a_bill_of_materials_names_its_image(tmp_path: Path, made: Any) -> None:
    sbom = read_sbom(written(tmp_path / "sbom.json", made(DIGEST)))
    assert sbom.form in ("CycloneDX 1.6", "SPDX 2.3")
    assert (sbom.digests, sbom.components) == (frozenset({DIGEST}), 1)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (trivy(DIGEST), "expected an SBOM in CycloneDX or SPDX"),
        (cyclonedx(DIGEST, metadata={}), "names no image by digest"),
        (cyclonedx(DIGEST, components=[]), "lists no components"),
        (cyclonedx(DIGEST, components="none"), "components: expected a list, found str"),
        (spdx(DIGEST, packages=spdx(DIGEST)["packages"][:1]), "lists no components"),
        (spdx(DIGEST, packages=spdx(DIGEST)["packages"][1:]), "names no image by digest"),
    ],
)
def test_what_is_no_bill_of_an_image_is_refused(tmp_path: Path, document: Any, problem: str) -> None:
    with pytest.raises(CatalogError) as caught:
        read_sbom(written(tmp_path / "sbom.json", document))
    assert problem in str(caught.value)


@pytest.mark.parametrize("read", [read_report, read_sbom])
def test_a_file_that_is_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Any
) -> None:
    monkeypatch.setattr(scan_reports, "MAX_BYTES", 100)
    with pytest.raises(CatalogError, match="is larger than 100 bytes"):
        read(written(tmp_path / "report.json", trivy(DIGEST)))
    with pytest.raises(CatalogError, match="no such file"):
        read(tmp_path / "none.json")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([trivy, grype, cyclonedx, spdx]), st.data())
def test_whatever_a_part_of_it_is_instead_it_is_read_or_refused_in_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, made: Any, data: st.DataObject
) -> None:
    document = made(DIGEST)
    name = data.draw(st.sampled_from([*document]))
    document[name] = data.draw(JSON)
    path = written(tmp_path_factory.mktemp("report") / "report.json", document)
    told = []
    for read in (read_report, read_sbom):
        try:
            read(path)
        except CatalogError as error:
            told.append(str(error))
    assert all(str(path) in each for each in told)
