from __future__ import annotations

import json
from functools import cache

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.declarations import Registration, Registrations, differences
from tests.portfolios import plan_of, tenant

COPY = "local-acme-copy"


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan_of(tenant("acme", tier="cross-region-backup"))))


def test_every_fact_of_a_second_region_is_what_is_registered() -> None:
    registered = [Registration(each.type, each.name, each.props) for each in declared()]
    plan = plan_of(tenant("acme", tier="cross-region-backup"))
    assert differences(plan, Registrations("local", registered)) == []


def test_what_is_copied_lies_in_the_second_region_and_nothing_else() -> None:
    there = {each.name for each in declared() if each.custom and each.props.get("region") == "eu-west-1"}
    assert there >= {
        f"{COPY}-key",
        f"{COPY}-backups",
        f"{COPY}-backups-lifecycle",
        f"{COPY}-vault",
        "local-acme-postgresql-copy",
        "local-acme-restore-test-plan",
    }
    assert all("copy" in name or "restore-test" in name for name in there)


def test_a_copy_needs_no_key_of_the_region_it_survives() -> None:
    key = the(declared(), "aws:kms/key:Key", f"{COPY}-key")
    arn = f"arn:aws:test:us-east-1:123456789012:{key.name}"
    backups = the(
        declared(),
        "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication",
        "local-acme-postgresql-copy",
    )
    vault = the(declared(), "aws:backup/vault:Vault", f"{COPY}-vault")
    files = the(
        declared(), "aws:efs/replicationConfiguration:ReplicationConfiguration", "local-acme-filestores-copy"
    )
    dumps = the(
        declared(), "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "local-acme-backups-copy"
    )
    (rule,) = dumps.props["rules"]
    assert [
        backups.props["kmsKeyId"],
        vault.props["kmsKeyArn"],
        files.props["destination"]["kmsKeyId"],
        rule["destination"]["encryptionConfiguration"]["replicaKmsKeyId"],
    ] == [arn] * 4


def test_deletions_are_not_copied_and_the_copy_forgets_by_itself() -> None:
    dumps = the(
        declared(), "aws:s3/bucketReplicationConfig:BucketReplicationConfig", "local-acme-backups-copy"
    )
    (rule,) = dumps.props["rules"]
    assert rule["deleteMarkerReplication"] == {"status": "Disabled"}
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    dumped, _ = the(declared(), token, f"{COPY}-backups-lifecycle").props["rules"]
    assert dumped["expiration"] == {"days": 35}


def test_copies_carry_the_tags_of_their_owner_domain_and_region() -> None:
    vault = the(declared(), "aws:backup/vault:Vault", f"{COPY}-vault")
    assert vault.tags["cost/tenant"] == "acme"
    assert vault.tags["cost/domain"] == "resilience"
    assert vault.tags["cost/region"] == "eu-west-1"


def test_the_replication_role_reads_one_bucket_and_writes_another() -> None:
    policy = the(declared(), "aws:iam/rolePolicy:RolePolicy", "local-acme-backups-copy-policy").props[
        "policy"
    ]
    here, there = (
        f"arn:aws:test:us-east-1:123456789012:{name}" for name in ("local-acme-backups", f"{COPY}-backups")
    )
    may = {
        action: statement["Resource"]
        for statement in json.loads(policy)["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
        if action.startswith("s3:")
    }
    assert may["s3:GetObjectVersionForReplication"] == f"{here}/*"
    assert may["s3:ReplicateObject"] == f"{there}/*"
    assert "s3:ReplicateDelete" not in may
    assert not any(resource.endswith("*") and not resource.endswith("/*") for resource in may.values())


def test_pods_mount_the_tenants_own_files_and_the_old_directory_stays() -> None:
    web = the(declared(), "kubernetes:apps/v1:Deployment", "acme-web")
    claims = [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in web.props["spec"]["template"]["spec"]["volumes"]
        if "persistentVolumeClaim" in volume
    ]
    assert claims == ["acme-own-filestore"]
    points = {
        each.name: each.props["fileSystemId"]
        for each in declared()
        if each.type == "aws:efs/accessPoint:AccessPoint"
    }
    assert points == {
        "acme-filestore": "local-filestores-id",
        "acme-own-filestore": "local-acme-filestores-id",
    }


@pytest.mark.whole("every fact of the second region is compared above")
def test_a_standby_follows_its_server_under_the_second_regions_key() -> None:
    options = {"users": 50, "warm_standby": True}
    plan = plan_of(tenant("acme", tier="cross-region-backup", options=options))
    made = declare_plan(plan)
    standby = the(made, "aws:rds/instance:Instance", "local-acme-postgresql-standby").props
    assert standby["replicateSourceDb"].endswith(":local-acme-postgresql")
    # RDS makes no replica of a server whose master password it manages.
    server = the(made, "aws:rds/instance:Instance", "local-acme-postgresql").props
    assert "manageMasterUserPassword" not in server
    secret = the(made, "aws:secretsmanager/secretVersion:SecretVersion", "local-acme-postgresql-master")
    assert json.loads(secret.props["secretString"]) == {"username": "costack", "password": server["password"]}
    assert secret.secret_props >= {"secretString"}
    assert standby["kmsKeyId"].endswith(f":{COPY}-key")
    assert standby["region"] == "eu-west-1"
    groups = [each.props for each in made if "postgresql-standby" in each.name and "logGroup" in each.type]
    assert [each["region"] for each in groups] == ["eu-west-1", "eu-west-1"]
    registered = [Registration(each.type, each.name, each.props) for each in made]
    assert differences(plan, Registrations("local", registered)) == []


@pytest.mark.sample(1)
@pytest.mark.parametrize(("bought", "skipped"), [(True, True), ("promoted", False)])
def test_a_replica_leaves_no_final_snapshot_and_a_promoted_one_does(bought: object, skipped: object) -> None:
    """RDS refuses to make one of a replica (RDS API Reference, DeleteDBInstance)."""
    options = {"users": 50, "warm_standby": bought}
    made = declare_plan(plan_of(tenant("acme", tier="cross-region-backup", options=options)))
    standby = the(made, "aws:rds/instance:Instance", "local-acme-postgresql-standby")
    assert standby.props["skipFinalSnapshot"] is skipped
    assert standby.props["engineVersion"] == "17"
    assert standby.props["applyImmediately"] is skipped
    assert standby.props["finalSnapshotIdentifier"].startswith("local-acme-postgresql-standby-final-")
    assert standby.ignore_changes == ("replicateSourceDb",)
    primary = the(made, "aws:rds/instance:Instance", "local-acme-postgresql")
    assert primary.props["skipFinalSnapshot"] is False
