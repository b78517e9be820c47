"""Knows roles and policies; both are global, so no type here has a region."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localcloud.aws.errors import is_absent
from localcloud.aws.limits import between
from localcloud.aws.operations import (
    changes,
    creates,
    finds,
    tagged_by_pairs,
)
from localcloud.aws.row import Call, Change, Name, Row, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

_VERSIONS = 5
"""Versions of a policy that AWS keeps at most."""


def _managed(call: Call) -> None:
    before, after = set(call.old.get("managedPolicyArns") or []), set(call.new.get("managedPolicyArns") or [])
    for arn in sorted(after - before):
        call.ask("attach_role_policy", RoleName=call.id, PolicyArn=arn)
    for arn in sorted(before - after):
        call.ask("detach_role_policy", RoleName=call.id, PolicyArn=arn)


def _inline(call: Call) -> None:
    after = {policy["name"]: policy["policy"] for policy in call.new.get("inlinePolicies") or []}
    for policy in call.old.get("inlinePolicies") or []:
        if policy["name"] not in after:
            call.ask("delete_role_policy", RoleName=call.id, PolicyName=policy["name"])
    for name, document in after.items():
        call.ask("put_role_policy", RoleName=call.id, PolicyName=name, PolicyDocument=document)


def _delete_role(call: Call) -> None:
    everything = bool(call.old.get("forceDetachPolicies"))
    attached = call.ask("list_attached_role_policies", RoleName=call.id)["AttachedPolicies"]
    for policy in attached:
        if everything or policy["PolicyArn"] in (call.old.get("managedPolicyArns") or []):
            call.ask("detach_role_policy", RoleName=call.id, PolicyArn=policy["PolicyArn"])
    own = {policy["name"] for policy in call.old.get("inlinePolicies") or []}
    for name in call.ask("list_role_policies", RoleName=call.id)["PolicyNames"]:
        if everything or name in own:
            call.ask("delete_role_policy", RoleName=call.id, PolicyName=name)
    call.ask("delete_role", RoleName=call.id)


def _change_trust(call: Call) -> None:
    call.ask("update_assume_role_policy", RoleName=call.id, PolicyDocument=call.new["assumeRolePolicy"])


def _put_role_policy(call: Call) -> str:
    call.ask("put_role_policy", **call.parameters())
    return f"{call.new['role']}:{call.new['name']}"


def _find_role_policy(call: Call) -> Mapping[str, Any] | None:
    role, _, name = call.id.partition(":")
    return call.seek("get_role_policy", RoleName=role, PolicyName=name)


def _delete_role_policy(call: Call) -> None:
    role, _, name = call.id.partition(":")
    call.ask("delete_role_policy", RoleName=role, PolicyName=name)


def _policy_facts(call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    version = call.ask("get_policy_version", PolicyArn=call.id, VersionId=found["DefaultVersionId"])
    return {"policy": _text(version["PolicyVersion"]["Document"])}


def _new_version(call: Call) -> None:
    versions = call.ask("list_policy_versions", PolicyArn=call.id)["Versions"]
    if len(versions) >= _VERSIONS:
        oldest = min((v for v in versions if not v["IsDefaultVersion"]), key=lambda v: v["CreateDate"])
        call.ask("delete_policy_version", PolicyArn=call.id, VersionId=oldest["VersionId"])
    call.ask("create_policy_version", PolicyArn=call.id, PolicyDocument=call.new["policy"], SetAsDefault=True)


def _delete_policy(call: Call) -> None:
    for version in call.ask("list_policy_versions", PolicyArn=call.id)["Versions"]:
        if not version["IsDefaultVersion"]:
            call.ask("delete_policy_version", PolicyArn=call.id, VersionId=version["VersionId"])
    call.ask("delete_policy", PolicyArn=call.id)


def _attach(call: Call) -> str:
    call.ask("attach_role_policy", **call.parameters())
    return f"{call.new['role']}/{call.new['policyArn']}"


def _find_attachment(call: Call) -> Mapping[str, Any] | None:
    role, _, arn = call.id.partition("/")
    try:
        pages = call.client().get_paginator("list_attached_role_policies").paginate(RoleName=role)
        attached = {policy["PolicyArn"] for page in pages for policy in page["AttachedPolicies"]}
    except ClientError as error:
        if is_absent(error):
            return None
        raise
    return {"RoleName": role, "PolicyArn": arn} if arn in attached else None


def _detach(call: Call) -> None:
    role, _, arn = call.id.partition("/")
    call.ask("detach_role_policy", RoleName=role, PolicyArn=arn)


def _text(document: Any) -> str:
    # boto3 decodes policy documents; Pulumi's are text.
    return document if isinstance(document, str) else json.dumps(document)


_ROLE_TAGS = tagged_by_pairs("RoleName", of="name", add="tag_role", remove="untag_role")
_POLICY_TAGS = tagged_by_pairs("PolicyArn", add="tag_policy", remove="untag_policy")

ROWS = (
    Row(
        kind="aws:iam/role:Role",
        service="iam",
        regional=False,
        inputs=fields(
            """name=RoleName assumeRolePolicy=AssumeRolePolicyDocument description maxSessionDuration path
            permissionsBoundary forceDetachPolicies= inlinePolicies= managedPolicyArns="""
        ),
        live=fields(
            """name=RoleName description maxSessionDuration path arn uniqueId=RoleId
            permissionsBoundary=PermissionsBoundary.PermissionsBoundaryArn"""
        ),
        derive=lambda _, found: {
            "assumeRolePolicy": _text(found["AssumeRolePolicyDocument"]),
            "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
        derived=names("createDate"),
        create=creates("create_role", "Role.RoleName"),
        find=finds("get_role", "RoleName", "Role"),
        changes=(
            Change(names("assumeRolePolicy"), _change_trust),
            changes("description maxSessionDuration", "update_role", "RoleName"),
            changes("permissionsBoundary", "put_role_permissions_boundary", "RoleName"),
            Change(names("managedPolicyArns"), _managed, settles=True),
            Change(names("inlinePolicies"), _inline, settles=True),
        ),
        delete=_delete_role,
        replaces=names("name namePrefix path"),
        name=Name("name", "namePrefix"),
        tags=_ROLE_TAGS,
        checks=(between("maxSessionDuration", 3600, 43200),),
    ),
    Row(
        kind="aws:iam/rolePolicy:RolePolicy",
        service="iam",
        regional=False,
        inputs=fields("name=PolicyName role=RoleName policy=PolicyDocument"),
        live=fields("name=PolicyName role=RoleName"),
        derive=lambda _, found: {"policy": _text(found["PolicyDocument"])},
        create=_put_role_policy,
        find=_find_role_policy,
        changes=(Change(names("policy"), _put_role_policy),),
        delete=_delete_role_policy,
        replaces=names("name namePrefix role"),
        name=Name("name", "namePrefix"),
    ),
    Row(
        kind="aws:iam/policy:Policy",
        service="iam",
        regional=False,
        inputs=fields("name=PolicyName policy=PolicyDocument description path delayAfterPolicyCreationInMs="),
        live=fields("name=PolicyName description path arn policyId attachmentCount"),
        derive=_policy_facts,
        create=creates("create_policy", "Policy.Arn"),
        find=finds("get_policy", "PolicyArn", "Policy"),
        changes=(Change(names("policy"), _new_version),),
        delete=_delete_policy,
        replaces=names("name namePrefix path description"),
        name=Name("name", "namePrefix"),
        tags=_POLICY_TAGS,
    ),
    Row(
        kind="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        service="iam",
        regional=False,
        inputs=fields("role=RoleName policyArn"),
        live=fields("role=RoleName policyArn"),
        create=_attach,
        find=_find_attachment,
        delete=_detach,
        replaces=names("role policyArn"),
    ),
)
