from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.tags.cost_tags import TAGGABLE_TYPES
from lifecycle.drift.changes import Change, FieldChange
from lifecycle.drift.effects import effects_of
from tiers.portfolio.gates.drift import DriftEffect

SERVER = "aws:rds/instance:Instance"
WEB = "kubernetes:apps/v1:Deployment"
CLOCK = "kubernetes:batch/v1:CronJob"


def change(kind: str, *paths: str, name: str = "it", gone: bool = False) -> Change:
    fields = tuple(FieldChange(path, 1, 2) for path in paths)
    return Change(f"urn:pulumi:a::b::{kind}::{name}", kind, "id", gone, fields, {})


@pytest.mark.parametrize(
    ("found", "effects"),
    [
        (change(SERVER, "instanceClass"), "money restart"),
        (change(SERVER, "backupRetentionPeriod"), "money data"),
        (change(SERVER, "deletionProtection"), "data"),
        (change(SERVER, "publiclyAccessible"), "security"),
        (change(SERVER, "storageEncrypted"), "security"),
        (change(SERVER, 'tags["cost/tenant"]'), "tags"),
        (change(SERVER, "instanceClass", 'tags["cost/tenant"]'), "money restart tags"),
        (change(SERVER, gone=True), "money data service"),
        (change("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status"), "money data"),
        (change("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", gone=True), "security"),
        (change("aws:ec2/securityGroup:SecurityGroup", "ingress"), "security"),
        (change("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", gone=True), "security service"),
        (change("aws:backup/selection:Selection", gone=True), "money data"),
        (change("aws:kms/key:Key", gone=True), "data security service"),
        (change("aws:scheduler/schedule:Schedule", "state"), "money service"),
        (change("aws:elasticache/replicationGroup:ReplicationGroup", "numCacheClusters"), "money service"),
        (change("aws:eks/nodeGroup:NodeGroup", "scalingConfig.desiredSize"), "money service"),
        (change(WEB, "spec.replicas"), "money service"),
        (change(WEB, "spec.template.spec.containers[0].resources.limits.cpu"), "money restart"),
        (change(WEB, "spec.template.spec.containers[0].image"), "restart security"),
        (change(WEB, "spec.template.spec.containers[0].args[2]"), "restart"),
        (change(WEB, 'spec.template.metadata.labels["cost/tenant"]'), "restart"),
        (change(WEB, 'metadata.labels["cost/tenant"]'), "tags"),
        (change("kubernetes:core/v1:ConfigMap", "data.odoo"), "service"),
        (change("kubernetes:networking.k8s.io/v1:NetworkPolicy", gone=True), "security"),
        (change(CLOCK, "spec.suspend", name="acme-backup"), "data"),
        (change(CLOCK, gone=True, name="acme-staging-sleep"), "money"),
        (change("aws:new/thing:Thing", "unheardOf"), "service"),
    ],
)
def test_what_a_change_does(found: Change, effects: str) -> None:
    assert effects_of(found) == {DriftEffect(word) for word in effects.split()}


@given(
    st.sampled_from([*sorted(TAGGABLE_TYPES), WEB, CLOCK, "aws:new/thing:Thing"]),
    st.lists(st.text("abcDEF.[]\"'tags", max_size=20), max_size=4),
    st.booleans(),
)
def test_no_change_does_nothing_and_none_is_called_untracked(kind: str, paths: list[str], gone: bool) -> None:  # noqa: FBT001
    effects = effects_of(change(kind, *paths, gone=gone))
    assert effects
    assert DriftEffect.UNTRACKED not in effects


@given(
    st.sampled_from(sorted(TAGGABLE_TYPES)),
    st.lists(st.sampled_from(["instanceClass", "tags.a", "policy", "x"])),
)
def test_more_changes_never_do_less(kind: str, paths: list[str]) -> None:
    for end in range(1, len(paths)):
        assert effects_of(change(kind, *paths[:end])) <= effects_of(change(kind, *paths))
