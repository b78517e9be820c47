"""Knows launch templates, the node groups that use them, and the tags of Auto Scaling groups."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.network import ec2_tags
from localcloud.aws.operations import deletes, finds, from_key_values, key_values, tags_at_create
from localcloud.aws.remembered import remembered
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.spelling import pascal

if TYPE_CHECKING:
    from collections.abc import Mapping

_DATA = "blockDeviceMappings metadataOptions monitoring tagSpecifications imageId instanceType userData"
# Terraform takes these as words, because an empty one must differ from false.
_WORDS = ("encrypted", "deleteOnTermination")


def _data(call: Call) -> dict[str, Any]:
    """The wanted inputs as one version of a template."""
    given = {name: call.new[name] for name in _DATA.split() if call.new.get(name) is not None}
    mappings = [_mapping(each) for each in given.pop("blockDeviceMappings", [])]
    propagated = [
        {"ResourceType": each["resourceType"], "Tags": key_values(each.get("tags") or {})}
        for each in given.pop("tagSpecifications", [])
    ]
    named = {"BlockDeviceMappings": mappings, "TagSpecifications": propagated}
    return {**pascal(given, {}), **{name: value for name, value in named.items() if value}}


def _mapping(given: Mapping[str, Any]) -> dict[str, Any]:
    disk = {
        name: value == "true" if name in _WORDS else value for name, value in (given.get("ebs") or {}).items()
    }
    return {"DeviceName": given["deviceName"], "Ebs": pascal(disk, {})}


def _create_template(call: Call) -> str:
    answer = call.ask(
        "create_launch_template",
        LaunchTemplateName=call.new["name"],
        LaunchTemplateData=_data(call),
        **tags_at_create(call),
    )
    return str(answer["LaunchTemplate"]["LaunchTemplateId"])


def _new_version(call: Call) -> None:
    made = call.ask(
        "create_launch_template_version", LaunchTemplateId=call.id, LaunchTemplateData=_data(call)
    )
    if call.new.get("updateDefaultVersion"):
        version = str(made["LaunchTemplateVersion"]["VersionNumber"])
        call.ask("modify_launch_template", LaunchTemplateId=call.id, DefaultVersion=version)


def _template_tags(call: Call, target: str, _found: Mapping[str, Any]) -> dict[str, str]:
    # moto describes a template with the tags it was made with.
    of_it = [{"Name": "resource-id", "Values": [target]}]
    return from_key_values(call.ask("describe_tags", Filters=of_it)["Tags"])


def _template_exists(call: Call) -> None:
    template = (call.new.get("launchTemplate") or {}).get("id")
    if template and call.seek("ec2:describe_launch_templates", LaunchTemplateIds=[template]) is None:
        refuse("InvalidRequestException", f"launch template {template} does not exist in {call.region}")


def _group_facts(call: Call, made: str) -> dict[str, Any]:
    cluster, _, name = made.partition(":")
    unique = uuid.uuid4()
    return {
        "arn": call.arn(f"nodegroup/{cluster}/{name}/{unique}"),
        "status": "ACTIVE",
        "resources": [{"autoscalingGroups": [{"name": f"eks-{name}-{unique}"}]}],
    }


ROWS = (
    Row(
        kind="aws:ec2/launchTemplate:LaunchTemplate",
        service="ec2",
        inputs=fields(f"name= updateDefaultVersion= {' '.join(f'{name}=' for name in _DATA.split())}"),
        live=fields(
            "name=LaunchTemplateName defaultVersion=DefaultVersionNumber latestVersion=LatestVersionNumber"
        ),
        derive=lambda call, _: {"arn": call.arn(f"launch-template/{call.id}")},
        derived=names("arn"),
        create=_create_template,
        find=finds("describe_launch_templates", "LaunchTemplateIds", "LaunchTemplates[0]", many=True),
        changes=(Change(names(_DATA), _new_version),),
        delete=deletes("delete_launch_template", "LaunchTemplateId"),
        replaces=names("name"),
        name=Name("name", "namePrefix"),
        tags=replace(ec2_tags("launch-template"), read=_template_tags),
    ),
    remembered(
        "aws:eks/nodeGroup:NodeGroup",
        service="eks",
        inputs="""clusterName nodeGroupName nodeRoleArn subnetIds amiType instanceTypes scalingConfig
        updateConfig launchTemplate labels taints capacityType version""",
        replaces="""clusterName nodeGroupName nodeRoleArn subnetIds amiType instanceTypes capacityType
        launchTemplate.id""",
        identify=lambda call: f"{call.new['clusterName']}:{call.new['nodeGroupName']}",
        facts=_group_facts,
        outputs="arn status resources",
        taken="ResourceInUseException",
        taggable=True,
        name=Name("nodeGroupName", "nodeGroupNamePrefix"),
        before=(_template_exists,),
    ),
    remembered(
        "aws:autoscaling/tag:Tag",
        service="autoscaling",
        inputs="autoscalingGroupName tag",
        replaces="autoscalingGroupName",
        identify=lambda call: f"{call.new['autoscalingGroupName']},{call.new['tag']['key']}",
        taken="AlreadyExistsFault",
    ),
)
