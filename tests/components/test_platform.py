from __future__ import annotations

import json

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import plan_of, tenant, wide_platform
from tiers.portfolio.platform import DatabaseSpec, Platform

DATABASE = "aws:rds/instance:Instance"


def with_database(**changes: object) -> Platform:
    """The platform with another server, and a network for standbys."""
    database = wide_platform().database.model_dump() | changes
    return wide_platform().model_copy(update={"database": DatabaseSpec.model_validate(database)})


STANDBY = {"users": 50, "warm_standby": True}


def test_the_database_is_private_encrypted_and_ends_with_a_snapshot(declared: tuple[Declared, ...]) -> None:
    props = the(declared, DATABASE, "local-postgresql").props
    assert props["storageEncrypted"] is True
    assert props["publiclyAccessible"] is False
    assert props["manageMasterUserPassword"] is True
    assert props["skipFinalSnapshot"] is False
    assert props["finalSnapshotIdentifier"] == "local-postgresql-final-0a1b2c3d"
    assert props["deleteAutomatedBackups"] is False
    assert props["copyTagsToSnapshot"] is True
    assert "password" not in props


def test_every_server_may_be_taken_to_a_new_major_version(declared: tuple[Declared, ...]) -> None:
    servers = [each for each in declared if each.type == DATABASE]
    assert len(servers) > 1
    assert {each.props["allowMajorVersionUpgrade"] for each in servers} == {True}


@pytest.mark.sample(1)
@pytest.mark.parametrize(("version", "follows"), [("17", True), ("17.6", False), ("18", True)])
def test_aws_upgrades_servers_that_ask_for_a_major_version_and_no_cache(
    version: str, *, follows: bool
) -> None:
    """Of what asks for a minor version an upgrade by AWS would make every later update ask for less."""
    asked = with_database(engine_version=version)
    made = declare_plan(plan_of(tenant("acme", tier="cross-region-backup", options=STANDBY), platform=asked))
    servers = [each for each in made if each.type == DATABASE]
    assert len(servers) == 3
    assert {each.props["autoMinorVersionUpgrade"] for each in servers} == {follows}
    assert {each.props.get("engineVersion", version) for each in servers} == {version}
    caches = [each for each in made if each.type == "aws:elasticache/replicationGroup:ReplicationGroup"]
    assert {each.props["autoMinorVersionUpgrade"] for each in caches} == {False}


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("gib", "iops", "throughput"), [(399, None, None), (400, 12_000, 500), (900, 12_000, 500)]
)
def test_a_striped_disk_asks_for_what_it_does_without_charge(
    gib: int, iops: int | None, throughput: int | None
) -> None:
    """Else a server that grows to 400 GiB is sent the IOPS it had (terraform-provider-aws, issue 28382)."""
    asked = with_database(storage_gib=gib, max_storage_gib=1000)
    props = the(declare_plan(plan_of(tenant("acme"), platform=asked)), DATABASE, "local-postgresql").props
    assert (props.get("iops"), props.get("storageThroughput")) == (iops, throughput)


def test_the_database_refuses_connections_without_tls(declared: tuple[Declared, ...]) -> None:
    group = the(declared, "aws:rds/parameterGroup:ParameterGroup", "local-postgresql-parameters-postgres17")
    values = {each["name"]: (each["value"], each["applyMethod"]) for each in group.props["parameters"]}
    assert values["rds.force_ssl"] == ("1", "immediate")
    assert values["rds.logical_replication"] == ("1", "pending-reboot")
    assert group.props["family"] == "postgres17"


def test_a_query_may_fill_a_tenth_of_the_shared_servers_disk(declared: tuple[Declared, ...]) -> None:
    (shared,) = (each for each in declared if each.name == "local-postgresql-parameters-postgres17")
    values = {each["name"]: (each["value"], each["applyMethod"]) for each in shared.props["parameters"]}
    server = the(declared, "aws:rds/instance:Instance", "local-postgresql")
    assert server.props["allocatedStorage"] == 50
    assert values["temp_file_limit"] == (str(5 * 1024 * 1024), "immediate")
    own = [
        each
        for each in declared
        if each.name.endswith("-postgresql-parameters-postgres17") and each != shared
    ]
    assert own
    assert all("temp_file_limit" not in {one["name"] for one in each.props["parameters"]} for each in own)


def test_the_cache_is_encrypted_and_asks_for_a_token(declared: tuple[Declared, ...]) -> None:
    props = the(declared, "aws:elasticache/replicationGroup:ReplicationGroup", "local-sessions").props
    assert props["transitEncryptionEnabled"] is True
    assert props["atRestEncryptionEnabled"] is True
    assert props["automaticFailoverEnabled"] is True
    assert len(props["replicationGroupId"]) <= 40


def test_the_backup_bucket_is_closed_and_forgets_only_dumps(declared: tuple[Declared, ...]) -> None:
    block = the(
        declared, "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "local-backups-private"
    ).props
    flags = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
    assert all(block[flag] is True for flag in flags)
    policy = json.loads(
        the(declared, "aws:s3/bucketPolicy:BucketPolicy", "local-backups-tls").props["policy"]
    )
    (statement,) = policy["Statement"]
    assert (statement["Effect"], statement["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    rules = the(declared, token, "local-backups-lifecycle").props["rules"]
    expiring = [rule["filter"]["prefix"] for rule in rules if "expiration" in rule]
    assert expiring == ["dumps/"]


def test_only_the_clusters_pods_reach_the_data(declared: tuple[Declared, ...]) -> None:
    rules = [each.props for each in declared if each.type.endswith(":SecurityGroupIngressRule")]
    assert {(rule["fromPort"], rule["toPort"], rule["cidrIpv4"]) for rule in rules} == {
        (port, port, "10.20.0.0/16") for port in (5432, 6379, 2049)
    }


def test_recovery_points_carry_the_cost_tags(declared: tuple[Declared, ...]) -> None:
    (rule,) = the(declared, "aws:backup/plan:Plan", "local-filestores-plan").props["rules"]
    assert rule["recoveryPointTags"]["cost/domain"] == "shared-platform"


def test_a_role_may_do_what_its_pods_need_and_only_for_them(declared: tuple[Declared, ...]) -> None:
    policy = the(declared, "aws:iam/rolePolicy:RolePolicy", "local-acme-backup-policy").props["policy"]
    statements = json.loads(policy)["Statement"]
    resources = [statement["Resource"] for statement in statements]
    bucket = "arn:aws:test:us-east-1:123456789012:local-backups"
    assert resources == [
        [f"{bucket}/{kind}/acme/*" for kind in ("dumps", "filestores", "manifests")],
        f"{bucket}/dumps/acme/*",
        bucket,
        "arn:aws:test:us-east-1:123456789012:local-key",
    ]
    assert statements[-1]["Condition"] == {"StringEquals": {"kms:EncryptionContext:aws:s3:arn": bucket}}
    assert "*" not in json.dumps([statement["Action"] for statement in statements])
    deleting = [each["Resource"] for each in statements if "s3:Delete" in json.dumps(each["Action"])]
    assert deleting == [f"{bucket}/dumps/acme/*"]
    token = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
    pods = the(declared, token, "local-acme-backup-pods").props
    assert (pods["namespace"], pods["serviceAccount"]) == ("odoo-production", "acme-backup")


def test_only_the_administrating_jobs_may_read_the_master_secret(declared: tuple[Declared, ...]) -> None:
    readers = [
        each.name
        for each in declared
        if each.type == "aws:iam/rolePolicy:RolePolicy" and "secretsmanager" in each.props["policy"]
    ]
    own = ("cobalt", "halcyon", "meridian")
    assert sorted(readers) == sorted(
        ["local-database-admin-policy", *(f"local-{tenant}-database-admin-policy" for tenant in own)]
    )


GROUP = "aws:rds/parameterGroup:ParameterGroup"


def test_the_group_of_a_version_that_still_runs_stays_beside_the_new_one() -> None:
    """RDS deletes no parameter group that a server has, and it has the old one until its window."""
    asked = with_database(engine_version="18")
    planned = plan_of(tenant("acme"), platform=asked)
    waits = tuple(
        fact.model_copy(update={"kept_group_version": "17"}) if fact.kind == "database-instance" else fact
        for fact in planned.platform
    )
    made = declare_plan(planned.model_copy(update={"platform": waits}))
    groups = {each.name: each for each in made if each.type == GROUP}
    name = "local-postgresql-parameters"
    families = {each: groups[each].props["family"] for each in groups}
    assert families == {f"{name}-postgres17": "postgres17", f"{name}-postgres18": "postgres18"}
    # Whoever knew one group for all versions has it as the one that stays.
    assert [each for each in groups if groups[each].aliases] == [f"{name}-postgres17"]
    assert groups[f"{name}-postgres17"].aliases == (name,)
    server = the(made, DATABASE, "local-postgresql")
    assert server.props["parameterGroupName"] == f"{name}-postgres18"
    known = tuple(
        fact.model_copy(update={"upgrade_is_asked": True}) if fact.kind == "database-instance" else fact
        for fact in waits
    )
    again = declare_plan(planned.model_copy(update={"platform": known}))
    assert the(again, DATABASE, "local-postgresql").props["parameterGroupName"] == f"{name}-postgres17"
    # So a destroy deletes the server first.
    assert {each.urn for each in groups.values()} <= server.dependencies


def test_a_group_is_known_by_its_earlier_name(declared: tuple[Declared, ...]) -> None:
    groups = [each for each in declared if each.type == GROUP]
    assert {each.aliases for each in groups} == {(each.name.removesuffix("-postgres17"),) for each in groups}
