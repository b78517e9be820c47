"""Knows backup vaults, plans and selections."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any

from localcloud.aws.errors import refuse
from localcloud.aws.operations import creates, deletes, finds, tagged_by_map
from localcloud.aws.remembered import remembered, remembered_document
from localcloud.aws.row import Call, Change, Name, Row, fields, names
from localcloud.aws.rules import key_exists
from localcloud.aws.schedule_expressions import scheduled
from localcloud.aws.spelling import camel, pascal
from localcloud.provider import Failure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RULE = {
    "targetVaultName": "TargetBackupVaultName",
    "schedule": "ScheduleExpression",
    "startWindow": "StartWindowMinutes",
    "completionWindow": "CompletionWindowMinutes",
    "deleteAfter": "DeleteAfterDays",
    "coldStorageAfter": "MoveToColdStorageAfterDays",
    "destinationVaultArn": "DestinationBackupVaultArn",
    "optInToArchiveForSupportedResources": "OptInToArchiveForSupportedResources",
}
_TAGS = {"tags": "Tags", "keys": "TagKeyList", "listed": "list_tags"}
_TESTING_PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"


def _plan(call: Call) -> dict[str, Any]:
    rules = pascal(call.new["rules"], _RULE)
    for rule, given in zip(rules, call.new["rules"], strict=True):
        rule["RuleName"] = given["ruleName"]
    return {"BackupPlanName": call.new["name"], "Rules": rules}


def _create_plan(call: Call) -> str:
    tags = dict(call.new.get("tags") or {}) or None
    answer = call.ask("create_backup_plan", BackupPlan=_plan(call), BackupPlanTags=tags)
    return str(answer["BackupPlanId"])


def _plan_facts(_call: Call, found: Mapping[str, Any]) -> dict[str, Any]:
    rules = [
        {name: value for name, value in rule.items() if name != "ruleId"}
        for rule in camel(found["BackupPlan"]["Rules"], _RULE)
    ]
    return {"rules": rules}


def _rule_names(inputs: Mapping[str, Any]) -> Iterator[Failure]:
    """AWS Backup API, BackupRuleInput, RuleName."""
    for rule in inputs.get("rules") or []:
        name = str(rule.get("ruleName"))
        if not re.fullmatch(r"[a-zA-Z0-9_.-]{1,50}", name, re.ASCII):
            yield Failure(
                "rules", f"ruleName {name!r} is refused by AWS: it has 1 to 50 letters, digits and -_."
            )


def _testing_plan_exists(call: Call) -> None:
    plan = str(call.new["restoreTestingPlanName"])
    if remembered_document(call, _TESTING_PLAN, plan) is None:
        refuse("ResourceNotFoundException", f"restore testing plan {plan} does not exist in {call.region}")


ROWS = (
    Row(
        kind="aws:backup/vault:Vault",
        service="backup",
        inputs=fields("name=BackupVaultName kmsKeyArn=EncryptionKeyArn forceDestroy="),
        live=fields(
            """name=BackupVaultName kmsKeyArn=EncryptionKeyArn arn=BackupVaultArn
            recoveryPoints=NumberOfRecoveryPoints"""
        ),
        create=creates("create_backup_vault", "BackupVaultName"),
        find=finds("describe_backup_vault", "BackupVaultName"),
        delete=deletes("delete_backup_vault", "BackupVaultName"),
        replaces=names("name kmsKeyArn"),
        name=Name("name"),
        tags=tagged_by_map("ResourceArn", at_create="BackupVaultTags", **_TAGS),
        before_create=(key_exists("kmsKeyArn", "InvalidParameterValueException"),),
        defaults={"recoveryPoints": 0},
    ),
    Row(
        kind="aws:backup/plan:Plan",
        service="backup",
        inputs=fields("name= rules="),
        live=fields("name=BackupPlan.BackupPlanName arn=BackupPlanArn version=VersionId"),
        derive=_plan_facts,
        create=_create_plan,
        find=finds("get_backup_plan", "BackupPlanId", "[@][?!DeletionDate]|[0]"),
        changes=(
            Change(
                names("rules"),
                lambda call: call.ask("update_backup_plan", BackupPlanId=call.id, BackupPlan=_plan(call)),
            ),
        ),
        delete=deletes("delete_backup_plan", "BackupPlanId"),
        replaces=names("name"),
        name=Name("name"),
        tags=tagged_by_map("ResourceArn", at_create="BackupPlanTags", **_TAGS),
        checks=(scheduled("rules", "schedule", cron_only=True), _rule_names),
    ),
    remembered(
        "aws:backup/selection:Selection",
        service="backup",
        inputs="name planId iamRoleArn resources notResources selectionTags conditions",
        replaces="name planId iamRoleArn resources notResources selectionTags conditions",
        name=Name("name"),
        identify=lambda _: str(uuid.uuid4()),
    ),
    remembered(
        _TESTING_PLAN,
        service="backup",
        inputs="name scheduleExpression scheduleExpressionTimezone startWindowHours recoveryPointSelection",
        replaces="name",
        identify=lambda call: str(call.new["name"]),
        facts=lambda call, made: {"arn": call.arn(f"restore-testing-plan:{made}-{uuid.uuid4()}")},
        taken="AlreadyExistsException",
        taggable=True,
        name=Name("name"),
        defaults={"scheduleExpressionTimezone": "Etc/UTC", "startWindowHours": 24},
        checks=(scheduled("scheduleExpression", cron_only=True),),
    ),
    remembered(
        "aws:backup/restoreTestingSelection:RestoreTestingSelection",
        service="backup",
        inputs="""name restoreTestingPlanName protectedResourceType protectedResourceArns
        protectedResourceConditions iamRoleArn restoreMetadataOverrides validationWindowHours""",
        replaces="name restoreTestingPlanName protectedResourceType",
        identify=lambda call: f"{call.new['restoreTestingPlanName']}:{call.new['name']}",
        taken="AlreadyExistsException",
        name=Name("name"),
        before=(_testing_plan_exists,),
    ),
)
