"""Reads reports of Trivy and Grype, and bills of materials in CycloneDX and SPDX, all as JSON.

Sources of the shapes: trivy, pkg/types/report.go; grype, grype/presenter/models; CycloneDX 1.6 and SPDX 2.3.
A report that hides something is read with what it hides, or refused: only `platform.yaml` accepts findings.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from lifecycle.image_scan.reports import Sbom, ScanReport, SourceFile, Vulnerability
from tiers.errors import CatalogError
from tiers.files import parsed_json, read_bytes
from tiers.portfolio.gates.image_scan import Severity

MAX_BYTES: Final = 256_000_000
"""The largest report: a hundred times that of an image with every vulnerability of Debian."""
_DIGEST: Final = re.compile(r"sha256(?::|%3[Aa])([0-9a-f]{64})")
_PACKAGES: Final = ("os-pkgs", "lang-pkgs")
_TRIVY: Final = 2
"""The `SchemaVersion` of Trivy's reports since 0.20."""
_HIDES: Final = ("only-fixed", "only-notfixed", "ignore-wontfix", "exclude", "vex-documents", "vex-add")
"""Settings of Grype that leave findings out."""


def read_report(path: Path) -> ScanReport:
    """The report of one image.

    Raises:
        CatalogError: When the file cannot be read, is no such report, or is no complete one.
    """
    document, file = _read(path)
    if "ArtifactName" in document:
        return _trivy(document, file)
    if _text(_map(document.get("descriptor")).get("name")) == "grype":
        return _grype(document, file)
    raise CatalogError(
        f"{path}: expected a report of `trivy image --format json` or `grype --output json`, "
        f"found another document ({_shape(document)})"
    )


def read_sbom(path: Path) -> Sbom:
    """The bill of materials of one image.

    Raises:
        CatalogError: When the file cannot be read, is none, or names no image.
    """
    document, file = _read(path)
    if document.get("bomFormat") == "CycloneDX":
        form = f"CycloneDX {_text(document.get('specVersion'))}"
        subject: Any = _map(document.get("metadata")).get("component")
        parts = _list(document, "components", str(path))
    elif _text(document.get("spdxVersion")).startswith("SPDX-"):
        form = _text(document["spdxVersion"]).replace("-", " ", 1)
        packages = _list(document, "packages", str(path))
        subject = [each for each in packages if _map(each).get("primaryPackagePurpose") == "CONTAINER"]
        parts = [each for each in packages if each not in subject]
    else:
        raise CatalogError(
            f"{path}: expected an SBOM in CycloneDX or SPDX, as JSON; found another document "
            f"({_shape(document)})"
        )
    digests = frozenset(_digests(subject))
    if not digests:
        raise CatalogError(f"{path}: the SBOM names no image by digest; make it of the image, by its digest")
    if not parts:
        raise CatalogError(f"{path}: the SBOM lists no components; expected those of the image")
    return Sbom(file, form, digests, len(parts))


def _read(path: Path) -> tuple[dict[str, Any], SourceFile]:
    data = read_bytes(path, MAX_BYTES)
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise CatalogError(f"{path}: is not UTF-8 text (byte {error.start})") from None
    document = parsed_json(text, str(path))
    if not isinstance(document, dict):
        raise CatalogError(f"{path}: expected a JSON object, found {type(document).__name__}")
    return document, SourceFile(str(path), hashlib.sha256(data).hexdigest())


def _trivy(document: Mapping[str, Any], file: SourceFile) -> ScanReport:
    path, metadata = file.path, _map(document.get("Metadata"))
    if document.get("SchemaVersion") != _TRIVY or document.get("ArtifactType") != "container_image":
        raise CatalogError(
            f"{path}: expected a report of Trivy of a container image with SchemaVersion {_TRIVY}, found "
            f"{_text(document.get('ArtifactType')) or 'no ArtifactType'}, {document.get('SchemaVersion')}"
        )
    results = [_map(each) for each in _list(document, "Results", path)]
    classes = {each.get("Class") for each in results}
    if not classes & {*_PACKAGES}:
        raise CatalogError(f"{path}: no packages were scanned; run `trivy image` with --scanners vuln")
    system = _map(metadata.get("OS"))
    if system and "os-pkgs" not in classes:
        raise CatalogError(f"{path}: the packages of {_text(system.get('Family'))} were not scanned")
    if system.get("EOSL") is True:
        name = f"{_text(system.get('Family'))} {_text(system.get('Name'))}"
        raise CatalogError(f"{path}: {name} is supported no longer, so nobody says what is wrong with it")
    scanner = f"trivy {_text(_map(document.get('Trivy')).get('Version'))}".strip()
    digests = _digests([metadata.get("RepoDigests"), document["ArtifactName"]])
    found = tuple(each for result in results for each in _of_trivy(result, path))
    return ScanReport(file, scanner, _time(document.get("CreatedAt"), path), frozenset(digests), found)


def _of_trivy(result: Mapping[str, Any], path: str) -> Iterator[Vulnerability]:
    for each in map(_map, _list(result, "Vulnerabilities", path)):
        yield _trivy_vulnerability(each, path, "")
    for each in map(_map, _list(result, "ExperimentalModifiedFindings", path)):
        if each.get("Type") == "vulnerability":
            why = f"{_text(each.get('Status'))} by {_text(each.get('Source')) or 'its settings'}"
            yield _trivy_vulnerability(_map(each.get("Finding")), path, why)


def _trivy_vulnerability(found: Mapping[str, Any], path: str, hidden: str) -> Vulnerability:
    return Vulnerability(
        _needed(found, "VulnerabilityID", path),
        _needed(found, "PkgName", path),
        _text(found.get("InstalledVersion")),
        _severity(found.get("Severity")),
        _text(found.get("FixedVersion")),
        hidden,
    )


def _grype(document: Mapping[str, Any], file: SourceFile) -> ScanReport:
    path, descriptor = file.path, _map(document["descriptor"])
    source = _map(document.get("source"))
    if source.get("type") != "image":
        raise CatalogError(
            f"{path}: expected a report of Grype of an image, found "
            f"{_text(source.get('type')) or 'no source'}"
        )
    if not isinstance(document.get("matches"), list):
        raise CatalogError(f"{path}: expected a list of matches, found none")
    if not document["matches"] and not _text(_map(document.get("distro")).get("name")):
        raise CatalogError(f"{path}: no packages were found in the image, so nothing was scanned")
    settings = _map(descriptor.get("configuration"))
    if hiding := [name for name in _HIDES if settings.get(name)]:
        raise CatalogError(f"{path}: its setting {hiding[0]} leaves findings out; scan without it")
    target = _map(source.get("target"))
    named = [target.get(name) for name in ("manifestDigest", "repoDigests", "userInput")]
    found = [_of_grype(_map(each), path, "") for each in document["matches"]]
    for each in map(_map, _list(document, "ignoredMatches", path)):
        rules = [_map(rule) for rule in _list(each, "appliedIgnoreRules", path)]
        if not rules or not all(map(_is_its_own, rules)):
            found.append(_of_grype(each, path, "ignored by its settings"))
    scanner = f"grype {_text(descriptor.get('version'))}".strip()
    taken_at = _time(descriptor.get("timestamp"), path)
    return ScanReport(file, scanner, taken_at, frozenset(_digests(named)), tuple(found))


def _is_its_own(rule: Mapping[str, Any]) -> bool:
    """Whether it is one of Grype's default rules: headers of a kernel that is not in the image."""
    return rule.get("match-type") == "exact-indirect-match" and not rule.get("vulnerability")


def _of_grype(found: Mapping[str, Any], path: str, hidden: str) -> Vulnerability:
    about, package = _map(found.get("vulnerability")), _map(found.get("artifact"))
    fix = _map(about.get("fix"))
    return Vulnerability(
        _needed(about, "id", path),
        _needed(package, "name", path),
        _text(package.get("version")),
        _severity(about.get("severity")),
        ", ".join(map(_text, _list(fix, "versions", path))),
        hidden,
    )


def _severity(value: Any) -> Severity:
    word = _text(value).lower()
    return Severity(word) if word in {*map(str, Severity)} else Severity.UNKNOWN


def _time(value: Any, path: str) -> datetime:
    """The moment a report was made; Go writes nanoseconds, of which microseconds are kept."""
    try:
        taken_at = datetime.fromisoformat(_text(value))
    except ValueError:
        taken_at = datetime.min  # noqa: DTZ901 - has no zone, so it is refused below
    if taken_at.tzinfo is None:
        raise CatalogError(f"{path}: does not say when it was made; expected a time with its zone")
    return taken_at.astimezone(UTC)


def _digests(value: Any) -> Iterator[str]:
    """Every digest in *value*, however deep: in names, in package URLs, and as checksums."""
    for found in _DIGEST.findall(json.dumps(value)):
        yield f"sha256:{found}"
    for each in value if isinstance(value, list) else ():
        checksums = _map(each).get("checksums")
        for checksum in map(_map, checksums if isinstance(checksums, list) else ()):
            if checksum.get("algorithm") == "SHA256":
                yield f"sha256:{_text(checksum.get('checksumValue'))}"


def _needed(found: Mapping[str, Any], name: str, path: str) -> str:
    text = _text(found.get(name))
    if not text:
        raise CatalogError(f"{path}: a finding has no {name}; expected its name, as the scanner writes it")
    return text


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(holder: Mapping[str, Any], name: str, path: str) -> list[Any]:
    """A list that may be left out; what is something else is not taken for an empty one."""
    value = holder.get(name)
    if value is None:
        return []
    if not isinstance(value, list):
        raise CatalogError(f"{path}: {name}: expected a list, found {type(value).__name__}")
    return value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _shape(document: Mapping[str, Any]) -> str:
    return f"keys {', '.join([*document][:3])}" if document else "no keys"
