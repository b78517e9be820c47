"""Policy documents: which conditions narrow a statement, and that their form makes no difference."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from policies.documents import documents
from policies.properties import opened, walk
from tests.policies.insecure import KEY, MINE, allows, document

QUEUE = "aws:sqs/queuePolicy:QueuePolicy"
ROLE = "aws:iam/role:Role"
ORGANISATION = {"aws:PrincipalOrgID": "o-a1b2c3"}


def refused(type_token: str, **props: Any) -> list[str]:
    return [str(each) for each in documents(type_token, props)]


def open_to_all(condition: Mapping[str, Any]) -> list[str]:
    return refused(QUEUE, policy=document(allows("*", action="sqs:SendMessage", Condition=condition)))


@pytest.mark.parametrize(
    "condition",
    [
        {"StringEquals": ORGANISATION},
        {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-a1b2c3/*"]}},
        {"StringEquals": {"AWS:SourceAccount": ["123456789012"]}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:123456789012:*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::acme-*"}},
        {"IpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1"}},
        {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}},
        {"Bool": {"aws:SecureTransport": "true"}, "StringEquals": ORGANISATION},
    ],
    ids=json.dumps,
)
def test_a_condition_that_names_callers_narrows(condition: Mapping[str, Any]) -> None:
    assert open_to_all(condition) == []


@pytest.mark.parametrize(
    "condition",
    [
        {},
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringLike": {"aws:PrincipalOrgID": "*"}},
        {"StringEquals": {"aws:PrincipalOrgID": []}},
        {"StringEqualsIfExists": ORGANISATION},
        {"ForAllValues:StringEquals": ORGANISATION},
        {"StringNotEquals": ORGANISATION},
        {"NotIpAddress": {"aws:SourceIp": "198.51.100.0/24"}},
        {"IpAddress": {"aws:SourceIp": ["198.51.100.0/24", "0.0.0.0/0"]}},
        {"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}},
        {"ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}},
        {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "false"}},
        {"StringEquals": {"aws:UserAgent": "acme"}},
        {"StringEquals": "aws:PrincipalOrgID"},
        {"Null": {"aws:PrincipalOrgID": "true"}},
    ],
    ids=json.dumps,
)
def test_a_condition_that_anybody_can_meet_does_not(condition: Mapping[str, Any]) -> None:
    (said,) = open_to_all(condition)
    assert said.startswith("policy.Statement[0] lets in everybody")


@pytest.mark.parametrize(
    "principal",
    ["*", {"AWS": "*"}, {"AWS": [MINE["AWS"], "*"]}, {"aws": "*"}, {"AWS": "arn:aws:iam::*:root"}, ["*"]],
    ids=json.dumps,
)
def test_everybody_is_found_in_every_spelling(principal: Any) -> None:
    (said,) = refused(QUEUE, policy=document(allows(principal, action="sqs:SendMessage")))
    assert "lets in everybody" in said


EVERYBODY = {"Version": "2012-10-17", "Statement": [allows("*", action="sqs:SendMessage")]}
FORMS: Mapping[str, Any] = {
    "text": json.dumps(EVERYBODY),
    "indented text": json.dumps(EVERYBODY, indent=4),
    "object": EVERYBODY,
    "one statement": {"Statement": EVERYBODY["Statement"][0]},
    "small letters": {"statement": [{k.lower(): v for k, v in allows("*", action="sqs:*").items()}]},
    "no effect": {"Statement": {"Principal": "*", "Action": "sqs:*", "Resource": "*"}},
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("type_token", "name"),
    [
        (QUEUE, "policy"),
        ("aws:sqs/queue:Queue", "policy"),
        ("aws:opensearch/domain:Domain", "accessPolicies"),
        ("aws:glacier/vault:Vault", "accessPolicy"),
        ("aws:backup/vaultPolicy:VaultPolicy", "policy"),
        ("aws-native:sqs:QueuePolicy", "policyDocument"),
        ("aws:vpc/endpoint:OfAKindNobodyKnows", "whatever"),
    ],
)
def test_a_document_is_judged_wherever_it_lies(type_token: str, name: str, form: str) -> None:
    (said,) = refused(type_token, **{name: FORMS[form]})
    assert said.startswith(f"{name}.Statement")
    assert "lets in everybody" in said


@pytest.mark.parametrize(
    "text",
    [
        '{"Statement": [}',
        '{"Statement": [], "statement": []}',
        '{"Statement": ' + "[" * 10_000,
        '{"Statement": ["text"]}',
    ],
    ids=["broken", "twins", "deep", "text"],
)
def test_what_cannot_be_read_is_refused(text: str) -> None:
    (said,) = refused(QUEUE, policy=text)
    assert "is no policy that can be read" in said


def test_text_that_is_no_policy_stays_text() -> None:
    assert opened({"a": "{no json", "b": "plain", "c": "[1]"}) == {"a": "{no json", "b": "plain", "c": [1]}


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (allows(action="s3:GetObject", resource="arn:aws:s3:::acme/*"), None),
        (allows(action=["ec2:Describe*", "s3:ListAllMyBuckets"]), None),
        (allows(action="*", resource="arn:aws:s3:::acme/*"), "every action of AWS"),
        (allows(action="*:*"), "every action of AWS"),
        (allows(action=["ec2:Describe*", "S3:*"]), "s3:*"),
        (allows(action="s3:Get*"), "s3:get*"),
        (allows(action="iam:*Role*"), "iam:*role*"),
        (allows(action="kms:Decrypt", resource="arn:aws:kms:*:*:*"), "kms:decrypt"),
        (allows(action="kms:Decrypt", resource=KEY), None),
        (allows(action="secretsmanager:GetSecretValue"), "secretsmanager:getsecretvalue"),
        ({"Effect": "Allow", "Action": "sts:AssumeRole", "NotResource": KEY}, "sts:assumerole"),
        ({"Effect": "Deny", "Action": "*", "Resource": "*"}, None),
    ],
    ids=repr,
)
def test_permissions(statement: Mapping[str, Any], said: str | None) -> None:
    found = refused("aws:iam/policy:Policy", policy=document(statement))
    assert len(found) == (said is not None)
    assert all(said is not None and said in each for each in found)


@pytest.mark.parametrize(
    ("principal", "condition", "trusted"),
    [
        ({"Service": "ec2.amazonaws.com"}, {}, True),
        (MINE, {}, False),
        (MINE, {"StringEquals": {"sts:ExternalId": "x1"}}, True),
        (MINE, {"StringLike": {"sts:ExternalId": "*"}}, False),
        (MINE, {"StringEquals": ORGANISATION}, True),
        ("*", {"StringEquals": {"sts:ExternalId": "x1"}}, False),
        ("*", {"StringEquals": ORGANISATION}, True),
        ({"Federated": "arn:aws:iam::1:oidc-provider/e"}, {"StringEquals": {"e:aud": "a"}}, False),
        ({"Federated": "arn:aws:iam::1:oidc-provider/e"}, {"StringLike": {"e:sub": "*"}}, False),
        ({"Federated": "arn:aws:iam::1:oidc-provider/e"}, {"StringEquals": {"e:sub": "a"}}, True),
    ],
    ids=repr,
)
def test_trust(principal: Any, condition: Mapping[str, Any], *, trusted: bool) -> None:
    trust = document(allows(principal, action="sts:AssumeRole", Condition=condition))
    assert (refused(ROLE, assumeRolePolicy=trust) == []) is trusted


def test_words_of_the_user_are_no_properties() -> None:
    props = {"tags": {"policy": "x"}, "environment": {"variables": {"encrypted": False}}, "a": [1]}
    assert {path for path, _ in walk(props)} == {(), ("environment",), ("a",), ("a", 0)}
