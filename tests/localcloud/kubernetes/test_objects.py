"""Names, quantities and drift: what counts as a difference between a program and a live object."""

from __future__ import annotations

import base64
from decimal import Decimal
from typing import Any

import pytest

from localcloud.kubernetes.objects import (
    AUTONAMED,
    importable,
    is_namespaced,
    label,
    named,
    object_id,
    observed,
    quantity,
    with_live_values,
    without_nulls,
)
from localcloud.properties import UNKNOWN
from localcloud.provider import Subject

SUBJECT = Subject("urn:pulumi:s::p::kubernetes:core/v1:ConfigMap::settings")


def test_an_unnamed_object_gets_a_name_it_keeps() -> None:
    first = named(SUBJECT, {"kind": "ConfigMap", "metadata": {"labels": {"a": "1"}}}, {})
    name = first["metadata"]["name"]
    assert name.startswith("settings-")
    assert len(name) == len("settings-") + 8
    assert first["metadata"]["annotations"] == {AUTONAMED: "true"}
    assert named(SUBJECT, {"kind": "ConfigMap", "metadata": {}}, first)["metadata"]["name"] == name


def test_a_name_the_program_gave_before_is_not_adopted() -> None:
    olds = {"metadata": {"name": "fixed"}}
    assert named(SUBJECT, {"metadata": {}}, olds)["metadata"]["name"].startswith("settings-")


@pytest.mark.parametrize("metadata", [{"name": "x"}, {"generateName": "x-"}, {"name": UNKNOWN}, UNKNOWN])
def test_a_name_of_the_programs_own_is_left_alone(metadata: Any) -> None:
    assert named(SUBJECT, {"metadata": metadata}, {}) == {"metadata": metadata}


def test_objects_are_named_by_kind_namespace_and_name() -> None:
    web = {"kind": "Deployment", "metadata": {"namespace": "odoo-acme", "name": "web"}}
    assert (label(web), object_id(web)) == ("Deployment odoo-acme/web", "odoo-acme/web")
    assert object_id({"metadata": {"name": "odoo-acme"}}) == "odoo-acme"
    assert is_namespaced("Deployment")
    assert is_namespaced("Tenant")
    assert not is_namespaced("Namespace")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1000m", 1),
        ("1", 1),
        ("0.5", Decimal("0.5")),
        ("500m", Decimal("0.5")),
        ("1Gi", 2**30),
        ("1024Mi", 2**30),
        ("1k", 1000),
        ("2G", 2 * 10**9),
        ("1e3", 1000),
        (3, 3),
        ("web", None),
        ("", None),
        (True, None),
        (None, None),
    ],
)
def test_quantities_are_numbers(text: Any, value: Any) -> None:
    assert quantity(text) == value


def test_defaults_and_spellings_of_the_server_are_no_drift() -> None:
    inputs = {
        "spec": {
            "replicas": 1,
            "template": {
                "spec": {"containers": [{"name": "c", "env": [], "cpu": "1000m"}], "hostNetwork": False}
            },
        }
    }
    live = {
        "spec": {
            "replicas": 1,
            "strategy": {"type": "RollingUpdate"},
            "template": {"spec": {"containers": [{"name": "c", "cpu": "1", "pull": "Always"}], "dns": "x"}},
        },
        "status": {"ready": 0},
    }
    assert observed(inputs, live) == inputs


def test_changed_removed_and_resized_values_are_drift() -> None:
    inputs = {"metadata": {"labels": {"size": "1000m", "gone": "x"}}, "spec": {"replicas": 1, "ports": [80]}}
    live = {"metadata": {"labels": {"size": "1", "more": "y"}}, "spec": {"replicas": 5, "ports": [80, 81]}}
    assert observed(inputs, live) == {
        "metadata": {"labels": {"size": "1"}},
        "spec": {"replicas": 5, "ports": [80, 81]},
    }


def test_text_given_to_a_secret_is_compared_with_what_the_server_keeps() -> None:
    inputs = {"kind": "Secret", "stringData": {"password": "old", "gone": "x"}}
    kept = {"kind": "Secret", "data": {"password": base64.b64encode(b"old").decode(), "gone": "eA=="}}
    assert observed(inputs, kept) == inputs
    changed = {"kind": "Secret", "data": {"password": base64.b64encode(b"new").decode()}}
    assert observed(inputs, changed)["stringData"] == {"password": "new"}


def test_an_import_shows_what_a_program_would_write() -> None:
    live = {
        "kind": "ConfigMap",
        "metadata": {
            "name": "a",
            "uid": "u",
            "resourceVersion": "1",
            "managedFields": [],
            "labels": {"b": "c"},
        },
        "data": {"k": "v"},
        "status": {},
    }
    assert importable(live) == {
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {"b": "c"}},
        "data": {"k": "v"},
    }


def test_nulls_are_left_out_of_maps_only() -> None:
    assert without_nulls({"a": None, "b": {"c": None}, "d": [None, {"e": None}]}) == {
        "b": {},
        "d": [None, {}],
    }


def test_what_the_program_ignores_is_applied_as_it_is() -> None:
    target = {"kind": "Deployment", "spec": {"replicas": 1, "paused": True}}
    live = {"spec": {"replicas": 0}}
    ignored = ("spec.replicas", "spec.paused", "spec.absent.deeper", "status.replicas")
    assert with_live_values(target, live, ignored) == {"kind": "Deployment", "spec": {"replicas": 0}}
    assert target["spec"] == {"replicas": 1, "paused": True}
