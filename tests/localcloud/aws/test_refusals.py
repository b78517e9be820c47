"""Where moto is laxer than AWS the provider refuses as AWS would, in one sentence with AWS's error name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from localcloud.provider import ProviderError
from tests.localcloud.aws.driver import CheckRefusedError, Driver
from tests.localcloud.aws.examples import (
    ABROAD,
    CLUSTER,
    EXAMPLES,
    FILES,
    GROUP,
    KEY,
    NODES,
    TESTING_PLAN,
    Ground,
    mounts_policy,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DB, BUCKET, SECRET = "aws:rds/instance:Instance", "aws:s3/bucket:Bucket", "aws:secretsmanager/secret:Secret"
CACHE, ROLE = "aws:elasticache/replicationGroup:ReplicationGroup", "aws:iam/role:Role"
MOUNTS = "aws:efs/fileSystemPolicy:FileSystemPolicy"
NOWHERE = "arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-0000-0000-000000000000"


def database(ground: Ground, **changed: Any) -> dict[str, Any]:
    return {**EXAMPLES[DB](ground), **changed}


def of_family(ground: Ground, family: str) -> str:
    """A parameter group of that family."""
    return ground.need("aws:rds/parameterGroup:ParameterGroup", family, family=family).id


def refused(error: str, call: Callable[[], object]) -> str:
    """The sentence of a refusal."""
    with pytest.raises(ProviderError, match=error) as caught:
        call()
    sentence = str(caught.value)
    assert "\n" not in sentence
    assert "Traceback" not in sentence
    return sentence


def test_storage_of_a_database_cannot_shrink(driver: Driver, ground: Ground) -> None:
    held = driver.create(DB, "shrinks", database(ground, allocatedStorage=100))
    sentence = refused(
        "InvalidParameterCombination", lambda: driver.update(held, database(ground, allocatedStorage=20))
    )
    assert sentence.startswith("aws:rds/instance:Instance shrinks: ")
    assert "100 to 20 GiB" in sentence
    grown = driver.update(held, database(ground, allocatedStorage=200, applyImmediately=True))
    assert grown.state["allocatedStorage"] == 200


def test_a_major_version_asks_for_leave(driver: Driver, ground: Ground) -> None:
    """The words are AWS's (aws-controllers-k8s/community, issue 1265)."""
    held = driver.create(DB, "ages", database(ground))
    newer = database(ground, engineVersion="17.6", parameterGroupName=of_family(ground, "postgres17"))
    sentence = refused("InvalidParameterCombination", lambda: driver.update(held, newer))
    assert "AllowMajorVersionUpgrade flag must be present when upgrading to a new major version" in sentence
    assert sentence.endswith("from 16.3 to 17.6.")
    minor = driver.update(held, database(ground, engineVersion="16.9", applyImmediately=True))
    assert minor.state["engineVersion"] == "16.9"
    allowed = {**newer, "allowMajorVersionUpgrade": True, "applyImmediately": True}
    assert driver.update(minor, allowed).state["engineVersion"] == "17.6"


def test_a_major_version_that_waits_for_its_window_still_asks(driver: Driver, ground: Ground) -> None:
    held = driver.create(DB, "ages-later", database(ground))
    newer = database(ground, engineVersion="17.6", parameterGroupName=of_family(ground, "postgres17"))
    later = driver.update(held, {**newer, "allowMajorVersionUpgrade": True})
    assert (later.state["engineVersion"], later.state["engineVersionActual"]) == ("17.6", "16.3")
    refused(
        "InvalidParameterCombination: The AllowMajor",
        lambda: driver.update(later, {**newer, "engineVersion": "17.7"}),
    )


@pytest.mark.parametrize("wanted", ["db.nonsense.large", "m5.large", "db.t4g.gigantic", "t4g"])
def test_an_unknown_database_class_is_refused(driver: Driver, ground: Ground, wanted: str) -> None:
    refused(
        "InvalidParameterValue", lambda: driver.create(DB, "classy", database(ground, instanceClass=wanted))
    )


@pytest.mark.parametrize(
    "real", ["db.t4g.micro", "db.m7g.2xlarge", "db.r6gd.16xlarge", "db.x2iedn.32xlarge", "db.m6i.large"]
)
def test_a_real_database_class_is_accepted(driver: Driver, ground: Ground, real: str) -> None:
    made = driver.create(DB, f"class-{real.replace('.', '-')}", database(ground, instanceClass=real))
    assert made.state["instanceClass"] == real


def test_a_taken_name_is_refused(driver: Driver, ground: Ground) -> None:
    driver.create(DB, "first", database(ground, identifier="taken"))
    refused("DBInstanceAlreadyExists", lambda: driver.create(DB, "b", database(ground, identifier="taken")))
    driver.create(BUCKET, "first", {"bucket": "taken-bucket"})
    refused("BucketAlreadyOwnedByYou", lambda: driver.create(BUCKET, "b", {"bucket": "taken-bucket"}))
    role = {**EXAMPLES[ROLE](ground), "name": "taken"}
    driver.create(ROLE, "first", role)
    refused("EntityAlreadyExists", lambda: driver.create(ROLE, "b", role))
    cache = {**EXAMPLES[CACHE](ground), "replicationGroupId": "taken"}
    driver.create(CACHE, "first", cache)
    refused("ReplicationGroupAlreadyExists", lambda: driver.create(CACHE, "b", cache))


def test_the_name_of_a_secret_that_waits_for_its_deletion_is_blocked(driver: Driver) -> None:
    driver.delete(driver.create(SECRET, "s", {"name": "blocked", "recoveryWindowInDays": 7}))
    sentence = refused("InvalidRequestException", lambda: driver.create(SECRET, "t", {"name": "blocked"}))
    assert "scheduled for deletion" in sentence
    driver.delete(driver.create(SECRET, "u", {"name": "free", "recoveryWindowInDays": 0}))
    driver.create(SECRET, "v", {"name": "free"})


def test_a_database_is_not_deleted_without_a_word_on_its_final_snapshot(
    driver: Driver, ground: Ground
) -> None:
    inputs = database(ground)
    del inputs["skipFinalSnapshot"]
    held = driver.create(DB, "silent", inputs)
    refused("InvalidParameterCombination: FinalDBSnapshotIdentifier", lambda: driver.delete(held))

    held = driver.update(held, {**inputs, "finalSnapshotIdentifier": "silent-final"})
    driver.delete(held)
    rds = boto3.client("rds", endpoint_url=driver.endpoint, region_name="eu-west-1", **KEYS)
    assert rds.describe_db_snapshots(DBSnapshotIdentifier="silent-final")["DBSnapshots"]

    again = driver.create(DB, "silent", {**inputs, "finalSnapshotIdentifier": "silent-final"})
    refused("DBSnapshotAlreadyExists", lambda: driver.delete(again))


def test_a_protected_database_is_not_deleted(driver: Driver, ground: Ground) -> None:
    held = driver.create(DB, "protected", database(ground, deletionProtection=True))
    refused("InvalidParameterCombination", lambda: driver.delete(held))
    driver.delete(driver.update(held, database(ground, deletionProtection=False)))


def test_a_bucket_with_objects_stays_unless_it_may_be_emptied(driver: Driver) -> None:
    s3 = boto3.client("s3", endpoint_url=driver.endpoint, region_name="eu-west-1", **KEYS)
    held = driver.create(BUCKET, "full", {"bucket": "full-bucket"})
    s3.put_bucket_versioning(Bucket="full-bucket", VersioningConfiguration={"Status": "Enabled"})
    for body in (b"1", b"2"):
        s3.put_object(Bucket="full-bucket", Key="dump", Body=body)
    s3.delete_object(Bucket="full-bucket", Key="dump")
    refused("BucketNotEmpty", lambda: driver.delete(held))
    driver.delete(driver.update(held, {"bucket": "full-bucket", "forceDestroy": True}))
    assert "full-bucket" not in {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}


def test_a_role_with_a_policy_stays_unless_its_policies_may_go_with_it(
    driver: Driver, ground: Ground
) -> None:
    iam = boto3.client("iam", endpoint_url=driver.endpoint, region_name="eu-west-1", **KEYS)
    role = {**EXAMPLES[ROLE](ground), "name": "holds"}
    held = driver.create(ROLE, "holds", role)
    statement = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "arn:aws:s3:::dumps"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam.put_role_policy(RoleName="holds", PolicyName="unrecorded", PolicyDocument=document)
    refused("DeleteConflict", lambda: driver.delete(held))
    driver.delete(driver.update(held, {**role, "forceDetachPolicies": True}))
    assert "holds" not in {each["RoleName"] for each in iam.list_roles()["Roles"]}


def test_a_key_must_exist_and_stay(driver: Driver, ground: Ground) -> None:
    refused("KMSKeyNotAccessibleFault", lambda: driver.create(DB, "k", database(ground, kmsKeyId=NOWHERE)))
    doomed = driver.create(KEY, "doomed", {"deletionWindowInDays": 7})
    arn = doomed.state["arn"]
    driver.delete(doomed)
    refused("pending deletion", lambda: driver.create(SECRET, "k", {"kmsKeyId": arn}))


def test_a_subnet_group_needs_two_zones(driver: Driver, ground: Ground) -> None:
    one = [ground.subnets()[0]]
    refused(
        "DBSubnetGroupDoesNotCoverEnoughAZs",
        lambda: driver.create("aws:rds/subnetGroup:SubnetGroup", "narrow", {"subnetIds": one}),
    )


def test_replication_needs_versioning_on_both_sides(driver: Driver, ground: Ground) -> None:
    kind = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    inputs = EXAMPLES[kind](ground)
    rule = {**inputs["rules"][0], "destination": {"bucket": f"arn:aws:s3:::{ground.bucket('plain')}"}}
    refused("InvalidRequest: versioning", lambda: driver.create(kind, "r", {**inputs, "rules": [rule]}))


@pytest.mark.parametrize(
    "changed",
    [
        {"automaticFailoverEnabled": True, "numCacheClusters": 1, "multiAzEnabled": False},
        {"automaticFailoverEnabled": False, "multiAzEnabled": True},
        {"transitEncryptionEnabled": False},
        {"nodeType": "cache.nonsense.large"},
    ],
    ids=["failover alone", "zones without failover", "token without TLS", "class"],
)
def test_caches_are_whole_or_refused(driver: Driver, ground: Ground, changed: dict[str, Any]) -> None:
    refused("InvalidParameter", lambda: driver.create(CACHE, "odd", {**EXAMPLES[CACHE](ground), **changed}))


@pytest.mark.parametrize(
    ("kind", "changed", "reason"),
    [
        (BUCKET, {"tags": {f"k{n}": "v" for n in range(51)}}, "51 tags"),
        (BUCKET, {"tags": {"k" * 129: "v"}}, "129 characters"),
        (BUCKET, {"tags": {"k": "v" * 257}}, "257 characters"),
        (BUCKET, {"tags": {"aws:owner": "v"}}, "begins with aws:"),
        (BUCKET, {"tags": {"k": "a;b"}}, "holds a character"),
        (BUCKET, {"bucket": "Upper_Case"}, "3 to 63 lower-case"),
        (KEY, {"deletionWindowInDays": 6}, "7 - 30"),
        (KEY, {"deletionWindowInDays": 31}, "7 - 30"),
        (DB, {"backupRetentionPeriod": 36}, "0 - 35"),
        (DB, {"finalSnapshotIdentifier": "ends-with-"}, "must begin with a letter"),
        (DB, {"finalSnapshotIdentifier": "double--hyphen"}, "must begin with a letter"),
        (SECRET, {"recoveryWindowInDays": 3}, "from 7 to 30"),
        ("aws:cloudwatch/logGroup:LogGroup", {"retentionInDays": 31}, "one of"),
        (BUCKET, {"corsRules": []}, "does not know the input corsRules"),
    ],
)
def test_check_refuses_before_any_call(
    driver: Driver, kind: str, changed: dict[str, Any], reason: str
) -> None:
    with pytest.raises(CheckRefusedError, match=reason):
        driver.check(f"urn:pulumi:dev::test::{kind}::n", changed)


def test_an_unknown_type_says_how_to_add_it(driver: Driver) -> None:
    sentence = refused("aws:sqs/queue:Queue", lambda: driver.create("aws:sqs/queue:Queue", "q", {}))
    assert "localcloud/aws/sqs.py" in sentence


KEYS: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}


REPLICATION = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"


def test_automated_backups_are_replicated_from_another_region_and_with_a_key(
    driver: Driver, ground: Ground
) -> None:
    here = ground.need(DB).state["arn"]
    refused(
        "lies in eu-west-1 itself", lambda: driver.create(REPLICATION, "x", {"sourceDbInstanceArn": here})
    )
    abroad = EXAMPLES[REPLICATION](ground)["sourceDbInstanceArn"]
    refused("encrypted; name a", lambda: driver.create(REPLICATION, "x", {"sourceDbInstanceArn": abroad}))
    refused(
        "KMSKeyNotAccessibleFault",
        lambda: driver.create(REPLICATION, "x", {"sourceDbInstanceArn": abroad, "kmsKeyId": NOWHERE}),
    )


def test_what_has_no_backups_cannot_replicate_them(driver: Driver, ground: Ground) -> None:
    none = ground.need(
        DB, "no-backups", **ABROAD, kmsKeyId=None, storageEncrypted=None, backupRetentionPeriod=0
    )
    wanted = {"sourceDbInstanceArn": none.state["arn"]}
    refused("has no automated backups", lambda: driver.create(REPLICATION, "x", wanted))


def test_a_file_system_is_replicated_under_a_key_of_the_other_region(driver: Driver, ground: Ground) -> None:
    kind = "aws:efs/replicationConfiguration:ReplicationConfiguration"
    wanted = EXAMPLES[kind](ground)
    here = {**wanted["destination"], "kmsKeyId": ground.out(KEY, "arn")}
    refused(
        "does not exist in eu-central-1", lambda: driver.create(kind, "x", {**wanted, "destination": here})
    )


def test_restore_testing_takes_its_own_names_and_an_existing_plan(driver: Driver, ground: Ground) -> None:
    plan = EXAMPLES[TESTING_PLAN](ground)
    with pytest.raises(CheckRefusedError, match="has 1 to 50 letters, digits and underscores"):
        driver.create(TESTING_PLAN, "x", {**plan, "name": "with-dash"})
    kind = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
    absent = {**EXAMPLES[kind](ground), "restoreTestingPlanName": "absent"}
    refused("ResourceNotFoundException", lambda: driver.create(kind, "x", absent))


def test_a_cluster_goes_after_its_node_groups(driver: Driver, ground: Ground) -> None:
    """As EKS answers to DeleteCluster (EKS API reference, ResourceInUseException)."""
    cluster = driver.create(CLUSTER, "populated", {**EXAMPLES[CLUSTER](ground), "name": "populated"})
    nodes = driver.create(NODES, "inside", {**EXAMPLES[NODES](ground), "clusterName": cluster.id})
    assert "inside-" in refused("ResourceInUseException", lambda: driver.delete(cluster))
    driver.delete(nodes)
    driver.delete(cluster)


@pytest.mark.parametrize("addon", ["coredns", "kube-proxy", "vpc-cni"])
def test_an_add_on_that_a_new_cluster_has_already_must_be_taken_over(
    driver: Driver, ground: Ground, addon: str
) -> None:
    kind = "aws:eks/addon:Addon"
    wanted = {**EXAMPLES[kind](ground), "addonName": addon, "resolveConflictsOnCreate": "NONE"}
    assert addon in refused("ConfigurationConflict", lambda: driver.create(kind, "kept", wanted))


def test_a_key_policy_that_locks_everyone_out_is_refused(driver: Driver, ground: Ground) -> None:
    kind = "aws:kms/keyPolicy:KeyPolicy"
    wanted = EXAMPLES[kind](ground)
    locked = {**wanted, "policy": wanted["policy"].replace("kms:*", "kms:Decrypt")}
    refused("MalformedPolicyDocumentException", lambda: driver.create(kind, "locked", locked))


def test_a_replica_follows_a_server_of_another_region(driver: Driver, ground: Ground) -> None:
    source = ground.need(DB, "followed", **ABROAD, kmsKeyId=None, storageEncrypted=None)
    groups = {name: EXAMPLES[DB](ground)[name] for name in ("dbSubnetGroupName", "vpcSecurityGroupIds")}
    wanted = {
        "identifier": "follower",
        "replicateSourceDb": source.state["arn"],
        "instanceClass": "db.t4g.large",
        "maintenanceWindow": "sun:03:00-sun:04:00",
        "skipFinalSnapshot": True,
        **groups,
    }
    held = driver.create(DB, "follower", wanted)
    assert held.state["instanceClass"] == "db.t4g.large"
    assert ":eu-west-1:" in held.state["arn"]
    seen = driver.read(held)
    assert seen is not None
    assert seen.state["maintenanceWindow"] == "sun:03:00-sun:04:00"
    assert not driver.diff(held, wanted).changes
    driver.delete(held)
    assert driver.read(held) is None


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        ("{}", "no JSON object with a Statement"),
        ("everybody", "no JSON object with a Statement"),
        ('{"Statement": [{"Effect": "Allow", "Action": "elasticfilesystem:ClientMount"}]}', "no Principal"),
        (mounts_policy("arn:aws:elasticfilesystem:eu-west-1:123456789012:file-system/fs-0"), "not this file"),
        (mounts_policy("*") + " " * 20_000, "characters, more than 20000"),
    ],
)
def test_a_policy_of_mounts_is_about_its_file_system(
    driver: Driver, ground: Ground, policy: str, said: str
) -> None:
    """As the API answers to PutFileSystemPolicy (Amazon EFS API reference, InvalidPolicyException)."""
    system = ground.need(FILES, "mounted").id
    wanted = {"fileSystemId": system, "policy": policy}
    assert said in refused("InvalidPolicyException", lambda: driver.create(MOUNTS, "mounts", wanted))


def test_a_security_group_stays_while_a_rule_or_a_database_has_it(driver: Driver, ground: Ground) -> None:
    """As EC2 answers to DeleteSecurityGroup (Amazon EC2 API reference, DependencyViolation)."""
    pods, servers = (ground.need(GROUP, name, name=name) for name in ("pods", "servers"))
    rule = driver.create(
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        "admits",
        {
            "securityGroupId": servers.id,
            "referencedSecurityGroupId": pods.id,
            "ipProtocol": "tcp",
            "fromPort": 5432,
            "toPort": 5432,
        },
    )
    held = driver.create(DB, "in-group", database(ground, vpcSecurityGroupIds=[servers.id]))
    assert servers.id in refused("DependencyViolation", lambda: driver.delete(pods))
    assert "in-group" in refused("DependencyViolation", lambda: driver.delete(servers))
    driver.delete(rule)
    driver.delete(pods)
    driver.update(held, database(ground, vpcSecurityGroupIds=[ground.need(GROUP).id]))
    driver.delete(servers)
