"""Knows security groups, their rules, and VPC endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.network import ec2_tags
from localcloud.aws.operations import creates, finds, key_values, tags_at_create
from localcloud.aws.row import Call, Change, Name, Row, fields, names

if TYPE_CHECKING:
    from collections.abc import Mapping

_MANAGED = "Managed by Pulumi"
_ALL_EGRESS = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def _create_group(call: Call) -> str:
    made = creates("create_security_group", "GroupId", **_described(call))(call)
    # AWS opens egress for a new group; like Terraform, only rules that were asked for remain.
    call.ask("revoke_security_group_egress", GroupId=made, IpPermissions=_ALL_EGRESS)
    return made


def _delete_group(call: Call) -> None:
    """AWS keeps a group that a rule of another one names, or that a database has."""
    rules = call.ask("describe_security_group_rules")["SecurityGroupRules"]
    naming = [
        str(rule["GroupId"])
        for rule in rules
        if rule["GroupId"] != call.id and rule.get("ReferencedGroupInfo", {}).get("GroupId") == call.id
    ]
    having = [
        str(database["DBInstanceIdentifier"])
        for database in call.ask("rds:describe_db_instances")["DBInstances"]
        if call.id in {group["VpcSecurityGroupId"] for group in database.get("VpcSecurityGroups") or []}
    ]
    if dependent := sorted([*naming, *having]):
        refuse("DependencyViolation", f"resource {call.id} has a dependent object: {', '.join(dependent)}")
    call.ask("delete_security_group", GroupId=call.id)


def _described(call: Call) -> dict[str, str]:
    return {} if call.new.get("description") else {"Description": _MANAGED}


def _inline_rules(call: Call) -> None:
    for side in sorted({"ingress", "egress"} & call.changed):
        gone = [_permission(rule, call.id) for rule in call.old.get(side) or []]
        wanted = [_permission(rule, call.id) for rule in call.new.get(side) or []]
        if gone:
            call.ask(f"revoke_security_group_{side}", GroupId=call.id, IpPermissions=gone)
        if wanted:
            call.ask(f"authorize_security_group_{side}", GroupId=call.id, IpPermissions=wanted)


def _permission(rule: Mapping[str, Any], group: str) -> dict[str, Any]:
    note = {"Description": rule["description"]} if rule.get("description") else {}
    groups = [*(rule.get("securityGroups") or []), *([group] if rule.get("self") else [])]
    permission: dict[str, Any] = {"IpProtocol": str(rule["protocol"])}
    if permission["IpProtocol"] != "-1":
        permission |= {"FromPort": rule["fromPort"], "ToPort": rule["toPort"]}
    spelled = {
        "IpRanges": [{"CidrIp": cidr, **note} for cidr in rule.get("cidrBlocks") or []],
        "Ipv6Ranges": [{"CidrIpv6": cidr, **note} for cidr in rule.get("ipv6CidrBlocks") or []],
        "PrefixListIds": [{"PrefixListId": name, **note} for name in rule.get("prefixListIds") or []],
        "UserIdGroupPairs": [{"GroupId": name, **note} for name in groups],
    }
    return permission | {name: ranges for name, ranges in spelled.items() if ranges}


_RULE_INPUTS = fields(
    "securityGroupId= ipProtocol= fromPort= toPort= cidrIpv4= cidrIpv6= description= prefixListId= "
    "referencedSecurityGroupId="
)


def _rule_permission(inputs: Mapping[str, Any]) -> dict[str, Any]:
    kinds = {"cidrIpv4": "cidrBlocks", "cidrIpv6": "ipv6CidrBlocks", "prefixListId": "prefixListIds"}
    kinds["referencedSecurityGroupId"] = "securityGroups"
    ports = {"fromPort": inputs.get("fromPort", -1), "toPort": inputs.get("toPort", -1)}
    sources = {many: [inputs[one]] for one, many in kinds.items() if inputs.get(one)}
    note = {"description": inputs.get("description"), "protocol": inputs["ipProtocol"]}
    return _permission({**note, **ports, **sources}, "")


def _rule(direction: str, kind: str) -> Row:
    def create(call: Call) -> str:
        answer = call.ask(
            f"authorize_security_group_{direction}",
            GroupId=call.new["securityGroupId"],
            IpPermissions=[_rule_permission(call.new)],
            **tags_at_create(call),
        )
        return str(answer["SecurityGroupRules"][0]["SecurityGroupRuleId"])

    def delete(call: Call) -> None:
        call.ask(
            f"revoke_security_group_{direction}",
            GroupId=call.old["securityGroupId"],
            SecurityGroupRuleIds=[call.id],
        )

    return Row(
        kind=kind,
        service="ec2",
        inputs=_RULE_INPUTS,
        live=fields(
            """securityGroupId=GroupId ipProtocol fromPort toPort cidrIpv4 cidrIpv6 prefixListId description
            referencedSecurityGroupId=ReferencedGroupInfo.GroupId securityGroupRuleId"""
        ),
        derive=lambda call, _: {"arn": call.arn(f"security-group-rule/{call.id}")},
        derived=names("arn"),
        create=create,
        find=finds(
            "describe_security_group_rules", "SecurityGroupRuleIds", "SecurityGroupRules[0]", many=True
        ),
        delete=delete,
        changes=(Change(frozenset(_RULE_INPUTS) - {"securityGroupId"}, _modify_rule),),
        replaces=names("securityGroupId"),
        tags=ec2_tags("security-group-rule"),
    )


def _modify_rule(call: Call) -> None:
    flat = fields(
        "ipProtocol fromPort toPort cidrIpv4 cidrIpv6 prefixListId description "
        "referencedSecurityGroupId=ReferencedGroupId"
    )
    rule = {api: call.new[name] for name, api in flat.items() if call.new.get(name) is not None}
    call.ask(
        "modify_security_group_rules",
        GroupId=call.new["securityGroupId"],
        SecurityGroupRules=[{"SecurityGroupRuleId": call.id, "SecurityGroupRule": rule}],
    )


def _change_endpoint(call: Call) -> None:
    sent: dict[str, Any] = {}
    for name, api in {
        "routeTableIds": "RouteTableIds",
        "subnetIds": "SubnetIds",
        "securityGroupIds": "SecurityGroupIds",
    }.items():
        before, after = set(call.old.get(name) or []), set(call.new.get(name) or [])
        if after - before:
            sent[f"Add{api}"] = sorted(after - before)
        if before - after:
            sent[f"Remove{api}"] = sorted(before - after)
    if "policy" in call.changed:
        sent["PolicyDocument"] = call.new.get("policy")
    if "privateDnsEnabled" in call.changed:
        sent["PrivateDnsEnabled"] = bool(call.new.get("privateDnsEnabled"))
    call.ask("modify_vpc_endpoint", VpcEndpointId=call.id, **sent)


def _adopt_default(call: Call) -> str:
    """A VPC comes with its default group: it is taken over, and its rules are what the program says."""
    of_vpc = [
        {"Name": "vpc-id", "Values": [call.new["vpcId"]]},
        {"Name": "group-name", "Values": ["default"]},
    ]
    (group,) = call.ask("describe_security_groups", Filters=of_vpc)["SecurityGroups"]
    made = str(group["GroupId"])
    for side, held in (("ingress", "IpPermissions"), ("egress", "IpPermissionsEgress")):
        if group[held]:
            call.ask(f"revoke_security_group_{side}", GroupId=made, IpPermissions=group[held])
    if tags := call.new.get("tags"):
        call.ask("create_tags", Resources=[made], Tags=key_values(dict(tags)))
    return made


def _let_go(call: Call) -> None:
    """It stays until its VPC goes; only our tags are taken off."""
    if tags := call.old.get("tags"):
        call.ask("delete_tags", Resources=[call.id], Tags=[{"Key": key} for key in tags])


ROWS = (
    Row(
        kind="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        service="ec2",
        inputs=fields("vpcId= ingress= egress= revokeRulesOnDelete="),
        live=fields("vpcId name=GroupName description ownerId"),
        derive=lambda call, _: {"arn": call.arn(f"security-group/{call.id}")},
        derived=names("arn"),
        create=_adopt_default,
        find=finds("describe_security_groups", "GroupIds", "SecurityGroups[0]", many=True),
        delete=_let_go,
        replaces=names("vpcId"),
        tags=ec2_tags("security-group"),
    ),
    Row(
        kind="aws:ec2/securityGroup:SecurityGroup",
        service="ec2",
        inputs=fields("name=GroupName description vpcId ingress= egress= revokeRulesOnDelete="),
        live=fields("name=GroupName description vpcId ownerId"),
        derive=lambda call, _: {"arn": call.arn(f"security-group/{call.id}")},
        derived=names("arn"),
        create=_create_group,
        find=finds("describe_security_groups", "GroupIds", "SecurityGroups[0]", many=True),
        changes=(Change(names("ingress egress"), _inline_rules, settles=True),),
        delete=_delete_group,
        replaces=names("name namePrefix description vpcId"),
        name=Name("name", "namePrefix"),
        tags=ec2_tags("security-group"),
        defaults={"ingress": [], "egress": []},
    ),
    _rule("ingress", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
    _rule("egress", "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"),
    Row(
        kind="aws:ec2/vpcEndpoint:VpcEndpoint",
        service="ec2",
        inputs=fields(
            """vpcId serviceName vpcEndpointType policy=PolicyDocument privateDnsEnabled routeTableIds
            securityGroupIds subnetIds ipAddressType autoAccept="""
        ),
        live=fields(
            """vpcId serviceName vpcEndpointType privateDnsEnabled routeTableIds subnetIds state ownerId
            securityGroupIds=Groups[].GroupId networkInterfaceIds requesterManaged"""
        ),
        derive=lambda call, _: {"arn": call.arn(f"vpc-endpoint/{call.id}")},
        derived=names("arn"),
        create=creates("create_vpc_endpoint", "VpcEndpoint.VpcEndpointId"),
        find=finds(
            "describe_vpc_endpoints", "VpcEndpointIds", "VpcEndpoints[?State!='deleted']|[0]", many=True
        ),
        changes=(
            Change(
                names("policy privateDnsEnabled routeTableIds securityGroupIds subnetIds"), _change_endpoint
            ),
        ),
        delete=lambda call: call.ask("delete_vpc_endpoints", VpcEndpointIds=[call.id]),
        replaces=names("vpcId serviceName vpcEndpointType"),
        tags=ec2_tags("vpc-endpoint"),
        defaults={"requesterManaged": False},
    ),
)
