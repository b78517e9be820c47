from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lifecycle.drift.changes import FieldChange, refresh_of
from tests.lifecycle.drift.steps import OWN, digest, events, step
from tiers.errors import CatalogError

SERVER = "aws:rds/instance:Instance"
RESIZED = step(SERVER, "server", {"instanceClass": "a"}, {"instanceClass": "b"}, ["instanceClass"], tags=OWN)
SAME = step(SERVER, "other", {"instanceClass": "a"}, {"instanceClass": "a"}, tags=OWN)
LOST = step("aws:s3/bucketPolicy:BucketPolicy", "policy", {"bucket": "dumps"}, None)


@pytest.mark.parametrize("printed", [digest, events])
def test_both_forms_say_what_differs_and_what_is_gone(printed: Callable[..., str]) -> None:
    found = refresh_of(printed(RESIZED, SAME, LOST), "file")
    assert (found.resources, found.objects) == (3, 0)
    server, policy = sorted(found.changes, key=lambda each: each.gone)
    assert (server.name, server.gone, server.tags) == ("server", False, OWN)
    assert server.fields == (FieldChange("instanceClass", "a", "b"),)
    assert (policy.name, policy.gone, policy.fields) == ("policy", True, ())


def test_what_the_provider_does_not_name_is_compared_by_inputs() -> None:
    (change,) = refresh_of(digest(step(SERVER, "server", {"a": 1, "b": 2}, {"a": 1, "c": 3})), "file").changes
    assert change.fields == (FieldChange("b", 2, None), FieldChange("c", None, 3))


def test_quoted_keys_and_indexes_lead_to_values() -> None:
    path = 'rules[1].tags["cost/a.b"]'
    old, new = ({"rules": [0, {"tags": {"cost/a.b": value}}]} for value in ("x", "y"))
    (change,) = refresh_of(digest(step(SERVER, "server", old, new, [path])), "file").changes
    assert change.fields == (FieldChange(path, "x", "y"),)


def test_what_a_provider_keeps_for_itself_is_no_drift() -> None:
    assert refresh_of(digest(step(SERVER, "server", {"__live": 1}, {"__live": 2})), "file").changes == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "file: is empty; make it with"),
        ("[]", "file: expected an object with `steps`"),
        ('{"steps": [1]}', "file: expected an object with `steps`"),
        ("{", "file:1: is not JSON"),
        (digest(), "file: holds no resource"),
        (events(RESIZED, ended=False), "file: ends before the refresh did"),
        (events(RESIZED) + "\n[]", "file:4: expected an event, found list"),
        (
            digest(SAME, diagnostics=[{"severity": "error", "message": "no\ncredentials"}]),
            "file: the refresh failed: no credentials",
        ),
    ],
)
def test_half_an_answer_is_refused(text: str, message: str) -> None:
    with pytest.raises(CatalogError) as error:
        refresh_of(text, "file")
    assert str(error.value).startswith(message)


SECRET = "do-not-show-me"


@pytest.mark.parametrize(
    ("kind", "path", "held"),
    [
        (SERVER, "password", SECRET),
        ("aws:elasticache/user:User", "passwords", [SECRET]),
        ("aws:secretsmanager/secretVersion:SecretVersion", "secretString", SECRET),
        ("kubernetes:core/v1:Secret", "data", {"odoo.conf": SECRET}),
        ("kubernetes:core/v1:Secret", 'stringData["a"]', SECRET),
        ("kubernetes:apps/v1:Deployment", "spec.template.spec.containers", [{"env": [{"value": SECRET}]}]),
        ("kubernetes:apps/v1:Deployment", "spec.containers[0].env[1].value", SECRET),
        ("kubernetes:core/v1:ConfigMap", "data", {"url": f"redis://odoo:{SECRET}@cache:6379"}),
        ("aws:rds/parameterGroup:ParameterGroup", "parameters", [{"masterPassword": SECRET}]),
    ],
)
def test_no_secret_is_shown(kind: str, path: str, held: Any) -> None:
    root = path.partition(".")[0].partition("[")[0]
    value: Any = held if root == path else {"a": held, "containers": [{"env": [1, {"value": held}]}]}
    value = {"template": {"spec": {"containers": held}}, **value} if root == "spec" else value
    changed = {root: value}
    for old, new in (({root: None}, changed), (changed, {root: None})):
        (change,) = refresh_of(digest(step(kind, "it", old, new, [path])), "file").changes
        assert [each.path for each in change.fields] == [path]
        assert SECRET not in json.dumps([each.__dict__ for each in change.fields])


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from("abcd"), PLAIN), st.dictionaries(st.sampled_from("abcd"), PLAIN))
def test_equal_states_have_no_drift_and_others_name_every_key(
    old: dict[str, Any], new: dict[str, Any]
) -> None:
    found = refresh_of(digest(step(SERVER, "server", old, new)), "file").changes
    named = {field.path for each in found for field in each.fields}
    assert named == {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
