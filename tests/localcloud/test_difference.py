"""What a change is called and when it replaces."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind as Kind

from localcloud.difference import difference
from localcloud.properties import UNKNOWN


def kinds(old: dict[str, Any], new: dict[str, Any], **options: Any) -> dict[str, Kind]:
    return {path: diff.kind for path, diff in difference(old, new, **options).detailed_diff.items()}


def test_only_what_changed_is_listed() -> None:
    old = {
        "tags": {"cost/tenant": "acme", "team": "a"},
        "ports": [{"port": 80}, {"port": 81}],
        "kept": {"a": 1},
    }
    new = {
        "tags": {"cost/tenant": "beta", "new": "b"},
        "ports": [{"port": 80}, {"port": 82}, {}],
        "kept": {"a": 1},
    }
    assert kinds(old, new) == {
        'tags["cost/tenant"]': Kind.UPDATE,
        "tags.team": Kind.DELETE,
        "tags.new": Kind.ADD,
        "ports[1].port": Kind.UPDATE,
        "ports[2]": Kind.ADD,
    }


def test_a_null_is_no_different_from_an_absent_value() -> None:
    answer = difference({"a": 1, "b": None}, {"a": 1})
    assert (answer.changes, answer.detailed_diff) == (False, {})


def test_true_is_not_one() -> None:
    assert kinds({"a": True}, {"a": 1}) == {"a": Kind.UPDATE}


def test_a_value_known_later_counts_as_changed() -> None:
    assert kinds({"a": "x"}, {"a": UNKNOWN}) == {"a": Kind.UPDATE}


@pytest.mark.parametrize(
    ("old", "new", "path", "kind"),
    [
        (
            {"spec": {"selector": {"a": "1"}}},
            {"spec": {"selector": {"a": "2"}}},
            "spec.selector.a",
            Kind.UPDATE_REPLACE,
        ),
        ({"spec": {"selector": {"a": "1"}}}, {"spec": {}}, "spec.selector", Kind.DELETE_REPLACE),
        ({}, {"spec": {"selector": {"a": "1"}}}, "spec", Kind.ADD_REPLACE),
        ({}, {"spec": {"replicas": 1}}, "spec", Kind.ADD),
        ({"spec": {"replicas": 1}}, {"spec": {"replicas": 2}}, "spec.replicas", Kind.UPDATE),
    ],
)
def test_a_change_replaces_when_it_touches_what_cannot_change(
    old: dict[str, Any], new: dict[str, Any], path: str, kind: Kind
) -> None:
    assert kinds(old, new, replace_on={"spec.selector"}) == {path: kind}


def test_a_star_stands_for_every_list_item() -> None:
    old, new = {"spec": {"containers": [{"image": "a"}]}}, {"spec": {"containers": [{"image": "b"}]}}
    assert kinds(old, new, replace_on={"spec.containers[*].image"}) == {
        "spec.containers[0].image": Kind.UPDATE_REPLACE
    }


def test_ignored_changes_are_not_there() -> None:
    old, new = {"spec": {"replicas": 1, "paused": False}}, {"spec": {"replicas": 5, "paused": True}}
    assert set(kinds(old, new, ignore=["spec.replicas"])) == {"spec.paused"}
    assert difference(old, new, ignore=["spec"]).changes is False


def test_replacing_names_its_reason_and_deletes_first_only_then() -> None:
    answer = difference(
        {"name": "a", "size": 1}, {"name": "b", "size": 2}, replace_on={"name"}, delete_first=True
    )
    assert (answer.replaces, answer.diffs, answer.delete_before_replace) == (["name"], ["name", "size"], True)
    assert not difference(
        {"size": 1}, {"size": 2}, replace_on={"name"}, delete_first=True
    ).delete_before_replace
