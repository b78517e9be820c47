"""Knows the groups that databases stand on: subnet groups and parameter groups."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.operations import creates, deletes, finds, sends_all
from localcloud.aws.rds import TAGS
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import two_zones

if TYPE_CHECKING:
    from collections.abc import Mapping


def _modify_parameters(call: Call) -> None:
    before = {p["name"]: p for p in call.old.get("parameters") or []}
    after = {p["name"]: p for p in call.new.get("parameters") or []}
    changed = [_parameter(p) for name, p in after.items() if before.get(name) != p]
    reset = [_parameter(p) for name, p in before.items() if name not in after]
    # RDS takes at most 20 parameters in one call.
    for start in range(0, len(changed), 20):
        call.ask(
            "modify_db_parameter_group", DBParameterGroupName=call.id, Parameters=changed[start : start + 20]
        )
    if reset:
        call.ask("reset_db_parameter_group", DBParameterGroupName=call.id, Parameters=reset)


def _parameters(call: Call, _found: Mapping[str, Any]) -> dict[str, Any]:
    held = call.ask("describe_db_parameters", DBParameterGroupName=call.id, Source="user")["Parameters"]
    spelled = [
        {"name": p["ParameterName"], "value": p["ParameterValue"], "applyMethod": p.get("ApplyMethod")}
        for p in held
    ]
    return {"parameters": sorted(spelled, key=lambda parameter: str(parameter["name"]))}


def _parameter(given: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "ParameterName": given["name"],
        "ParameterValue": str(given["value"]),
        "ApplyMethod": given.get("applyMethod", "immediate"),
    }


def _described(call: Call) -> dict[str, str]:
    return {} if call.new.get("description") else {"DBSubnetGroupDescription": "Managed by Pulumi"}


ROWS = (
    Row(
        kind="aws:rds/subnetGroup:SubnetGroup",
        service="rds",
        inputs=fields("name=DBSubnetGroupName description=DBSubnetGroupDescription subnetIds"),
        live=fields(
            """name=DBSubnetGroupName description=DBSubnetGroupDescription vpcId arn=DBSubnetGroupArn
            subnetIds=Subnets[].SubnetIdentifier supportedNetworkTypes"""
        ),
        create=lambda call: creates(
            "create_db_subnet_group", "DBSubnetGroup.DBSubnetGroupName", **_described(call)
        )(call),
        find=finds("describe_db_subnet_groups", "DBSubnetGroupName", "DBSubnetGroups[0]"),
        changes=(sends_all("description subnetIds", "modify_db_subnet_group", "DBSubnetGroupName"),),
        delete=deletes("delete_db_subnet_group", "DBSubnetGroupName"),
        replaces=names("name namePrefix"),
        name=Name("name", "namePrefix", lower=True),
        tags=TAGS,
        defaults={"supportedNetworkTypes": ["IPV4"]},
        before_create=(lambda call: two_zones(call, "DBSubnetGroupDoesNotCoverEnoughAZs"),),
        before_update=(lambda call: two_zones(call, "DBSubnetGroupDoesNotCoverEnoughAZs"),),
    ),
    Row(
        kind="aws:rds/parameterGroup:ParameterGroup",
        service="rds",
        inputs=fields(
            "name=DBParameterGroupName family=DBParameterGroupFamily description parameters= skipDestroy="
        ),
        live=fields(
            "name=DBParameterGroupName family=DBParameterGroupFamily description arn=DBParameterGroupArn"
        ),
        create=lambda call: creates(
            "create_db_parameter_group",
            "DBParameterGroup.DBParameterGroupName",
            **({} if call.new.get("description") else {"Description": "Managed by Pulumi"}),
        )(call),
        find=finds("describe_db_parameter_groups", "DBParameterGroupName", "DBParameterGroups[0]"),
        derive=_parameters,
        changes=(Change(names("parameters"), _modify_parameters, settles=True),),
        delete=deletes("delete_db_parameter_group", "DBParameterGroupName"),
        replaces=names("name namePrefix family description"),
        name=Name("name", "namePrefix", lower=True),
        tags=TAGS,
    ),
)
