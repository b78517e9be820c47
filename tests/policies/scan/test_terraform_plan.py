from __future__ import annotations

import json
from collections import Counter
from typing import Any

from policies.scan.registered import Registered, Withheld
from policies.scan.spelling import terraform_type
from policies.scan.terraform_plan import terraform_plan

PREFIX = "urn:pulumi:s::p::"
KEY = Registered(
    f"{PREFIX}aws:kms/key:Key::a-key", "aws:kms/key:Key", {}, {"id": "1234", "keyId": "1234", "arn": "arn:k"}
)
COMPUTED = "policy"


def resource(name: str, inputs: dict[str, Any], **sources: tuple[str, ...]) -> Registered:
    token = "aws:rds/instance:Instance"
    return Registered(f"{PREFIX}{token}::{name}", token, inputs, {}, sources)


def planned(*registered: Registered) -> dict[str, dict[str, Any]]:
    resources = terraform_plan(registered)["planned_values"]["root_module"]["resources"]
    return {each["address"]: each["values"] for each in resources}


def unknown(*registered: Registered) -> dict[str, dict[str, Any]]:
    return {
        each["address"]: each["change"]["after_unknown"]
        for each in terraform_plan(registered)["resource_changes"]
    }


def test_every_aws_resource_is_planned_once_and_created(strong: list[Registered]) -> None:
    plan = terraform_plan(strong)
    wanted = Counter(terraform_type(each.type) for each in strong if each.type.startswith("aws:"))
    resources = plan["planned_values"]["root_module"]["resources"]
    assert Counter(each["type"] for each in resources) == wanted
    assert sum(wanted.values()) > 150
    addresses = [f"{each['type']}.{each['name']}" for each in resources]
    assert addresses == [each["address"] for each in resources]
    assert len(set(addresses)) == len(addresses)
    changes = {each["address"]: each["change"] for each in plan["resource_changes"]}
    assert [changes[each["address"]]["after"] for each in resources] == [each["values"] for each in resources]
    assert {tuple(change["actions"]) for change in changes.values()} == {("create",)}


KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
"""Who takes a key waits for its policy too, and takes nothing of it."""
WAITED_FOR = {
    # A user joins a group that its cache has.
    "aws:elasticache/userGroupAssociation:UserGroupAssociation": (
        "aws:elasticache/replicationGroup:ReplicationGroup"
    )
}


def test_no_secret_is_in_the_plan(strong: list[Registered]) -> None:
    text = json.dumps(terraform_plan(strong))
    assert "password-of-" not in text
    assert "auth_token" in text
    changes = {each["address"]: each["change"] for each in terraform_plan(strong)["resource_changes"]}
    for kind, secret in (
        ("replication_group.local_hp_baseline", "auth_token"),
        ("user.dd_baseline", "passwords"),
    ):
        change = changes[f"aws_elasticache_{kind}_sessions"]
        assert secret not in change["after"]
        assert change["after_unknown"] == {secret: True}


def test_whatever_is_made_of_another_resource_refers_to_it(strong: list[Registered]) -> None:
    by_urn = {each.urn: each for each in strong}
    values = planned(*strong)
    lost = []
    count = 0
    for each in (each for each in strong if each.urn in by_urn and terraform_type(each.type)):
        said = json.dumps(values[address(each)])
        for key, urns in each.sources.items():
            given = (by_urn[urn] for urn in urns if urn in by_urn)
            for source in (one for one in given if one.type != WAITED_FOR.get(each.type, KEY_POLICY)):
                if key != COMPUTED and terraform_type(source.type):
                    count += 1
                    lost += [f"{each.name}.{key} of {source.name}"] if address(source) not in said else []
    assert count > 150
    assert lost == []


def address(each: Registered) -> str:
    return f"{terraform_type(each.type)}.{each.name.replace('-', '_')}"


def test_references_name_the_output_they_take(strong: list[Registered]) -> None:
    values = planned(*strong)
    bucket = "aws_s3_bucket.local_backups.bucket"
    assert values["aws_s3_bucket_public_access_block.local_backups_private"]["bucket"] == bucket
    database = values["aws_db_instance.local_postgresql"]
    assert database["kms_key_id"] == "aws_kms_key.local_key.arn"
    assert database["vpc_security_group_ids"] == ["aws_security_group.local_network_data.id"]
    (rule,) = values["aws_s3_bucket_server_side_encryption_configuration.local_backups_encryption"]["rule"]
    (encryption,) = rule["apply_server_side_encryption_by_default"]
    assert encryption["kms_master_key_id"] == "aws_kms_key.local_key.arn"
    assert encryption["sse_algorithm"] == "aws:kms"


def test_a_name_that_a_preview_knows_as_an_input_is_referred_to() -> None:
    source = Registered(KEY.urn, KEY.type, {"name": "key-1a2b", "tags": Withheld.VALUE})
    values = planned(source, resource("db", {"keyName": "key-1a2b"}, keyName=(KEY.urn,)))
    assert values["aws_db_instance.db"] == {"key_name": "aws_kms_key.a_key.name"}


def test_an_output_inside_another_is_referred_to_too() -> None:
    source = Registered(KEY.urn, KEY.type, {}, {"groups": [{"nodes": [{"name": "asg"}]}], "other": "x"})
    tag = resource("db", {"groupName": "asg", "size": "m"}, groupName=(KEY.urn,), size=(KEY.urn,))
    assert planned(source, tag)["aws_db_instance.db"] == {
        "group_name": "aws_kms_key.a_key.groups",
        "size": "m",
    }


def test_an_output_that_another_resource_happens_to_have_is_no_reference() -> None:
    values = planned(KEY, resource("db", {"kmsKeyId": "arn:k", "description": "arn:k"}, kmsKeyId=(KEY.urn,)))
    assert values["aws_db_instance.db"] == {"kms_key_id": "aws_kms_key.a_key.arn", "description": "arn:k"}


def test_what_a_preview_does_not_know_refers_to_where_it_will_come_from() -> None:
    other = Registered(f"{PREFIX}aws:kms/key:Key::b", "aws:kms/key:Key", {})
    database = resource(
        "db",
        {"kmsKeyId": Withheld.VALUE, "policy": Withheld.VALUE, "ids": [Withheld.VALUE]},
        kmsKeyId=(KEY.urn,),
        policy=(KEY.urn, other.urn),
        ids=(other.urn, "urn:of:something-else"),
    )
    assert planned(KEY, other, database)["aws_db_instance.db"] == {
        "kms_key_id": "aws_kms_key.a_key.id",
        "policy": "${aws_kms_key.a_key.id}${aws_kms_key.b.id}",
        "ids": ["aws_kms_key.b.id"],
    }


def test_what_is_withheld_and_comes_from_nowhere_is_known_after_the_update() -> None:
    inputs = {
        "password": Withheld.VALUE,
        "rules": [{"a": 1}, {"b": Withheld.VALUE, "c": 2}],
        "names": [Withheld.VALUE, "known"],
        "nothing": None,
        "tags": {"cost/client": "acme"},
    }
    database = resource("db", inputs)
    assert planned(database)["aws_db_instance.db"] == {
        "rule": [{"a": 1}, {"c": 2}],
        "names": ["known"],
        "tags": {"cost/client": "acme"},
    }
    assert unknown(database)["aws_db_instance.db"] == {
        "password": True,
        "rule": [{}, {"b": True}],
        "names": [True, False],
    }


def test_two_names_that_terraform_cannot_tell_apart_get_a_number() -> None:
    twins = [resource("a-b", {"n": 1}), resource("a_b", {"n": 2}), resource("a.b", {"n": 3})]
    assert planned(*twins) == {
        "aws_db_instance.a_b": {"n": 1},
        "aws_db_instance.a_b_2": {"n": 2},
        "aws_db_instance.a_b_3": {"n": 3},
    }


def test_what_is_of_another_provider_is_not_planned() -> None:
    token = "random:index/randomId:RandomId"
    plan = terraform_plan([Registered(f"{PREFIX}{token}::life", token, {"byteLength": 4})])
    assert plan["planned_values"]["root_module"]["resources"] == plan["resource_changes"] == []
