"""`costack images`: every image of a portfolio needs a good scan, and what was seen is kept as evidence."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle.evidence import read
from lifecycle.image_scan.reports import digest_of
from tests.lifecycle.image_scan.scanned import cyclonedx, grype, spdx, trivy, written

RULES = """\
  scan:
    fail_from: high
    sbom: true
    waivers:
      - {vulnerability: CVE-2026-1, until: 2026-11-30, reason: nothing calls it, owner: ola}
network:
"""


@pytest.fixture(autouse=True)
def _ruled(folder: Path) -> None:
    platform = folder / "platform.yaml"
    text = platform.read_text(encoding="utf-8")
    assert text.count("\nnetwork:\n") == 1
    platform.write_text(text.replace("network:\n", RULES), encoding="utf-8")


def run(folder: Path, *options: str, command: str = "check") -> Result:
    return CliRunner().invoke(app, ["images", command, "--portfolio", str(folder), *options])


def images(folder: Path) -> list[str]:
    return run(folder, command="list").stdout.split()


def given(folder: Path, where: Path, **changes: Any) -> list[str]:
    """Options with a report and a bill of materials for both images of the portfolio."""
    odoo, tools = map(digest_of, sorted(images(folder), key=lambda each: "operations" in each))
    found = changes.get("found", ())
    files = {
        "--report": [
            written(where / "odoo.trivy.json", trivy(odoo, *found)),
            written(where / "tools.grype.json", grype(tools)),
        ],
        "--sbom": [
            written(where / "odoo.cdx.json", cyclonedx(odoo)),
            written(where / "tools.spdx.json", spdx(tools)),
        ],
    }
    return [word for option, paths in files.items() for path in paths for word in (option, str(path))]


def test_every_image_is_listed_once_by_its_digest(folder: Path) -> None:
    found = images(folder)
    assert len(found) == len(set(found)) == 2
    assert all("@sha256:" in each for each in found)


def test_images_with_good_scans_pass_and_leave_evidence(folder: Path, tmp_path: Path) -> None:
    evidence = tmp_path / "images.jsonl"
    options = given(folder, tmp_path, found=[("CVE-2026-1", "HIGH", "3.0.2")])
    result = run(folder, *options, "--as-of", "2026-11-30", "--evidence", str(evidence))
    assert result.exit_code == Exit.OK, result.output
    said = " ".join(result.stdout.split())
    assert "accepted until 2026-11-30: " in said
    (record,) = read(evidence)
    assert (record["step"], record["result"], record["at"]) == ("image-scan", "ok", "2026-11-30T00:00:00Z")
    odoo = next(each for each in record["images"] if "operations" not in each["image"])
    assert [Path(each["file"]).name for each in odoo["sboms"]] == ["odoo.cdx.json"]
    assert all(len(each["sha256"]) == 64 for each in (*odoo["sboms"], *odoo["reports"]))
    assert odoo["accepted"][0]["owner"] == "ola"


def test_after_the_last_day_of_its_waiver_a_vulnerability_fails(folder: Path, tmp_path: Path) -> None:
    options = given(folder, tmp_path, found=[("CVE-2026-1", "HIGH", "3.0.2")])
    evidence = tmp_path / "images.jsonl"
    result = run(folder, *options, "--as-of", "2026-12-01", "--evidence", str(evidence), "-o", "json")
    assert result.exit_code == Exit.POLICY
    assert "CVE-2026-1 (high) in libssl3 3.0.1, fixed in 3.0.2" in result.stderr
    assert json.loads(result.stdout)["result"] == "failed"
    assert read(evidence)[0]["result"] == "failed"


def test_without_any_file_nothing_is_green(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == Exit.POLICY
    assert result.stderr.count("no report is about it") == 2
    assert result.stderr.count("no SBOM describes it") == 2


def test_a_file_that_is_no_report_is_told_before_anything_is_judged(folder: Path, tmp_path: Path) -> None:
    broken = written(tmp_path / "broken.json", {})
    evidence = tmp_path / "images.jsonl"
    options = given(folder, tmp_path)
    result = run(
        folder, *options, "--report", str(broken), "--sbom", str(broken), "--evidence", str(evidence)
    )
    assert result.exit_code == Exit.CONFIGURATION
    assert result.stderr.count(str(broken)) == 2
    assert not evidence.exists()


def test_a_portfolio_without_rules_is_no_portfolio_without_faults(folder: Path) -> None:
    platform = folder / "platform.yaml"
    text = platform.read_text(encoding="utf-8")
    platform.write_text(text.replace(RULES, "network:\n"), encoding="utf-8")
    result = run(folder)
    assert result.exit_code == Exit.CONFIGURATION
    assert "images.scan is missing; expected rules such as fail_from: high" in result.stderr


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("vulnerability: CVE-2026-1, ", "", "a waiver names a vulnerability, an image, or both"),
        ("until: 2026-11-30, ", "", "until: is missing"),
        ("nothing calls it", "no", "reason: expected text of at least 10 characters"),
        ("fail_from: high", "fail_from: never", "fail_from: expected"),
        ("CVE-2026-1", "cve-1", "vulnerability: expected text of the form"),
    ],
)
def test_a_wrong_rule_is_told_with_its_line(folder: Path, old: str, new: str, problem: str) -> None:
    platform = folder / "platform.yaml"
    text = platform.read_text(encoding="utf-8")
    assert old in text
    platform.write_text(text.replace(old, new), encoding="utf-8")
    result = run(folder)
    assert result.exit_code == Exit.CONFIGURATION
    assert "platform.yaml:" in result.stderr
    assert problem in result.stderr
