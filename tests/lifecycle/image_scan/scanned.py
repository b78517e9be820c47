"""Reports and bills of materials in the shapes of Trivy, Grype and Syft, made of a few words."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

TAKEN: Final = "2026-11-29T06:00:00.123456789Z"
Found = tuple[str, str, str]
"""Id, severity as the scanner writes it, version that mends it."""


def trivy(digest: str, *found: Found, **changes: Any) -> dict[str, Any]:
    """A report of `trivy image --format json`."""
    image = f"registry.example.com/odoo@{digest}"
    rows = [
        {
            "VulnerabilityID": name,
            "PkgID": "libssl3@3.0.1",
            "PkgName": "libssl3",
            "InstalledVersion": "3.0.1",
            **({"FixedVersion": fixed} if fixed else {}),
            "Status": "fixed" if fixed else "affected",
            "Severity": severity,
        }
        for name, severity, fixed in found
    ]
    system: dict[str, Any] = {"Target": f"{image} (debian 12.8)", "Class": "os-pkgs", "Type": "debian"}
    document: dict[str, Any] = {
        "SchemaVersion": 2,
        "Trivy": {"Version": "0.68.1"},
        "CreatedAt": TAKEN,
        "ArtifactName": image,
        "ArtifactType": "container_image",
        "Metadata": {
            "OS": {"Family": "debian", "Name": "12.8"},
            "ImageID": f"sha256:{'e' * 64}",
            "RepoDigests": [image],
        },
        "Results": [
            system | ({"Vulnerabilities": rows} if rows else {}),
            {"Target": "Python", "Class": "lang-pkgs", "Type": "python-pkg"},
        ],
    }
    return document | changes


def grype(digest: str, *found: Found, **changes: Any) -> dict[str, Any]:
    """A report of `grype --output json`."""
    document: dict[str, Any] = {
        "matches": [_match(*each) for each in found],
        "source": {
            "type": "image",
            "target": {
                "userInput": f"registry.example.com/odoo@{digest}",
                "imageID": f"sha256:{'e' * 64}",
                "manifestDigest": digest,
                "repoDigests": [f"registry.example.com/odoo@{digest}"],
            },
        },
        "distro": {"name": "debian", "version": "12", "idLike": []},
        "descriptor": {
            "name": "grype",
            "version": "0.104.0",
            "timestamp": "2026-11-29T07:00:00.123456789+01:00",
            "configuration": {"only-fixed": False, "only-notfixed": False, "exclude": [], "ignore": [_own()]},
        },
    }
    return document | changes


def ignored(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    """A match that Grype leaves out by *rule*."""
    return {**_match(name, "Critical", ""), "appliedIgnoreRules": [rule]}


def _own() -> dict[str, Any]:
    return {
        "vulnerability": "",
        "package": {"name": "linux(-.*)?-headers-.*", "type": "deb"},
        "match-type": "exact-indirect-match",
    }


def kernel_headers(name: str) -> dict[str, Any]:
    """A match that Grype's default rules leave out."""
    return ignored(name, _own())


def _match(name: str, severity: str, fixed: str) -> dict[str, Any]:
    return {
        "vulnerability": {
            "id": name,
            "severity": severity,
            "fix": {"versions": [fixed] if fixed else [], "state": "fixed" if fixed else "not-fixed"},
        },
        "artifact": {"name": "libssl3", "version": "3.0.1", "type": "deb"},
    }


def cyclonedx(digest: str, **changes: Any) -> dict[str, Any]:
    """A bill of materials as Trivy writes it."""
    purl = f"pkg:oci/odoo@sha256%3A{digest.removeprefix('sha256:')}?arch=amd64"
    document: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "metadata": {"component": {"type": "container", "name": "odoo", "purl": purl}},
        "components": [{"type": "library", "name": "libssl3", "version": "3.0.1"}],
    }
    return document | changes


def spdx(digest: str, **changes: Any) -> dict[str, Any]:
    """A bill of materials as Syft writes it."""
    image = {
        "SPDXID": "SPDXRef-DocumentRoot-Image-odoo",
        "name": "odoo",
        "primaryPackagePurpose": "CONTAINER",
        "checksums": [{"algorithm": "SHA256", "checksumValue": digest.removeprefix("sha256:")}],
    }
    packages = [image, {"SPDXID": "SPDXRef-Package-libssl3", "name": "libssl3"}]
    return {"spdxVersion": "SPDX-2.3", "packages": packages} | changes


def written(path: Path, document: Any) -> Path:
    """*document* as JSON in the file *path*."""
    path.write_text(json.dumps(document), encoding="utf-8")
    return path
