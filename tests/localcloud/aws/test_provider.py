"""Settings, functions, and the whole life of a stack with every type through the real CLI."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from pulumi.provider.experimental import provider as sdk

from localcloud.aws.clients import endpoint_of
from localcloud.aws.provider import AwsProvider
from localcloud.aws.table import ROWS
from localcloud.properties import plain, wrap_map
from localcloud.provider import ProviderError
from tests.clouds import restart, running_cloud
from tests.engine.warm import home
from tests.localcloud.engine import Engine

if TYPE_CHECKING:
    from tests.localcloud.aws.driver import Driver

PROGRAM = (Path(__file__).parent / "everything.py").read_text(encoding="utf-8")
LOOPBACK = "http://127.0.0.1:5000"


@pytest.mark.parametrize("url", [LOOPBACK, "http://localhost:5000", "http://[::1]:5000"])
def test_a_loopback_endpoint_is_taken_from_settings_or_environment(url: str) -> None:
    assert endpoint_of({"endpoints": [{"s3": url}, {"rds": url}]}, {}) == url
    assert endpoint_of({}, {"AWS_ENDPOINT_URL": url}) == url


@pytest.mark.parametrize(
    ("settings", "environ"),
    [
        ({}, {}),
        ({}, {"AWS_ENDPOINT_URL": "https://s3.eu-west-1.amazonaws.com"}),
        ({"endpoints": [{"s3": "http://10.0.0.7:5000"}]}, {}),
        ({"endpoints": [{"s3": LOOPBACK, "rds": "https://rds.amazonaws.com"}]}, {}),
        ({"endpoints": [{"s3": "http://127.0.0.1.example.com"}]}, {}),
    ],
)
def test_anything_but_one_loopback_endpoint_is_refused(
    settings: dict[str, Any], environ: dict[str, str]
) -> None:
    with pytest.raises(ProviderError, match="local cloud only") as caught:
        endpoint_of(settings, environ)
    assert "official provider" in str(caught.value)


def test_an_unknown_setting_is_refused() -> None:
    request = sdk.CheckRequest("urn", {}, wrap_map({"region": "eu-west-1", "assumeRoles": []}), b"")
    answer = asyncio.run(AwsProvider({}).check_config(request))
    assert [failure.property for failure in answer.failures or []] == ["assumeRoles"]


def test_functions_say_where_the_program_runs(driver: Driver) -> None:
    def call(name: str, **args: Any) -> dict[str, Any]:
        request = sdk.InvokeRequest(f"aws:index/{name}:{name}", wrap_map(args))
        answer: dict[str, Any] = plain(asyncio.run(driver.provider.invoke(request)).return_value or {})
        return answer

    assert call("getCallerIdentity")["accountId"] == "123456789012"
    assert call("getRegion")["region"] == "eu-west-1"
    assert call("getAvailabilityZones", region="us-west-2")["names"][0] == "us-west-2a"
    with pytest.raises(ProviderError, match="getPrice"):
        call("getPrice")


@pytest.mark.whole("test_table and test_resource take every type through its life without the engine")
@pytest.mark.engine
def test_a_stack_with_every_type_lives_and_leaves_nothing(tmp_path: Path) -> None:
    with running_cloud(tmp_path / "cloud") as server:
        engine = Engine(tmp_path / "engine", PROGRAM, config={"aws:region": "eu-west-1"}, home=home())
        engine.environment |= {"AWS_ENDPOINT_URL": server.endpoint, "AWS_ACCESS_KEY_ID": "x"}
        empty = leftovers(server.endpoint)
        total = sum(engine.up().values())
        kept = engine.export()["deployment"]["resources"]
        assert {*ROWS} <= {resource["type"] for resource in kept}
        assert engine.up("--refresh") == {"unchanged": total}

        engine.run("config", "set", "tenant", "globex")
        changed = engine.steps()
        assert len(changed) == sum("tagsAll" in resource.get("outputs", {}) for resource in kept)
        assert {tuple(step["detailedDiff"]) for step in changed.values()} == {('tags["cost/tenant"]',)}
        assert engine.up() == {"unchanged": total - len(changed), "updated": len(changed)}

        rds: Any = boto3.Session("x", "y", region_name="eu-west-1").client(
            "rds", endpoint_url=server.endpoint
        )
        rds.modify_db_instance(
            DBInstanceIdentifier="everything", DBInstanceClass="db.r7g.large", ApplyImmediately=True
        )
        assert engine.refresh() == {"unchanged": total - 1, "updated": 1}
        assert engine.up() == {"unchanged": total - 1, "updated": 1}

        engine.run("config", "set", "storage", "20")
        said = engine.run("up", "--yes", "--skip-preview", code=1)
        assert "aws:rds/instance:Instance database: InvalidParameterCombination: the allocated" in said
        assert "Traceback" not in said

        stored = (tmp_path / "engine" / "state").rglob("test.json")
        assert all("correct horse" not in path.read_text() for path in stored)
        engine.destroy()
        assert leftovers(server.endpoint) == empty


@pytest.mark.whole("twenty seconds of a cloud that only tests restart")
@pytest.mark.engine
def test_a_restarted_cloud_is_said_once_and_forgotten_by_destroy(tmp_path: Path) -> None:
    program = "import pulumi_aws as aws\nfor n in range(3): aws.s3.Bucket(f'b{n}')\n"
    with running_cloud(tmp_path / "cloud") as server:
        engine = Engine(tmp_path / "engine", program, config={"aws:region": "eu-west-1"}, home=home())
        engine.environment |= {"AWS_ENDPOINT_URL": server.endpoint}
        engine.up()
        engine.environment |= {"AWS_ENDPOINT_URL": restart(tmp_path / "cloud").endpoint}
        said = engine.run("up", "--yes", code=1)
        assert "python -m localcloud reset" in said
        assert "Traceback" not in said
        engine.destroy()
        engine.environment |= {"AWS_ENDPOINT_URL": restart(tmp_path / "cloud").endpoint}
        assert engine.up()["created"] == 4  # three buckets and the stack


def leftovers(endpoint: str) -> dict[str, Any]:
    """What each service still lists, by the ids that AWS gives."""
    session = boto3.Session("x", "y", region_name="eu-west-1")

    def ask(service: str, operation: str, key: str, **parameters: Any) -> list[str]:
        make: Any = session.client
        client = make(service, endpoint_url=endpoint)
        return sorted(str(item) for item in getattr(client, operation)(**parameters)[key])

    return {
        "vpcs": ask("ec2", "describe_vpcs", "Vpcs"),
        "subnets": ask("ec2", "describe_subnets", "Subnets"),
        "groups": ask("ec2", "describe_security_groups", "SecurityGroups"),
        "gateways": ask("ec2", "describe_internet_gateways", "InternetGateways"),
        "addresses": ask("ec2", "describe_addresses", "Addresses"),
        "tables": ask("ec2", "describe_route_tables", "RouteTables"),
        "databases": ask("rds", "describe_db_instances", "DBInstances"),
        "database subnets": ask("rds", "describe_db_subnet_groups", "DBSubnetGroups"),
        "database parameters": ask("rds", "describe_db_parameter_groups", "DBParameterGroups"),
        "caches": ask("elasticache", "describe_replication_groups", "ReplicationGroups"),
        "cache subnets": ask("elasticache", "describe_cache_subnet_groups", "CacheSubnetGroups"),
        "buckets": ask("s3", "list_buckets", "Buckets"),
        "roles": ask("iam", "list_roles", "Roles"),
        "policies": ask("iam", "list_policies", "Policies", Scope="Local"),
        "secrets": ask("secretsmanager", "list_secrets", "SecretList"),
        "file systems": ask("efs", "describe_file_systems", "FileSystems"),
        "vaults": ask("backup", "list_backup_vaults", "BackupVaultList"),
        "schedules": ask("scheduler", "list_schedules", "Schedules"),
        "plans": ask("backup", "list_backup_plans", "BackupPlansList"),
        "logs": ask("logs", "describe_log_groups", "logGroups"),
        "parameters": ask("ssm", "describe_parameters", "Parameters"),
        **dying_slowly(session, endpoint),
    }


def dying_slowly(session: boto3.Session, endpoint: str) -> dict[str, Any]:
    """What AWS goes on to list for a while after its deletion, without the deleted ones."""
    kms: Any = session.client("kms", endpoint_url=endpoint)
    ec2: Any = session.client("ec2", endpoint_url=endpoint)
    ssm: Any = session.client("ssm", endpoint_url=endpoint, region_name="us-east-1")
    keys = [kms.describe_key(KeyId=k["KeyId"])["KeyMetadata"] for k in kms.list_keys()["Keys"]]
    aliases = [alias["AliasName"] for alias in kms.list_aliases()["Aliases"]]
    nats = ec2.describe_nat_gateways()["NatGateways"]
    endpoints = ec2.describe_vpc_endpoints()["VpcEndpoints"]
    return {
        "keys": [k["KeyId"] for k in keys if k["KeyState"] != "PendingDeletion"],
        "aliases": [name for name in aliases if not name.startswith("alias/aws/")],
        "nats": [n["NatGatewayId"] for n in nats if n["State"] != "deleted"],
        "endpoints": [e["VpcEndpointId"] for e in endpoints if e["State"] != "deleted"],
        "simulated": ssm.get_parameters_by_path(Path="/localcloud/simulated", Recursive=True)["Parameters"],
    }
