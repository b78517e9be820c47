"""Names, descriptions and schedules that AWS takes, held against botocore's descriptions of the services."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import pytest
from botocore import loaders

from localcloud.aws.name_rules import RULES, name_failures
from localcloud.aws.schedule_expressions import wrong
from localcloud.aws.table import ROWS
from tests.localcloud.aws.driver import CheckRefusedError, Driver
from tests.localcloud.aws.examples import EXAMPLES, Ground

VERSION = "CreateLaunchTemplateVersionRequest"
# Type and property -> service, shape and member of its API that says the length or the characters.
API = {
    ("aws:ec2/launchTemplate:LaunchTemplate", "name"): ("ec2", VERSION, "LaunchTemplateName"),
    ("aws:backup/vault:Vault", "name"): ("backup", "CreateBackupVaultInput", "BackupVaultName"),
    ("aws:backup/selection:Selection", "name"): ("backup", "BackupSelection", "SelectionName"),
    ("aws:iam/role:Role", "name"): ("iam", "CreateRoleRequest", "RoleName"),
    ("aws:iam/role:Role", "description"): ("iam", "CreateRoleRequest", "Description"),
    ("aws:iam/policy:Policy", "name"): ("iam", "CreatePolicyRequest", "PolicyName"),
    ("aws:iam/rolePolicy:RolePolicy", "name"): ("iam", "PutRolePolicyRequest", "PolicyName"),
    ("aws:eks/cluster:Cluster", "name"): ("eks", "CreateClusterRequest", "name"),
    ("aws:cloudwatch/logGroup:LogGroup", "name"): ("logs", "CreateLogGroupRequest", "logGroupName"),
    ("aws:secretsmanager/secret:Secret", "name"): ("secretsmanager", "CreateSecretRequest", "Name"),
    ("aws:kms/alias:Alias", "name"): ("kms", "CreateAliasRequest", "AliasName"),
    ("aws:kms/key:Key", "description"): ("kms", "CreateKeyRequest", "Description"),
    ("aws:scheduler/schedule:Schedule", "name"): ("scheduler", "CreateScheduleInput", "Name"),
    ("aws:efs/fileSystem:FileSystem", "creationToken"): ("efs", "CreateFileSystemRequest", "CreationToken"),
    ("aws:elasticache/user:User", "userId"): ("elasticache", "CreateUserMessage", "UserId"),
}
START = {"aws:kms/alias:Alias": "alias/"}


@cache
def described(service: str, shape: str, member: str) -> dict[str, Any]:
    """What the service's own description says of a parameter."""
    shapes = loaders.create_loader().load_service_model(service, "service-2")["shapes"]
    found: dict[str, Any] = shapes[shapes[shape]["members"][member]["shape"]]
    return found


def test_every_rule_is_of_a_type_and_an_input_of_the_table() -> None:
    for kind, name in RULES:
        assert name in {*ROWS[kind].inputs, *ROWS[kind].settings}, (kind, name)


@pytest.mark.parametrize("key", API, ids=lambda key: f"{key[0].rsplit(':')[-1]}.{key[1]}")
def test_a_rule_has_the_length_and_characters_of_the_services_own_description(key: tuple[str, str]) -> None:
    rule, said, start = RULES[key], described(*API[key]), START.get(key[0], "")
    longest = said.get("max")
    if longest:
        assert rule.takes(start + "a" * (longest - len(start)))
        assert not rule.takes(start + "a" * (longest - len(start) + 1))
    if pattern := said.get("pattern"):
        spelled = re.compile(re.sub(r"\\u(\w{4})", lambda hex4: re.escape(chr(int(hex4[1], 16))), pattern))
        for code in range(0x20, 0x17F):
            text = f"{start}ab{chr(code)}cd"
            # Ours may be stricter, as small letters are; it never takes what the service does not.
            assert not rule.takes(text) or spelled.fullmatch(text), text
    assert longest or pattern


@pytest.mark.parametrize(
    ("kind", "name", "taken", "refused"),
    [
        (
            "aws:s3/bucket:Bucket",
            "bucket",
            ["a.b", "3-c"],
            ["ab", "A-b", "a..b", "-ab", "192.168.0.1", "xn--a"],
        ),
        ("aws:backup/plan:Plan", "name", ["p" * 50, "a.b_c-d"], ["p" * 51, "a b", ""]),
        (
            "aws:rds/instance:Instance",
            "identifier",
            ["a", "a-" + "b" * 61],
            ["1a", "a--b", "a-", "a" * 64, "A"],
        ),
        ("aws:rds/subnetGroup:SubnetGroup", "name", ["a b.c_d-e"], ["default", "Upper", "a" * 256]),
        ("aws:elasticache/subnetGroup:SubnetGroup", "name", ["a-1"], ["a.b", "a" * 256]),
        (
            "aws:ec2/launchTemplate:LaunchTemplate",
            "name",
            ["abc", "a(1).b/c_d-e"],
            ["ab", "a" * 129, "a b c"],
        ),
        ("aws:ec2/securityGroup:SecurityGroup", "name", ["web 1"], ["sg-web", "the team's", "g" * 256]),
        (
            "aws:ec2/securityGroup:SecurityGroup",
            "description",
            ["of one team (web)"],
            ["the team's", "g" * 256],
        ),
        ("aws:eks/nodeGroup:NodeGroup", "nodeGroupName", ["1-a_b"], ["-a", "a.b", "n" * 64]),
        ("aws:kms/alias:Alias", "name", ["alias/a"], ["a", "alias/aws/s3", "alias/"]),
        ("aws:ssm/parameter:Parameter", "name", ["/a/b", "a"], ["/aws/a", "/a b", "/a" * 16]),
    ],
)
def test_what_is_taken_and_what_is_refused(
    kind: str, name: str, taken: list[str], refused: list[str]
) -> None:
    assert [text for text in taken if list(name_failures(kind, {name: text}))] == []
    assert [text for text in refused if not list(name_failures(kind, {name: text}))] == []


def test_a_name_that_the_provider_makes_up_is_held_against_the_rule_too(driver: Driver) -> None:
    kind = "aws:backup/vault:Vault"
    with pytest.raises(
        CheckRefusedError, match=r"^name 'v+-\w{7}' is refused by AWS: it has 2 to 50 letters"
    ):
        driver.check(f"urn:pulumi:dev::test::{kind}::{'v' * 43}", {})
    driver.check(f"urn:pulumi:dev::test::{kind}::{'v' * 42}", {})


def test_what_was_taken_once_is_kept(driver: Driver) -> None:
    """States of an earlier version have descriptions that only the local cloud took."""
    kind, held = "aws:ec2/securityGroup:SecurityGroup", {"name": "web", "description": "the team's"}
    urn = f"urn:pulumi:dev::test::{kind}::web"
    assert driver.check(urn, held, held) == held
    with pytest.raises(CheckRefusedError, match="description"):
        driver.check(urn, {**held, "description": "another team's"}, held)


CRON = [
    "cron(0 3 * * ? *)",
    "cron(30 7 ? * MON,TUE *)",
    "cron(0/15 8-17 ? * 2-6 2026-2030)",
    "cron(0 6 1 * ? *)",
    "cron(0 6 L JAN ? *)",
    "cron(0 6 ? * 6L *)",
    "cron(0 6 ? * 2#1 *)",
    "cron(0 6 15W * ? *)",
]
NO_CRON = [
    "cron(0 3 * * *)",
    "cron(0 3 * * * *)",
    "cron(0 3 ? * ? *)",
    "cron(60 3 * * ? *)",
    "cron(0 24 * * ? *)",
    "cron(0 3 0 * ? *)",
    "cron(0 3 * 13 ? *)",
    "cron(0 3 ? * 0 *)",
    "cron(0 3 ? * MONDAY *)",
    "cron(0 3 * * ? 1969)",
    "cron(0/0 3 * * ? *)",
    "cron(0 3  * * ? *)",
    "0 3 * * *",
]


@pytest.mark.parametrize("text", [*CRON, "rate(1 hour)", "rate(5 minutes)", "at(2026-12-01T07:00:00)"])
def test_a_schedule_that_exists_is_taken(text: str) -> None:
    assert wrong(text) is None
    assert bool(wrong(text, cron_only=True)) is not text.startswith("cron")


@pytest.mark.parametrize(
    "text", [*NO_CRON, "rate(1 hours)", "rate(5 minute)", "rate(0 days)", "at(2026-13-01T07:00:00)", "daily"]
)
def test_a_schedule_that_does_not_exist_is_refused(text: str) -> None:
    assert wrong(text)


@pytest.mark.parametrize(
    ("kind", "inputs"),
    [
        ("aws:scheduler/schedule:Schedule", {"scheduleExpression": "rate(1 hours)"}),
        ("aws:backup/restoreTestingPlan:RestoreTestingPlan", {"scheduleExpression": "rate(1 day)"}),
        ("aws:backup/plan:Plan", {"rules": [{"ruleName": "a", "schedule": "cron(0 3 * * * *)"}]}),
        ("aws:backup/plan:Plan", {"rules": [{"ruleName": "a rule", "schedule": "cron(0 3 * * ? *)"}]}),
    ],
)
def test_the_provider_asks_before_any_call(
    driver: Driver, ground: Ground, kind: str, inputs: dict[str, Any]
) -> None:
    urn = f"urn:pulumi:dev::test::{kind}::asked"
    wanted = EXAMPLES[kind](ground)
    driver.check(urn, wanted)
    with pytest.raises(CheckRefusedError, match=r"is (no schedule expression of|refused by) AWS"):
        driver.check(urn, {**wanted, **inputs})
