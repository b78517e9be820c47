"""Runs checkov, which has its own environment, on rendered files; nothing is downloaded or sent."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from policies.scan.manifests import manifest, write_manifests
from policies.scan.registered import Registered, ScanError
from policies.scan.terraform_plan import terraform_plan

KUBERNETES: Final = "kubernetes"
TERRAFORM: Final = "terraform_plan"
_FLAGS: Final = ("--skip-download", "--compact", "--soft-fail", "--output", "json")
# A value that only the update will know is present: checks for presence pass, checks of the value fail.
_SETTINGS: Final = {"EVAL_TF_PLAN_AFTER_UNKNOWN": "True", "LOG_LEVEL": "ERROR"}
_LEFT_OUT: Final = ("BC_", "PRISMA_", "PYTHON")
"""Variables that could make checkov talk to a service, or load other code."""


class Finding(NamedTuple):
    """A rule that a resource violates."""

    rule: str
    resource: str
    """Terraform's address, or kind, namespace and name of a Kubernetes object."""
    title: str


class Outcome(NamedTuple):
    """The result of checkov for one framework."""

    framework: str
    passed: int
    failed: tuple[Finding, ...]


def scan(registered: Sequence[Registered], checkov: Path) -> list[Outcome]:
    """Render *registered* into a scratch folder and run the program *checkov* on it.

    Raises:
        ScanError: When there is no such program, it fails, or it could not read what was rendered.
    """
    if not checkov.is_file():
        raise ScanError(f"{checkov}: no such program; install it with `python toolchain/scanner.py`")
    with tempfile.TemporaryDirectory(prefix="costack-scan-") as scratch:
        frameworks = _render(registered, Path(scratch))
        if not frameworks:
            raise ScanError("nothing to scan: no AWS resource and no Kubernetes object; deploy the stack")
        printed = _run([str(checkov), "--directory", scratch, *_FLAGS, "--framework", *frameworks])
    return sorted(outcomes(printed, frameworks))


def tags_by_resource(registered: Sequence[Registered]) -> dict[str, dict[str, str]]:
    """Tags or labels of what was registered, under the names that findings use."""
    plan = terraform_plan(registered)["planned_values"]["root_module"]["resources"]
    tags = {each["address"]: each["values"].get("tags") or {} for each in plan}
    for each in registered:
        content = manifest(each)
        metadata = (content or {}).get("metadata") or {}
        if content and "name" in metadata:
            where = metadata.get("namespace") or "default"
            tags[f"{content['kind']}.{where}.{metadata['name']}"] = metadata.get("labels") or {}
    return tags


def _render(registered: Sequence[Registered], folder: Path) -> list[str]:
    """Write the files; the frameworks that they are for."""
    plan = terraform_plan(registered)
    present = []
    if plan["resource_changes"]:
        # One line for each, or checkov would copy everything into every finding.
        (folder / "plan.json").write_text(json.dumps(plan, indent=1), encoding="utf-8")
        present.append(TERRAFORM)
    (folder / "manifests").mkdir()
    if write_manifests(registered, folder / "manifests"):
        present.append(KUBERNETES)
    return present


def _run(command: list[str]) -> str:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(_LEFT_OUT)}
    done = subprocess.run(  # noqa: S603 - the scanner is what this module starts
        command, env=kept | _SETTINGS, capture_output=True, text=True, check=False
    )
    if done.returncode:
        last = (done.stderr.strip() or done.stdout.strip() or "without a message").splitlines()[-1]
        raise ScanError(f"checkov ended with {done.returncode}: {last}; reinstall it with `make scan`")
    return done.stdout


def outcomes(printed: str, frameworks: Iterable[str]) -> list[Outcome]:
    """The outcomes in checkov's report.

    Raises:
        ScanError: When it checked nothing of a framework, or could not read a file.
    """
    try:
        answered = json.loads(printed)
        reports = answered if isinstance(answered, list) else [answered]
        found = [_outcome(report) for report in reports if "results" in report]
        unread = [name for report in reports for name in report.get("results", {}).get("parsing_errors", ())]
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ScanError("checkov printed no JSON report; is another version installed?") from None
    if unread:
        raise ScanError(f"checkov could not read {', '.join(unread)}; it is rendered wrongly")
    judged = {each.framework for each in found if each.passed or each.failed}
    if missing := [name for name in frameworks if name not in judged]:
        raise ScanError(
            f"checkov checked nothing of {' and '.join(missing)}; it did not read the rendered files"
        )
    return found


def _outcome(report: dict[str, Any]) -> Outcome:
    failed = {
        Finding(check["check_id"], check["resource"], check["check_name"])
        for check in report["results"]["failed_checks"]
    }
    return Outcome(report["check_type"], report["summary"]["passed"], tuple(sorted(failed)))
