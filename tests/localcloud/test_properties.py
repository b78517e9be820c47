"""Trees, paths and secrets between the wire and plain Python."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pulumi.provider.experimental.property_value import PropertyValue

from localcloud.properties import (
    UNKNOWN,
    contains_unknown,
    path_steps,
    path_text,
    plain,
    secret_paths,
    without_unknown,
    wrap,
    wrap_map,
)

LEAVES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.just(UNKNOWN)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
STEPS = st.integers(0, 99) | st.text(min_size=1).filter(lambda text: text != "*")


@given(TREES)
def test_wrapping_and_unwrapping_gives_the_same_tree(tree: Any) -> None:
    assert plain(wrap(tree)) == tree


@given(st.dictionaries(st.text(), TREES, max_size=4))
def test_a_tree_survives_the_wire_itself(tree: dict[str, Any]) -> None:
    sent = PropertyValue.marshal_map(wrap_map(tree))
    assert plain(PropertyValue.unmarshal_map(sent)) == tree


@given(st.lists(STEPS, min_size=1, max_size=5).map(tuple))
def test_a_path_is_read_back_as_it_was_written(path: tuple[str | int, ...]) -> None:
    assert path_steps(path_text(path)) == path


def test_paths_are_spelled_as_pulumi_spells_them() -> None:
    assert path_text(("spec", "ports", 0, "name")) == "spec.ports[0].name"
    assert path_text(("tags", "cost/tenant")) == 'tags["cost/tenant"]'
    assert path_steps("spec.containers[*].image") == ("spec", "containers", "*", "image")


def test_whole_numbers_come_back_as_int_and_booleans_stay_booleans() -> None:
    values = plain({"replicas": PropertyValue(3.0), "share": PropertyValue(0.5), "on": PropertyValue(True)})
    assert values == {"replicas": 3, "share": 0.5, "on": True}
    assert type(values["replicas"]) is int
    assert type(values["on"]) is bool


def test_every_unknown_mark_of_the_engine_is_unknown() -> None:
    string, array = "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2"
    assert plain({"a": PropertyValue(string), "b": PropertyValue(array)}) == {"a": UNKNOWN, "b": UNKNOWN}


def test_unknown_is_one_instance_even_in_a_copied_tree() -> None:
    tree = copy.deepcopy({"a": [UNKNOWN]})
    assert tree["a"][0] is UNKNOWN
    assert contains_unknown(tree)
    assert not contains_unknown({"a": [None, "", 0]})
    assert without_unknown({"a": [UNKNOWN, 1], "b": UNKNOWN}) == {"a": [1]}


def test_secret_paths_mark_another_tree_alike() -> None:
    came = {
        "name": PropertyValue("web"),
        "env": PropertyValue([PropertyValue("a"), PropertyValue("b", is_secret=True)]),
        "password": PropertyValue({"value": PropertyValue("x")}, is_secret=True),
    }
    paths = secret_paths(came)
    assert paths == {("env", 1), ("password",)}
    again = wrap_map({"name": "web", "env": ["a", "b"], "password": {"value": "x"}, "arn": "arn:x"}, paths)
    assert secret_paths(again) == paths


def test_a_secret_path_that_is_not_in_the_tree_marks_nothing() -> None:
    assert secret_paths(wrap({"a": 1}, {("b", "c"), ("a", "d")})) == frozenset()


def test_a_secret_crosses_the_wire_as_a_secret() -> None:
    sent = PropertyValue.marshal_map(wrap_map({"a": {"b": "s3cret"}}, {("a", "b")}))
    assert secret_paths(PropertyValue.unmarshal_map(sent)) == {("a", "b")}
