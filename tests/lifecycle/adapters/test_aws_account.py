from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import httpx
import pytest
from moto.server import ThreadedMotoServer

from lifecycle.adapters.aws_account import Account
from lifecycle.decommission.plan import DecommissionPlan
from lifecycle.decommission.retained import Kind, RemainingResource
from lifecycle.errors import LifecycleError
from lifecycle.stack_resources import Target
from tests.lifecycle.world import ending_plan, production
from tiers.tags import KEYS

TAGS = [{"Key": KEYS["tenant"], "Value": "acme"}]
NEIGHBOUR = [{"Key": KEYS["tenant"], "Value": "acme-staging"}]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Any]]:
    """An account on the loopback interface with nothing in it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    httpx.post(
        f"http://{host}:{port}/moto-api/reset"
    ).raise_for_status()  # all servers of a process share one
    for name, value in (
        ("AWS_ENDPOINT_URL", f"http://{host}:{port}"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_DEFAULT_REGION", "us-east-1"),
    ):
        monkeypatch.setenv(name, value)
    make: Any = boto3.client
    yield lambda service: make(service, region_name="us-east-1")
    server.stop()


def plan(**ids: str) -> DecommissionPlan:
    """A plan whose resources have these ids."""
    known = {
        "server": "local-acme-postgresql",
        "logs": "/odoo/local/acme",
        "role": "local-acme-backup",
        **ids,
    }
    kinds = {"schedule": "aws:scheduler/schedule:Schedule"}
    targets = tuple(
        Target(urn=f"urn::{name}", type=kinds.get(name, "x:y:Z"), id=value) for name, value in known.items()
    )
    return ending_plan(production(), targets=targets, regions=("eu-west-1", "us-east-1"))


def found(**ids: str) -> dict[Kind, RemainingResource]:
    return {each.what: each for each in Account("us-east-1").remaining(plan(**ids))}


def test_whose_account_it_is(aws: Callable[[str], Any]) -> None:
    assert aws("sts").get_caller_identity()["Account"] == Account("us-east-1").id


@pytest.mark.whole("a rarer case than those that are tried here")
@pytest.mark.usefixtures("aws")
def test_an_empty_account_holds_nothing() -> None:
    assert found() == {}


def _database(aws: Callable[[str], Any]) -> dict[str, str]:
    aws("rds").create_db_instance(
        DBInstanceIdentifier="local-acme-postgresql",
        Engine="postgres",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=50,
        MasterUsername="u",
        MasterUserPassword="password1",
    )
    return {}


def _snapshot(aws: Callable[[str], Any]) -> dict[str, str]:
    _database(aws)
    aws("rds").delete_db_instance(
        DBInstanceIdentifier="local-acme-postgresql",
        FinalDBSnapshotIdentifier="local-acme-postgresql-final-0a1b",
    )
    return {}


def _logs(aws: Callable[[str], Any]) -> dict[str, str]:
    aws("logs").create_log_group(logGroupName="/aws/rds/instance/local-acme-postgresql/upgrade")
    return {}


def _secret(aws: Callable[[str], Any]) -> dict[str, str]:
    aws("secretsmanager").create_secret(Name="somewhere/else", SecretString="s", Tags=TAGS)
    return {}


def _key(aws: Callable[[str], Any]) -> dict[str, str]:
    return {"key": aws("kms").create_key()["KeyMetadata"]["KeyId"]}


def _files(aws: Callable[[str], Any]) -> dict[str, str]:
    return {"files": aws("efs").create_file_system(CreationToken="t")["FileSystemId"]}


def _directory(aws: Callable[[str], Any]) -> dict[str, str]:
    system = aws("efs").create_file_system(CreationToken="t")["FileSystemId"]
    return {"share": aws("efs").create_access_point(FileSystemId=system, ClientToken="c")["AccessPointId"]}


def _bucket(aws: Callable[[str], Any]) -> dict[str, str]:
    aws("s3").create_bucket(Bucket="local-acme-backups-1a2b")
    return {"bucket": "local-acme-backups-1a2b"}


def _role(aws: Callable[[str], Any]) -> dict[str, str]:
    aws("iam").create_role(RoleName="local-acme-backup", AssumeRolePolicyDocument="{}")
    return {}


def _vault(aws: Callable[[str], Any]) -> dict[str, str]:
    aws("backup").create_backup_vault(
        BackupVaultName="local-acme-filestores", BackupVaultTags={TAGS[0]["Key"]: "acme"}
    )
    return {}


def _schedule(aws: Callable[[str], Any]) -> dict[str, str]:
    target = {"Arn": "arn:aws:scheduler:::aws-sdk:rds:stopDBInstance", "RoleArn": "arn:aws:iam::1:role/r"}
    aws("scheduler").create_schedule(
        Name="local-acme-stop",
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target=target,
    )
    return {"schedule": "default/local-acme-stop"}


def _volume(aws: Callable[[str], Any]) -> dict[str, str]:
    tags = [{"ResourceType": "volume", "Tags": TAGS}]
    aws("ec2").create_volume(AvailabilityZone="us-east-1a", Size=5, TagSpecifications=tags)
    return {}


LEAKS: dict[Kind, Callable[[Callable[[str], Any]], dict[str, str]]] = {
    Kind.DATABASE: _database,
    Kind.SNAPSHOT: _snapshot,
    Kind.LOGS: _logs,
    Kind.SECRET: _secret,
    Kind.KEY: _key,
    Kind.FILE_SYSTEM: _files,
    Kind.DIRECTORY: _directory,
    Kind.BUCKET: _bucket,
    Kind.ROLE: _role,
    Kind.VAULT: _vault,
    Kind.SCHEDULE: _schedule,
    Kind.VOLUME: _volume,
}


@pytest.mark.whole("tests/lifecycle/purge and recover find what is left, kind by kind")
@pytest.mark.sample(4)
@pytest.mark.parametrize("what", LEAKS, ids=str)
def test_what_was_left_behind_is_found(what: Kind, aws: Callable[[str], Any]) -> None:
    ids = LEAKS[what](aws)
    assert what in found(**ids)


def test_a_size_is_reported_where_it_bills(aws: Callable[[str], Any]) -> None:
    _snapshot(aws)
    assert found()[Kind.SNAPSHOT].gib == 50


@pytest.mark.whole("a rarer case than those that are tried here")
def test_a_key_that_waits_for_its_deletion_ends(aws: Callable[[str], Any]) -> None:
    ids = _key(aws)
    aws("kms").schedule_key_deletion(KeyId=ids["key"], PendingWindowInDays=7)
    assert found(**ids)[Kind.KEY].ends


def test_a_tenant_with_a_longer_name_is_not_in_excess(aws: Callable[[str], Any]) -> None:
    aws("logs").create_log_group(logGroupName="/odoo/local/acme-staging")
    aws("iam").create_role(RoleName="local-acme-backup-two", AssumeRolePolicyDocument="{}")
    aws("secretsmanager").create_secret(Name="staging", SecretString="s", Tags=NEIGHBOUR)
    assert found() == {}


@pytest.mark.whole("a longer name is tried here")
def test_a_tenant_of_that_name_in_another_portfolio_is_not_in_excess(aws: Callable[[str], Any]) -> None:
    for portfolio in ("local", "mine"):
        tags = [*TAGS, {"Key": KEYS["portfolio"], "Value": portfolio}]
        aws("secretsmanager").create_secret(Name=f"of-{portfolio}", SecretString="s", Tags=tags)
    (only,) = found().values()
    assert ":of-local-" in only.id or only.id.startswith("of-local")


@pytest.mark.whole("boto waits for an address that no one answers")
def test_half_an_answer_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ACCESS_KEY_ID", "x"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_MAX_ATTEMPTS", "1"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(LifecycleError, match="get_caller_identity failed"):
        _ = Account("us-east-1").id
