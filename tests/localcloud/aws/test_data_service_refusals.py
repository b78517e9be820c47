"""What RDS and ElastiCache, or the official provider, refuse: a row for each rule, with its source."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import CheckRefusedError, Driver, Resource
from tests.localcloud.aws.examples import ABROAD, ELSEWHERE, EXAMPLES, KEY, Ground
from tests.localcloud.aws.test_resource import CACHE, DB, client

SUBNETS, GROUP = "aws:rds/subnetGroup:SubnetGroup", "aws:rds/parameterGroup:ParameterGroup"
CACHE_SUBNETS = "aws:elasticache/subnetGroup:SubnetGroup"
CACHE_GROUP = "aws:elasticache/parameterGroup:ParameterGroup"
API, GUIDE = (
    "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference",
    "https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide",
)
CACHE_API = "https://docs.aws.amazon.com/AmazonElastiCache/latest/APIReference"
CACHE_GUIDE = "https://docs.aws.amazon.com/AmazonElastiCache/latest/dg"
PROVIDER = "https://github.com/hashicorp/terraform-provider-aws"


class Refused(NamedTuple):
    """A value that is refused when something is made (`held` is None) or changed."""

    kind: str
    wanted: Mapping[str, Any]
    words: str
    source: str
    held: Mapping[str, Any] | None = None


CHANGES: Mapping[str, Refused] = {
    "a name of a server that begins with a digit": Refused(
        DB, {"identifier": "1-server"}, "a letter first", f"{PROVIDER} internal/service/rds/validate.go"
    ),
    "capitals in the name of a server": Refused(
        DB, {"identifier": "Server"}, "lower-case letters", f"{PROVIDER} internal/service/rds/validate.go"
    ),
    "two hyphens in the name of a server": Refused(
        DB, {"identifier": "a--b"}, "no two hyphens together", f"{API}/API_CreateDBInstance.html"
    ),
    "a name of a server of 64 characters": Refused(
        DB, {"identifier": "s" * 64}, "1 to 63", f"{API}/API_CreateDBInstance.html"
    ),
    "a name of a subnet group that AWS keeps": Refused(
        SUBNETS, {"name": "default"}, "and is not default", f"{API}/API_CreateDBSubnetGroup.html"
    ),
    "a name of a subnet group of 256 characters": Refused(
        SUBNETS, {"name": "s" * 256}, "1 to 255", f"{API}/API_CreateDBSubnetGroup.html"
    ),
    "a name of a parameter group that ends with a hyphen": Refused(
        GROUP, {"name": "group-"}, "none last", f"{API}/API_CreateDBParameterGroup.html"
    ),
    "a name of a cache's subnet group with dots": Refused(
        CACHE_SUBNETS,
        {"name": "a.b"},
        "letters, digits and hyphens",
        f"{CACHE_API}/API_CreateCacheSubnetGroup.html",
    ),
    "a name of a cache of 41 characters": Refused(
        CACHE, {"replicationGroupId": "c" * 41}, "1 to 40", f"{CACHE_API}/API_CreateReplicationGroup.html"
    ),
    "a maintenance window of 29 minutes": Refused(
        DB, {"maintenanceWindow": "sun:03:00-sun:03:29"}, "at least 30", f"{API}/API_CreateDBInstance.html"
    ),
    "a maintenance window in capitals": Refused(
        DB,
        {"maintenanceWindow": "Sun:03:00-Sun:04:00"},
        "small letters",
        f"{PROVIDER} internal/verify/validate.go",
    ),
    "a maintenance window at 25 o'clock": Refused(
        DB,
        {"maintenanceWindow": "sun:25:00-sun:26:00"},
        "ddd:hh24:mi",
        f"{PROVIDER} internal/verify/validate.go",
    ),
    "a backup window of 29 minutes": Refused(
        DB, {"backupWindow": "00:00-00:29"}, "at least 30", f"{API}/API_CreateDBInstance.html"
    ),
    "a backup window within the maintenance window": Refused(
        DB,
        {"backupWindow": "03:30-04:30", "maintenanceWindow": "sun:03:00-sun:04:00"},
        "must not overlap",
        f"{API}/API_CreateDBInstance.html",
    ),
    "a backup window over midnight that meets the maintenance window": Refused(
        DB,
        {"backupWindow": "23:30-00:30", "maintenanceWindow": "mon:00:00-mon:00:30"},
        "must not overlap",
        f"{API}/API_CreateDBInstance.html",
    ),
    "a maintenance window of a cache of 59 minutes": Refused(
        CACHE,
        {"maintenanceWindow": "sun:03:00-sun:03:59"},
        "at least 60",
        f"{CACHE_API}/API_CreateReplicationGroup.html",
    ),
    "a parameter group of another family": Refused(
        DB, {"engineVersion": "17.6"}, "can't be used for this instance", f"{PROVIDER}/pull/47121"
    ),
    "a parameter group of a cache of another family": Refused(
        CACHE,
        {"engineVersion": "6.2"},
        "does not match parameter group family redis7",
        f"{PROVIDER} internal/service/elasticache/engine_version.go",
    ),
    "a version of a cache without its minor version": Refused(
        CACHE,
        {"engineVersion": "8"},
        "use <major>.<minor>",
        f"{PROVIDER} internal/service/elasticache/engine_version.go",
    ),
    "a token with a character that ElastiCache does not take": Refused(
        CACHE,
        {"authToken": "a-long-enough-token*"},
        "16 to 128",
        f"{CACHE_API}/API_CreateReplicationGroup.html",
    ),
    "days for which Performance Insights cannot be kept": Refused(
        DB,
        {"performanceInsightsRetentionPeriod": 94},
        "months of 31 days",
        f"{API}/API_CreateDBInstance.html",
    ),
    "the advanced mode of Database Insights for a week": Refused(
        DB,
        {"databaseInsightsMode": "advanced"},
        "465 days",
        f"{GUIDE}/USER_DatabaseInsights.TurningOnAdvanced.html",
    ),
    "IOPS of a gp3 disk below 400 GiB": Refused(
        DB,
        {"iops": 3000},
        "You can't specify IOPS or storage throughput",
        "https://github.com/crossplane-contrib/provider-aws/issues/1630",
    ),
    "the IOPS of before for a gp3 disk that grows to 400 GiB": Refused(
        DB,
        {"allocatedStorage": 400},
        "Invalid iops value for engine name postgres and storage type gp3: 3000",
        f"{PROVIDER}/issues/28382",
        held={},
    ),
    "an older minor version": Refused(
        DB,
        {"engineVersion": "16.3"},
        "Cannot upgrade postgres from 16.9 to 16.3",
        f"{API}/API_ModifyDBInstance.html",
        held={"engineVersion": "16.9"},
    ),
    "a version that there is none of": Refused(
        DB,
        {"engineVersion": "19.1", "allowMajorVersionUpgrade": True},
        "Cannot find version 19.1 for postgres",
        "https://github.com/tryretool/terraform-retool-modules/issues/70",
        held={},
    ),
    "a major version that is the older release": Refused(
        DB,
        {"engineVersion": "17", "allowMajorVersionUpgrade": True},
        "Cannot upgrade postgres from 16.13 to 17.6",
        "https://github.com/terraform-aws-modules/terraform-aws-rds/issues/627",
        held={"engineVersion": "16.13"},
    ),
    "a major upgrade without leave": Refused(
        DB,
        {"engineVersion": "17.6"},
        "AllowMajorVersionUpgrade flag must be present",
        "https://github.com/aws-controllers-k8s/community/issues/1265",
        held={},
    ),
    "a major upgrade with the parameter group of before": Refused(
        DB,
        {"engineVersion": "17.6", "allowMajorVersionUpgrade": True},
        "Use a parameter group with DBParameterGroupFamily postgres17",
        f"{API}/API_ModifyDBInstance.html",
        held={},
    ),
    "a new name of a server of 64 characters": Refused(
        DB,
        {"identifier": "r" * 64},
        "1 to 63",
        f"{API}/API_ModifyDBInstance.html",
        held={},
    ),
    "another source for a server that is no replica": Refused(
        DB,
        {"replicateSourceDb": "arn:aws:rds:eu-west-1:123456789012:db:other"},
        "cannot elect new source database for replication",
        f"{PROVIDER} internal/service/rds/instance.go",
        held={},
    ),
    "a disk that grows by less than a tenth": Refused(
        DB,
        {"allocatedStorage": 54},
        "by at least 10 percent, from 50 to 55 GiB or more: 54",
        f"{GUIDE}/USER_PIOPS.ModifyingExisting.ScalingUp.html",
        held={"allocatedStorage": 50},
    ),
    "a smaller disk": Refused(
        DB,
        {"allocatedStorage": 20},
        "cannot shrink",
        f"{GUIDE}/USER_PIOPS.ModifyingExisting.html",
        held={},
    ),
}


@pytest.mark.sample(4)
@pytest.mark.parametrize("rule", CHANGES)
def test_it_is_refused(driver: Driver, ground: Ground, rule: str) -> None:
    row = CHANGES[rule]
    inputs = EXAMPLES[row.kind](ground)
    name = f"refused-{list(CHANGES).index(rule)}"
    if row.held is None:
        with pytest.raises((CheckRefusedError, ProviderError)) as caught:
            driver.create(row.kind, name, {**inputs, **row.wanted})
    else:
        held = driver.create(row.kind, name, {**inputs, **row.held})
        with pytest.raises((CheckRefusedError, ProviderError)) as caught:
            driver.update(held, {**inputs, **row.held, **row.wanted, "applyImmediately": True})
        driver.delete(held)
    assert row.words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert row.source.startswith("https://")


@pytest.mark.sample(3)
@pytest.mark.parametrize(
    ("kind", "taken"),
    [
        (DB, {"identifier": "s" * 63}),
        (DB, {"maintenanceWindow": "sun:23:45-mon:00:15", "backupWindow": "01:00-01:30"}),
        (DB, {"performanceInsightsRetentionPeriod": 93}),
        (DB, {"performanceInsightsRetentionPeriod": 465, "databaseInsightsMode": "advanced"}),
        (DB, {"allocatedStorage": 400, "iops": 12_000, "storageThroughput": 500}),
        (SUBNETS, {"name": "s" * 255}),
        (GROUP, {"name": "g" * 255}),
        (CACHE, {"replicationGroupId": "c" * 40, "maintenanceWindow": "sun:23:30-mon:00:30"}),
    ],
)
def test_what_lies_on_the_border_is_taken(
    driver: Driver, ground: Ground, kind: str, taken: Mapping[str, Any]
) -> None:
    driver.delete(driver.create(kind, "border", {**EXAMPLES[kind](ground), **taken}))


def replica(driver: Driver, ground: Ground, name: str, **changed: Any) -> tuple[Resource, Resource]:
    """A server, and one in another region that follows it."""
    primary = driver.create(DB, name, EXAMPLES[DB](ground))
    example = {**EXAMPLES[DB](ground), **ABROAD}
    gone = ("engine", "engineVersion", "username", "password", "allocatedStorage", "dbName", "kmsKeyId")
    inputs = {key: value for key, value in example.items() if key not in gone and value is not None}
    key = ground.need(KEY, "abroad", region=ELSEWHERE).state["arn"]
    follows = {"replicateSourceDb": primary.state["arn"], "kmsKeyId": key, "multiAz": False, **changed}
    return primary, driver.create(DB, f"{name}-follows", {**inputs, **follows})


def test_a_replica_leaves_no_final_snapshot_until_it_is_promoted(driver: Driver, ground: Ground) -> None:
    """RDS API Reference, DeleteDBInstance; the words: cloudposse/terraform-aws-rds-replica, issue 9."""
    final = {"skipFinalSnapshot": False, "finalSnapshotIdentifier": "followed-last"}
    primary, held = replica(driver, ground, "followed", **final)
    assert held.state["replicateSourceDb"] == primary.state["arn"]
    with pytest.raises(ProviderError, match="can not be specified when deleting a replica instance"):
        driver.delete(held)
    rds = client(driver, "rds", ELSEWHERE)
    rds.promote_read_replica(DBInstanceIdentifier=held.id)
    with pytest.raises(Exception, match="is not a read replica"):
        rds.promote_read_replica(DBInstanceIdentifier=held.id)
    seen = driver.read(held)
    assert seen is not None
    assert seen.inputs["replicateSourceDb"] == ""
    with pytest.raises(ProviderError, match="cannot elect new source database for replication"):
        driver.update(seen, held.inputs)
    driver.delete(seen)
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="followed-last")["DBSnapshots"]
    driver.delete(primary)


@pytest.mark.whole("the replica above goes after it was promoted")
def test_a_replica_without_a_final_snapshot_goes(driver: Driver, ground: Ground) -> None:
    primary, held = replica(driver, ground, "left")
    with pytest.raises(ProviderError, match="Backups cannot be disabled"):
        driver.update(primary, {**primary.inputs, "backupRetentionPeriod": 0, "applyImmediately": True})
    managed = {key: value for key, value in primary.inputs.items() if key != "password"}
    with pytest.raises(ProviderError, match="not supported for the source of a read replica"):
        driver.update(primary, {**managed, "manageMasterUserPassword": True})
    driver.delete(held)
    driver.delete(primary)


@pytest.mark.whole("an order of upgrades that no test of the product needs")
def test_a_minor_upgrade_takes_the_replica_first(driver: Driver, ground: Ground) -> None:
    """RDS User Guide, "Upgrades of the RDS for PostgreSQL DB engine", minor version upgrades.

    The words: github.com/ministryofjustice/cloud-platform, issue 6068.
    """
    primary, held = replica(driver, ground, "first")
    newer = {**primary.inputs, "engineVersion": "16.11"}
    with pytest.raises(ProviderError, match="DBUpgradeDependencyFailure: One or more of the DB Instance's"):
        driver.update(primary, newer)
    abroad = client(driver, "rds", ELSEWHERE)
    abroad.modify_db_instance(DBInstanceIdentifier=held.id, EngineVersion="16.11", ApplyImmediately=True)
    group = driver.create(GROUP, "first-newer", {"name": "first-newer", "family": "postgres17"})
    major = {
        **newer,
        "engineVersion": "17.6",
        "parameterGroupName": group.id,
        "allowMajorVersionUpgrade": True,
    }
    with pytest.raises(ProviderError, match="read replicas need to be upgraded: first-follows"):
        driver.update(primary, major)
    driver.delete(group)
    driver.update(primary, newer)
    (waits,) = client(driver, "rds").describe_db_instances(DBInstanceIdentifier=primary.id)["DBInstances"]
    assert waits["PendingModifiedValues"] == {"EngineVersion": "16.11"}
    driver.delete(held)
    driver.delete(primary)


@pytest.mark.whole("a refusal of RDS that the product never meets")
def test_a_replica_takes_no_major_version_and_no_group_of_one(driver: Driver, ground: Ground) -> None:
    """The words of the first: github.com/hashicorp/terraform-provider-aws, pull 7013."""
    primary, held = replica(driver, ground, "older")
    abroad = client(driver, "rds", ELSEWHERE)
    with pytest.raises(Exception, match="Major Version Upgrade not supported for Postgres Read Replica"):
        abroad.modify_db_instance(
            DBInstanceIdentifier=held.id, EngineVersion="17.6", AllowMajorVersionUpgrade=True
        )
    driver.delete(held)
    group = driver.create(GROUP, "newer", {"name": "newer", "family": "postgres17", "region": ELSEWHERE})
    inputs = {key: value for key, value in held.inputs.items() if key != "identifier"}
    with pytest.raises(ProviderError, match="Use a parameter group with DBParameterGroupFamily postgres16"):
        driver.create(DB, "of-older", {**inputs, "parameterGroupName": group.id})
    driver.delete(group)
    driver.delete(primary)


@pytest.mark.whole("tests/components declare no such replica")
def test_no_replica_follows_a_server_whose_password_aws_manages(driver: Driver, ground: Ground) -> None:
    """RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager", limitations.

    The words: github.com/terraform-aws-modules/terraform-aws-rds, issue 532.
    """
    inputs = {key: value for key, value in EXAMPLES[DB](ground).items() if key != "password"}
    held = driver.create(DB, "managed", {**inputs, "manageMasterUserPassword": True})
    (secret,) = held.state["masterUserSecrets"]
    with pytest.raises(ProviderError, match="where ManageMasterUserPassword is enabled is not supported"):
        replica(driver, ground, "of-managed", replicateSourceDb=held.state["arn"])
    own = driver.update(held, {**inputs, "password": "a-password-of-its-own"})
    assert own.state["masterUserSecrets"] == []
    with pytest.raises(Exception, match="ResourceNotFoundException"):
        client(driver, "secretsmanager").describe_secret(SecretId=secret["secretArn"])
    _, follows = replica(driver, ground, "of-own", replicateSourceDb=own.state["arn"])
    assert follows.state["masterUserSecrets"] == []
    driver.delete(follows)
    driver.delete(own)


def test_a_replica_needs_backups_of_its_source_and_a_key_of_its_region(
    driver: Driver, ground: Ground
) -> None:
    with pytest.raises(ProviderError, match="without a KMS key of the destination region"):
        replica(driver, ground, "keyless", kmsKeyId=None)
    bare = driver.create(DB, "bare", {**EXAMPLES[DB](ground), "backupRetentionPeriod": 0})
    with pytest.raises(ProviderError, match="InvalidDBInstanceState: Automated backups are not enabled"):
        driver.create(DB, "of-bare", {**EXAMPLES[DB](ground), "replicateSourceDb": bare.id})


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("kind", "of", "setting", "words"),
    [
        (GROUP, DB, "parameterGroupName", "InvalidDBParameterGroupState: One or more database instances"),
        (SUBNETS, DB, "dbSubnetGroupName", "InvalidDBSubnetGroupStateFault: Cannot delete the subnet group"),
        (CACHE_SUBNETS, CACHE, "subnetGroupName", "CacheSubnetGroupInUse: Cache subnet group"),
    ],
)
def test_what_something_stands_on_stays(  # noqa: PLR0917 - a table
    driver: Driver, ground: Ground, kind: str, of: str, setting: str, words: str
) -> None:
    """RDS API Reference, DeleteDBParameterGroup, DeleteDBSubnetGroup; ElastiCache, DeleteCacheSubnetGroup."""
    below = driver.create(kind, "below", EXAMPLES[kind](ground))
    above = driver.create(of, "above", {**EXAMPLES[of](ground), setting: below.id})
    with pytest.raises(ProviderError, match=words):
        driver.delete(below)
    driver.delete(above)
    driver.delete(below)


@pytest.mark.whole("Costack renames no server")
def test_a_server_that_is_renamed_stays_the_same(driver: Driver, ground: Ground) -> None:
    """terraform-provider-aws, internal/service/rds/instance.go: NewDBInstanceIdentifier is sent."""
    inputs = {**EXAMPLES[DB](ground), "identifier": "was-called"}
    held = driver.create(DB, "renamed", inputs)
    wanted = {**inputs, "identifier": "is-called"}
    assert driver.diff(held, wanted).replaces == []
    later = driver.update(held, wanted)
    assert later.state["identifier"] == "was-called"
    at_once = driver.update(held, {**wanted, "applyImmediately": True})
    assert (at_once.id, at_once.state["identifier"]) == (held.id, "is-called")
    assert driver.read(at_once) is not None
    driver.delete(at_once)
    assert driver.read(at_once) is None


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("held", "wanted", "replaced"),
    [
        ({"engine": "redis", "engineVersion": "7.1"}, {"engine": "valkey", "engineVersion": "8.0"}, []),
        ({"engine": "redis", "engineVersion": "7.0"}, {"engine": "redis", "engineVersion": "7.1"}, []),
        (
            {"engine": "redis", "engineVersion": "7.1"},
            {"engine": "redis", "engineVersion": "7.0"},
            ["engineVersion"],
        ),
        (
            {"engine": "valkey", "engineVersion": "7.2"},
            {"engine": "redis", "engineVersion": "7.1"},
            ["engine", "engineVersion"],
        ),
        (
            {"engine": "valkey", "engineVersion": "7.2"},
            {"engine": "redis", "engineVersion": "7.2"},
            ["engine"],
        ),
        ({"engine": "valkey", "engineVersion": "8.0"}, {"engine": "valkey", "engineVersion": "9.0"}, []),
    ],
)
def test_the_provider_replaces_a_cache_that_would_go_back(
    driver: Driver, ground: Ground, held: dict[str, str], wanted: dict[str, str], replaced: list[str]
) -> None:
    """terraform-provider-aws, internal/service/elasticache/engine_version.go."""
    inputs = {key: value for key, value in EXAMPLES[CACHE](ground).items() if key != "parameterGroupName"}
    made = driver.create(CACHE, "goes-back", {**inputs, **held})
    assert sorted(driver.diff(made, {**inputs, **wanted}).replaces) == replaced
    driver.delete(made)


def refused_by_aws(call: Callable[[], object]) -> str:
    with pytest.raises(Exception, match="An error occurred") as caught:
        call()
    return str(caught.value)


def test_elasticache_itself_leads_no_cache_back(driver: Driver, ground: Ground) -> None:
    """ElastiCache API Reference, ModifyReplicationGroup, `EngineVersion`; User Guide, upgrades."""
    inputs = {key: value for key, value in EXAMPLES[CACHE](ground).items() if key != "parameterGroupName"}
    made = driver.create(CACHE, "stays", {**inputs, "engine": "valkey", "engineVersion": "8.0"})
    cache = client(driver, "elasticache")
    lower = refused_by_aws(
        lambda: cache.modify_replication_group(ReplicationGroupId=made.id, EngineVersion="7.2")
    )
    assert "Cannot downgrade engine version from 8.0 to 7.2" in lower
    back = refused_by_aws(
        lambda: cache.modify_replication_group(
            ReplicationGroupId=made.id, Engine="redis", EngineVersion="7.1"
        )
    )
    assert "Cannot modify engine from valkey to redis" in back
    driver.delete(made)
