from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.scan.manifests import manifest, write_manifests
from policies.scan.registered import Registered, Withheld


def registered(token: str, inputs: dict[str, Any], name: str = "web") -> Registered:
    return Registered(f"urn:pulumi:s::p::{token}::{name}", token, inputs)


@pytest.mark.whole("no secret is written into any of them, below")
def test_every_object_is_a_file_of_its_own(strong: list[Registered], tmp_path: Path) -> None:
    written = write_manifests(strong, tmp_path)
    objects = [each for each in strong if each.type.startswith("kubernetes:")]
    assert len(written) == len(objects) > 150
    assert sorted(tmp_path.iterdir()) == written
    read = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in written]
    assert [(each["kind"], each["metadata"]) for each in read] == [
        (each.type.rpartition(":")[2], each.inputs["metadata"]) for each in objects
    ]
    assert {each["apiVersion"] for each in read} >= {"v1", "apps/v1", "networking.k8s.io/v1"}


def test_no_secret_is_written(strong: list[Registered], tmp_path: Path) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in write_manifests(strong, tmp_path))
    assert text.count("kind: Secret\n") >= 8
    assert "withheld" in text
    assert "password-of-" not in text


def test_what_the_program_left_out_is_known_by_the_type() -> None:
    service = registered("kubernetes:core/v1:Service", {"metadata": {"name": "web"}, "__defaults": []})
    assert manifest(service) == {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}
    ingress = registered("kubernetes:networking.k8s.io/v1:Ingress", {"apiVersion": "a/v2", "kind": "Way"})
    assert manifest(ingress) == {"apiVersion": "a/v2", "kind": "Way"}


def test_a_withheld_value_keeps_its_place() -> None:
    secret = registered("kubernetes:core/v1:Secret", {"stringData": {"a": Withheld.VALUE, "b": [1, "c"]}})
    content = manifest(secret)
    assert content is not None
    assert content["stringData"] == {"a": "withheld", "b": [1, "c"]}


@pytest.mark.parametrize(
    "token",
    ["kubernetes:helm.sh/v3:Release", "kubernetes:yaml:ConfigFile", "aws:s3/bucket:Bucket"],
)
def test_what_is_no_object_is_not_written(token: str, tmp_path: Path) -> None:
    assert write_manifests([registered(token, {"metadata": {"name": "x"}})], tmp_path) == []
    assert list(tmp_path.iterdir()) == []
