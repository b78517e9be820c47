from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.scan.registered import Registered, ScanError, Withheld, load
from tests.policies.scan.declared import SECRET

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
KEY = "urn:pulumi:s::p::aws:kms/key:Key::key"
BUCKET = "urn:pulumi:s::p::aws:s3/bucket:Bucket::backups"


def state(urn: str, **more: Any) -> dict[str, Any]:
    return {"urn": urn, "type": urn.split("::")[2], "custom": True, **more}


def loaded(tmp_path: Path, document: Any) -> list[Registered]:
    path = tmp_path / "state.json"
    path.write_text(json.dumps(document), encoding="utf-8")
    return load(path)


def exported(*states: dict[str, Any]) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(states)}}


def test_an_exported_resource_has_inputs_outputs_and_sources(tmp_path: Path) -> None:
    key = state(
        KEY,
        id="1234",
        inputs={"enableKeyRotation": True},
        outputs={"arn": "arn:key"},
        propertyDependencies={"policy": [BUCKET], "description": None},
    )
    (found,) = loaded(tmp_path, exported(key))
    assert found == Registered(
        urn=KEY,
        type="aws:kms/key:Key",
        inputs={"enableKeyRotation": True},
        outputs={"id": "1234", "arn": "arn:key"},
        sources={"policy": (BUCKET,)},
    )
    assert found.name == "key"


def test_what_is_no_resource_of_a_cloud_is_left_out(tmp_path: Path) -> None:
    component = state("urn:pulumi:s::p::costack:index:TenantStack::acme") | {"custom": False}
    provider = state("urn:pulumi:s::p::pulumi:providers:aws::default")
    replaced = state(BUCKET, delete=True)
    assert [each.urn for each in loaded(tmp_path, exported(component, provider, replaced, state(KEY)))] == [
        KEY
    ]


def test_secrets_and_unknown_values_are_withheld_wherever_they_are(tmp_path: Path) -> None:
    inputs = {"a": SECRET, "b": [{"c": UNKNOWN}, "known"], "d": {"e": "[secret]"}, "f": [SECRET]}
    (found,) = loaded(tmp_path, exported(state(KEY, inputs=inputs)))
    hidden = Withheld.VALUE
    assert found.inputs == {"a": hidden, "b": [{"c": hidden}, "known"], "d": {"e": hidden}, "f": [hidden]}


def test_a_preview_tells_what_will_be_and_not_what_goes(tmp_path: Path) -> None:
    steps = [
        {"op": "create", "urn": KEY, "newState": state(KEY, inputs={"description": "new"})},
        {"op": "delete", "urn": BUCKET, "oldState": state(BUCKET)},
    ]
    (found,) = loaded(tmp_path, {"steps": steps})
    assert (found.urn, found.inputs, found.outputs) == (KEY, {"description": "new"}, {})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("resources: []", ":1: is not JSON: Expecting value; name what `pulumi stack export` or"),
        ("[]", ": is not what `pulumi stack export`"),
        ("{}", ": is not what `pulumi stack export`"),
        ('{"steps": [{"newState": {"custom": true}}]}', ": is not what `pulumi stack export`"),
        ('{"deployment": {"resources": null}}', ": has no resource; deploy the stack"),
    ],
)
def test_a_file_of_something_else_is_one_sentence_with_its_path(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScanError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}{said}")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there_is_one_sentence_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match=r"none\.json: no such file; name what"):
        load(tmp_path / "none.json")
