"""Drift, import, names, secrets, previews and regions, for any row of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import boto3
import pytest

from localcloud.properties import UNKNOWN, plain
from localcloud.provider import INPUTS, ProviderError
from tests.localcloud.aws.examples import EXAMPLES, Ground

if TYPE_CHECKING:
    from tests.localcloud.aws.driver import Driver

DB, BUCKET, CACHE = (
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:elasticache/replicationGroup:ReplicationGroup",
)
LOGS = "aws:cloudwatch/logGroup:LogGroup"
KEYS: dict[str, Any] = {"aws_access_key_id": "x", "aws_secret_access_key": "y"}
TO_IMPORT = sorted(
    set(EXAMPLES)
    # Their state cannot be read from AWS: a document of the simulation, a value that no call lists.
    - {"aws:secretsmanager/secretVersion:SecretVersion"}
)


def client(driver: Driver, service: str, region: str = "eu-west-1") -> Any:
    make: Any = boto3.client  # its stubs want a literal name
    return make(service, endpoint_url=driver.endpoint, region_name=region, **KEYS)


def test_refresh_finds_a_class_and_a_tag_changed_behind_pulumi(driver: Driver, ground: Ground) -> None:
    inputs = {**EXAMPLES[DB](ground), "tags": {"cost/tenant": "acme"}, "applyImmediately": True}
    held = driver.create(DB, "drifts", inputs)
    rds = client(driver, "rds")
    rds.modify_db_instance(
        DBInstanceIdentifier=held.id, DBInstanceClass="db.m7g.large", ApplyImmediately=True
    )
    rds.add_tags_to_resource(ResourceName=held.state["arn"], Tags=[{"Key": "stray", "Value": "1"}])

    seen = driver.read(held)
    assert seen is not None
    different = {name for name in seen.inputs if seen.inputs[name] != held.inputs.get(name)}
    assert different == {"instanceClass", "tags"}
    assert seen.inputs["instanceClass"] == "db.m7g.large"
    assert seen.inputs["tags"] == {"cost/tenant": "acme", "stray": "1"}

    assert set(driver.diff(seen, inputs).detailed_diff) == {"instanceClass", "tags.stray"}
    mended = driver.update(seen, inputs)
    assert mended.state["instanceClass"] == "db.t4g.medium"
    assert mended.state["tagsAll"] == {"cost/tenant": "acme"}
    again = driver.read(mended)
    assert again is not None
    assert again.inputs == mended.inputs


def test_tags_on_a_resource_without_any_are_drift(driver: Driver) -> None:
    held = driver.create(LOGS, "bare", {})
    arn = held.state["arn"]
    client(driver, "logs").tag_resource(resourceArn=arn, tags={"stray": "1"})
    seen = driver.read(held)
    assert seen is not None
    assert seen.inputs["tags"] == {"stray": "1"}


def test_what_was_deleted_behind_pulumi_is_gone(driver: Driver) -> None:
    held = driver.create(BUCKET, "vanishes", {})
    client(driver, "s3").delete_bucket(Bucket=held.id)
    assert driver.read(held) is None
    with pytest.raises(ProviderError, match="deleted outside Pulumi"):
        driver.update(held, {"forceDestroy": True})


@pytest.mark.sample(4)
@pytest.mark.parametrize("kind", TO_IMPORT)
def test_import_by_id_finds_what_was_created(driver: Driver, ground: Ground, kind: str) -> None:
    tags = {"tags": {"cost/tenant": "acme"}} if driver.provider.resource_type(kind).row.tags else {}
    name = f"import-{kind.rsplit(':', 1)[-1].lower()}"
    held = driver.create(kind, name, {**EXAMPLES[kind](ground), **tags})
    found = driver.import_(kind, name, held.id)
    assert found is not None
    assert found.id == held.id
    row = driver.provider.resource_type(kind).row
    reported = {*row.live, *row.derived, *tags} & held.inputs.keys()
    # A policy may come back in another spelling of the same JSON, sets in another order.
    texts = {n for n in reported if isinstance(held.inputs[n], str) and held.inputs[n].startswith("{")}
    assert {n: found.inputs[n] for n in reported - texts if n in found.inputs} == {
        n: found.state[n] for n in reported - texts if n in found.inputs
    }
    assert not driver.diff(found, found.inputs).changes
    assert driver.read(found) is not None
    driver.delete(held)


def test_a_made_up_name_is_stable_and_prefixed(driver: Driver, ground: Ground) -> None:
    made = driver.create(BUCKET, "Name", {})
    assert made.id.startswith("name-")
    assert len(made.id) == len("name-") + 7
    assert driver.check(made.urn, {"tags": {"a": "b"}}, made.inputs)["bucket"] == made.id
    prefixed = driver.create(BUCKET, "Name", {"bucketPrefix": "acme-dumps-"})
    assert prefixed.id.startswith("acme-dumps-")
    assert driver.create("aws:kms/alias:Alias", "a", EXAMPLES["aws:kms/alias:Alias"](ground)).id.startswith(
        "alias/a-"
    )


def test_a_fixed_name_is_deleted_before_it_is_replaced(driver: Driver) -> None:
    made = driver.create("aws:kms/key:Key", "k", {})
    bucket = driver.create(BUCKET, "fixed", {"bucket": "fixed-name"})
    assert driver.diff(bucket, {"bucket": "fixed-name", "objectLockEnabled": True}).delete_before_replace
    renamed = driver.diff(bucket, {"bucket": "another-name"})
    assert renamed.replaces == ["bucket"]
    assert not renamed.delete_before_replace
    assert driver.diff(made, {"description": "x"}).replaces == []


def test_a_password_is_secret_wherever_the_state_holds_it(driver: Driver, ground: Ground) -> None:
    made = driver.create(DB, "secretive", EXAMPLES[DB](ground))
    password = made.inputs["password"]
    assert made.wire["password"].is_secret
    inputs: Any = made.wire[INPUTS].value
    assert inputs["password"].is_secret
    shown = {name: value for name, value in made.wire.items() if not value.is_secret and name != INPUTS}
    assert password not in str(plain(shown))


def test_preview_knows_inputs_and_tags_and_nothing_computed(driver: Driver) -> None:
    shown = driver.preview(BUCKET, "seen", {"tags": {"cost/tenant": "acme"}})
    assert shown["tagsAll"] == {"cost/tenant": "acme"}
    assert shown["arn"] is UNKNOWN
    assert shown["region"] == "eu-west-1"
    assert client(driver, "s3").list_buckets(Prefix="seen-").get("Buckets", []) == []


def test_the_region_of_a_resource_wins_and_replaces(driver: Driver) -> None:
    made = driver.create(LOGS, "far", {"region": "eu-central-1"})
    assert made.state["region"] == "eu-central-1"
    assert ":eu-central-1:" in made.state["arn"]
    far = client(driver, "logs", "eu-central-1")
    assert [g["logGroupName"] for g in far.describe_log_groups(logGroupNamePrefix="far-")["logGroups"]] == [
        made.id
    ]
    assert driver.diff(made, {"region": "eu-west-3"}).replaces == ["region"]
    driver.delete(made)
    assert not far.describe_log_groups(logGroupNamePrefix="far-")["logGroups"]


def test_a_cache_grows_and_its_name_is_free_again(driver: Driver, ground: Ground) -> None:
    inputs = {**EXAMPLES[CACHE](ground), "replicationGroupId": "reborn", "applyImmediately": True}
    held = driver.create(CACHE, "c", inputs)
    held = driver.update(held, {**inputs, "nodeType": "cache.m7g.large", "numCacheClusters": 3})
    assert held.state["nodeType"] == "cache.m7g.large"
    assert held.state["memberClusters"] == ["reborn-001", "reborn-002", "reborn-003"]
    driver.delete(held)
    tagging = client(driver, "resourcegroupstaggingapi")
    assert held.state["arn"] not in {
        found["ResourceARN"] for found in tagging.get_resources()["ResourceTagMappingList"]
    }
    driver.delete(driver.create(CACHE, "c", inputs))


@pytest.mark.sample(4)
@pytest.mark.parametrize(
    ("kind", "changed"),
    [
        (
            "aws:backup/plan:Plan",
            lambda i: {**i, "rules": [{**i["rules"][0], "lifecycle": {"deleteAfter": 7}}]},
        ),
        ("aws:efs/fileSystem:FileSystem", lambda i: {**i, "throughputMode": "bursting"}),
        ("aws:elasticache/subnetGroup:SubnetGroup", lambda i: {**i, "description": "caches"}),
        ("aws:elasticache/parameterGroup:ParameterGroup", lambda i: {**i, "parameters": []}),
        ("aws:ec2/securityGroup:SecurityGroup", lambda i: {**i, "ingress": []}),
        ("aws:iam/policy:Policy", lambda i: {**i, "policy": i["policy"].replace("ListAll", "GetAll")}),
        (
            "aws:s3/bucketVersioning:BucketVersioning",
            lambda i: {**i, "versioningConfiguration": {"status": "Suspended"}},
        ),
        ("aws:kms/key:Key", lambda i: {**i, "enableKeyRotation": False}),
        ("aws:cloudwatch/logGroup:LogGroup", lambda i: {**i, "retentionInDays": 7}),
        ("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", lambda i: {**i, "toPort": 6380}),
        ("aws:rds/parameterGroup:ParameterGroup", lambda i: {**i, "parameters": []}),
        ("aws:ssm/parameter:Parameter", lambda i: {**i, "value": "2"}),
    ],
)
def test_an_update_reaches_the_cloud(driver: Driver, ground: Ground, kind: str, changed: Any) -> None:
    held = driver.create(kind, f"update-{kind.rsplit(':', 1)[-1].lower()}", EXAMPLES[kind](ground))
    wanted = changed(EXAMPLES[kind](ground))
    assert driver.diff(held, wanted).replaces == []
    fresh = driver.update(held, wanted)
    assert not driver.diff(fresh, wanted).changes
    seen = driver.read(fresh)
    assert seen is not None
    assert seen.inputs == fresh.inputs
    live = set(driver.provider.resource_type(kind).row.live) | driver.provider.resource_type(kind).row.derived
    before = EXAMPLES[kind](ground)
    name = next(key for key in wanted if wanted[key] != before.get(key))
    outsider = driver.import_(kind, "s", held.id)
    assert outsider is not None
    if name in live:
        assert outsider.inputs.get(name, wanted[name]) == wanted[name]
    driver.delete(fresh)


def test_what_aws_adds_to_an_input_is_unknown_before_and_known_after(driver: Driver, ground: Ground) -> None:
    kind = "aws:efs/replicationConfiguration:ReplicationConfiguration"
    wanted = {
        **EXAMPLES[kind](ground),
        "sourceFileSystemId": ground.need("aws:efs/fileSystem:FileSystem", "completed").id,
    }
    assert driver.preview(kind, "completed", wanted)["destination"] == UNKNOWN
    held = driver.create(kind, "completed", wanted)
    assert held.state["destination"].items() > wanted["destination"].items()
    assert held.state["destination"]["fileSystemId"].startswith("fs-")
    assert not driver.diff(held, wanted).changes


def test_a_made_up_name_lets_the_new_one_come_first(driver: Driver, ground: Ground) -> None:
    """Else a parameter group would go while its server still has it."""
    kind = "aws:rds/parameterGroup:ParameterGroup"
    inputs = EXAMPLES[kind](ground)
    newer = {**inputs, "family": "postgres17"}
    made_up = driver.create(kind, "first", inputs)
    found = driver.diff(made_up, newer)
    assert (found.replaces, found.delete_before_replace) == (["family"], False)
    given = driver.create(kind, "second", {**inputs, "name": "given"})
    found = driver.diff(given, {**newer, "name": "given"})
    assert (found.replaces, found.delete_before_replace) == (["family"], True)
