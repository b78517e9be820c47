"""Objects as files, in the official provider's layout."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
import yaml

from localcloud.kubernetes.manifests import manifest_path, remove_manifest, write_manifest
from localcloud.kubernetes.rendered import RenderedObject
from localcloud.provider import ProviderError, Subject

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "odoo-acme"}}


@pytest.mark.parametrize(
    ("version", "kind", "namespace", "path"),
    [
        ("apps/v1", "Deployment", "odoo-acme", "1-manifest/apps_v1-deployment-odoo-acme-x.yaml"),
        ("v1", "Namespace", "", "1-manifest/v1-namespace-default-x.yaml"),
        (
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            "",
            "0-crd/apiextensions.k8s.io_v1-customresourcedefinition-default-x.yaml",
        ),
    ],
)
def test_the_file_name_says_version_kind_namespace_and_name(
    version: str, kind: str, namespace: str, path: str
) -> None:
    metadata = {"name": "x", **({"namespace": namespace} if namespace else {})}
    assert manifest_path(Path(), {"apiVersion": version, "kind": kind, "metadata": metadata}) == Path(path)


def test_a_manifest_is_readable_by_its_owner_only_and_goes_with_its_object(tmp_path: Path) -> None:
    path = write_manifest(tmp_path / "out", WEB)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == WEB
    path.chmod(0o644)
    write_manifest(tmp_path / "out", {**WEB, "spec": {"replicas": 2}})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    remove_manifest(tmp_path / "out", WEB)
    assert not path.exists()
    remove_manifest(tmp_path / "out", WEB)


def owned(portfolio: str, **more: object) -> dict[str, object]:
    labels = {"labels": {"cost/portfolio": portfolio}} if portfolio else {}
    return {**WEB, "metadata": {"name": "web", "namespace": "odoo-acme", **labels}, **more}


@pytest.mark.parametrize(("first", "second"), [("local", "mine"), ("local-eu", "local")])
def test_a_file_of_another_portfolio_is_neither_written_nor_removed(
    tmp_path: Path, first: str, second: str
) -> None:
    path = write_manifest(tmp_path, owned(first))
    with pytest.raises(
        ProviderError, match=f"web.yaml belongs to portfolio '{first}': render each portfolio"
    ):
        write_manifest(tmp_path, owned(second))
    remove_manifest(tmp_path, owned(second))
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == owned(first)
    write_manifest(tmp_path, owned(first, spec={"replicas": 2}))
    remove_manifest(tmp_path, owned(first))
    assert not path.exists()


def test_a_file_from_before_owners_marks_is_written_again(tmp_path: Path) -> None:
    path = write_manifest(tmp_path, owned(""))
    write_manifest(tmp_path, owned("local"))
    assert yaml.safe_load(path.read_text(encoding="utf-8")) == owned("local")


def test_a_name_only_a_server_could_pick_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ProviderError, match="Job: generateName cannot be rendered"):
        write_manifest(
            tmp_path, {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"generateName": "x-"}}
        )


def test_plaintext_secrets_are_warned_of_once_and_nothing_else_is(tmp_path: Path) -> None:
    warnings: list[tuple[str, str]] = []
    rendered = RenderedObject(
        {"renderYamlToDirectory": str(tmp_path)}, lambda urn, text: warnings.append((urn, text))
    )
    rendered.create(Subject("urn:web"), WEB)
    assert warnings == []
    for name in ("database", "odoo"):
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"p": "x"}}
        rendered.create(Subject(f"urn:{name}"), secret)
    ((urn, text),) = warnings
    assert urn == "urn:database"
    assert text.startswith(f"{tmp_path} contains secret values in plaintext")
    assert "keep the folder out of version control" in text
