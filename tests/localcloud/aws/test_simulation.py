"""The list of simulations holds nothing that moto could do by itself."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.parsers import ResponseParserError
from moto.server import ThreadedMotoServer

from localcloud.aws.clients import Clients
from localcloud.aws.simulation import SIMULATED, Simulation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Ask = Callable[..., Any]

# One attempt: moto answers 500 to what it lacks, and a retry only takes longer to say so.
ONCE = Config(retries={"max_attempts": 0})


@pytest.fixture(scope="module")
def plain_moto() -> Iterator[str]:
    """The endpoint of moto as it is, without the corrections of the local cloud."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def ask(plain_moto: str) -> Ask:
    def call(service: str, operation: str, **parameters: Any) -> Any:
        make: Any = boto3.Session("x", "y", region_name="eu-west-1").client
        return getattr(make(service, endpoint_url=plain_moto, config=ONCE), operation)(**parameters)

    return call


def fails(ask: Ask, *call: str, **parameters: Any) -> bool:
    try:
        ask(*call, **parameters)
    except ClientError as error:
        status = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status in (404, 500, 501)
    except ResponseParserError:  # a page of HTML instead of an answer
        return True
    return False


TESTING_PLAN = {
    "RestoreTestingPlanName": "p",
    "ScheduleExpression": "cron(0 6 1 * ? *)",
    "RecoveryPointSelection": {
        "Algorithm": "LATEST_WITHIN_WINDOW",
        "IncludeVaults": ["*"],
        "RecoveryPointTypes": ["SNAPSHOT"],
    },
}


def plan(ask: Ask) -> str:
    rules = [{"RuleName": "daily", "TargetBackupVaultName": "v"}]
    names = {
        p["BackupPlanName"]: p["BackupPlanId"] for p in ask("backup", "list_backup_plans")["BackupPlansList"]
    }
    if "p" in names:
        return str(names["p"])
    return str(
        ask("backup", "create_backup_plan", BackupPlan={"BackupPlanName": "p", "Rules": rules})[
            "BackupPlanId"
        ]
    )


def file_system(ask: Ask) -> str:
    return str(ask("efs", "create_file_system", CreationToken=str(uuid.uuid4()))["FileSystemId"])


def subnet_group(ask: Ask, name: str) -> str:
    vpc = ask("ec2", "create_vpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ask("ec2", "create_subnet", VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    about = {"CacheSubnetGroupName": name, "CacheSubnetGroupDescription": "d", "SubnetIds": [subnet]}
    ask("elasticache", "create_cache_subnet_group", **about)
    return name


def replication_group(ask: Ask, name: str) -> str:
    ask("elasticache", "create_replication_group", ReplicationGroupId=name, ReplicationGroupDescription="d")
    return name


def cluster(ask: Ask) -> str:
    """A cluster of moto's own, so that a refusal is about the add-on and not about it."""
    ask(
        "eks",
        "create_cluster",
        name="c",
        roleArn="arn:aws:iam::123456789012:role/r",
        resourcesVpcConfig={"subnetIds": []},
    )
    return "c"


def log_group(ask: Ask) -> str:
    ask("logs", "create_log_group", logGroupName="g")
    return "g"


def parameter_group(ask: Ask) -> str:
    about = {"DBParameterGroupName": "g", "DBParameterGroupFamily": "postgres16", "Description": "d"}
    ask("rds", "create_db_parameter_group", **about)
    return "g"


def stays_after_deletion(ask: Ask) -> bool:
    name = replication_group(ask, "stays")
    ask("elasticache", "delete_replication_group", ReplicationGroupId=name)
    left = ask("elasticache", "describe_replication_groups")["ReplicationGroups"]
    return name in {group["ReplicationGroupId"] for group in left}


def holds_its_name_after_deletion(ask: Ask) -> bool:
    about = {"BackupPlanName": "gone", "Rules": [{"RuleName": "daily", "TargetBackupVaultName": "v"}]}
    made = ask("backup", "create_backup_plan", BackupPlan=about)
    ask("backup", "delete_backup_plan", BackupPlanId=made["BackupPlanId"])
    try:
        ask("backup", "create_backup_plan", BackupPlan=about)
    except ClientError as error:
        return error.response["Error"]["Code"] == "AlreadyExistsException"
    return False


PROBES: Mapping[str, Callable[[Ask], bool]] = {
    "backup:CreateBackupSelection": lambda ask: fails(
        ask,
        "backup",
        "create_backup_selection",
        BackupPlanId=plan(ask),
        BackupSelection={"SelectionName": "s", "IamRoleArn": "arn:aws:iam::123456789012:role/r"},
    ),
    "backup:CreateRestoreTestingPlan": lambda ask: fails(
        ask, "backup", "create_restore_testing_plan", RestoreTestingPlan=TESTING_PLAN
    ),
    "backup:CreateRestoreTestingSelection": lambda ask: fails(
        ask,
        "backup",
        "create_restore_testing_selection",
        RestoreTestingPlanName="p",
        RestoreTestingSelection={
            "RestoreTestingSelectionName": "s",
            "ProtectedResourceType": "EFS",
            "IamRoleArn": "arn:aws:iam::123456789012:role/r",
        },
    ),
    "backup:UpdateBackupPlan": lambda ask: fails(
        ask,
        "backup",
        "update_backup_plan",
        BackupPlanId=plan(ask),
        BackupPlan={"BackupPlanName": "p", "Rules": [{"RuleName": "n", "TargetBackupVaultName": "v"}]},
    ),
    "autoscaling:CreateOrUpdateTags": lambda ask: fails(
        ask,
        "autoscaling",
        "create_or_update_tags",
        Tags=[{"ResourceId": "g", "ResourceType": "auto-scaling-group", "Key": "k", "Value": "v"}],
    ),
    "eks:CreateAddon": lambda ask: fails(
        ask, "eks", "create_addon", clusterName=cluster(ask), addonName="coredns"
    ),
    "eks:CreateNodegroup": lambda ask: fails(
        ask,
        "eks",
        "create_nodegroup",
        clusterName="adopted",
        nodegroupName="n",
        subnets=["subnet-1"],
        nodeRole="arn:aws:iam::123456789012:role/r",
    ),
    "efs:CreateReplicationConfiguration": lambda ask: fails(
        ask,
        "efs",
        "create_replication_configuration",
        SourceFileSystemId=file_system(ask),
        Destinations=[{"Region": "eu-central-1"}],
    ),
    "efs:PutBackupPolicy": lambda ask: fails(
        ask, "efs", "put_backup_policy", FileSystemId=file_system(ask), BackupPolicy={"Status": "ENABLED"}
    ),
    "efs:DeleteFileSystemPolicy": lambda ask: fails(
        ask, "efs", "delete_file_system_policy", FileSystemId=file_system(ask)
    ),
    "efs:UpdateFileSystem": lambda ask: fails(
        ask, "efs", "update_file_system", FileSystemId=file_system(ask), ThroughputMode="elastic"
    ),
    "efs:UpdateFileSystemProtection": lambda ask: fails(
        ask,
        "efs",
        "update_file_system_protection",
        FileSystemId=file_system(ask),
        ReplicationOverwriteProtection="ENABLED",
    ),
    "eks:CreatePodIdentityAssociation": lambda ask: fails(
        ask,
        "eks",
        "create_pod_identity_association",
        clusterName="c",
        namespace="n",
        serviceAccount="s",
        roleArn="arn:aws:iam::123456789012:role/r",
    ),
    "elasticache:CreateCacheParameterGroup": lambda ask: fails(
        ask,
        "elasticache",
        "create_cache_parameter_group",
        CacheParameterGroupName="g",
        CacheParameterGroupFamily="redis7",
        Description="d",
    ),
    "elasticache:DeleteCacheSubnetGroup": lambda ask: fails(
        ask, "elasticache", "delete_cache_subnet_group", CacheSubnetGroupName=subnet_group(ask, "a")
    ),
    "elasticache:ModifyCacheSubnetGroup": lambda ask: fails(
        ask, "elasticache", "modify_cache_subnet_group", CacheSubnetGroupName=subnet_group(ask, "b")
    ),
    "elasticache:CreateUserGroup": lambda ask: fails(
        ask, "elasticache", "create_user_group", UserGroupId="g", Engine="redis", UserIds=["default"]
    ),
    "elasticache:ModifyUser": lambda ask: fails(
        ask, "elasticache", "modify_user", UserId="default", AccessString="on ~* +@all"
    ),
    "backup:DeleteBackupPlan": holds_its_name_after_deletion,
    "elasticache:DeleteReplicationGroup": stays_after_deletion,
    "elasticache:IncreaseReplicaCount": lambda ask: fails(
        ask,
        "elasticache",
        "increase_replica_count",
        ReplicationGroupId=replication_group(ask, "grows"),
        NewReplicaCount=2,
        ApplyImmediately=True,
    ),
    "logs:AssociateKmsKey": lambda ask: fails(
        ask,
        "logs",
        "associate_kms_key",
        logGroupName=log_group(ask),
        kmsKeyId="arn:aws:kms:eu-west-1:1:key/k",
    ),
    "rds:StartDBInstanceAutomatedBackupsReplication": lambda ask: fails(
        ask,
        "rds",
        "start_db_instance_automated_backups_replication",
        SourceDBInstanceArn="arn:aws:rds:us-east-1:123456789012:db:d",
    ),
    "rds:ResetDBParameterGroup": lambda ask: fails(
        ask,
        "rds",
        "reset_db_parameter_group",
        DBParameterGroupName=parameter_group(ask),
        Parameters=[{"ParameterName": "p", "ApplyMethod": "immediate"}],
    ),
}


def test_every_simulation_has_a_probe() -> None:
    assert sorted(PROBES) == sorted(SIMULATED)


@pytest.mark.sample(3)
@pytest.mark.parametrize("operation", SIMULATED)
def test_moto_still_needs_the_simulation(operation: str, ask: Ask) -> None:
    assert PROBES[operation](ask), f"moto has learned {operation}: drop it from SIMULATED and use moto's own"


def test_the_store_keeps_changes_and_forgets(endpoint: str) -> None:
    store = Simulation(Clients(endpoint))
    assert store.get("kind", "eu-west-1/a") is None
    store.put("kind", "eu-west-1/a", {"n": 1})
    store.put("kind", "eu-west-1/a", {"n": 2})
    assert store.get("kind", "eu-west-1/a") == {"n": 2}
    assert store.get("kind", "eu-west-1/b") is None
    store.drop("kind", "eu-west-1/a")
    store.drop("kind", "eu-west-1/a")
    assert store.get("kind", "eu-west-1/a") is None


def test_a_memory_has_one_identity_for_all_who_ask(endpoint: str, plain_moto: str) -> None:
    first, second = Simulation(Clients(endpoint)), Simulation(Clients(endpoint, "eu-west-3"))
    assert first.generation == second.generation
    assert Simulation(Clients(plain_moto)).generation != first.generation
