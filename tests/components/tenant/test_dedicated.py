from __future__ import annotations

import json
import shutil
from functools import cache
from itertools import permutations
from pathlib import Path

import pytest

from tests.components.conftest import declare_plan
from tests.components.kubernetes.test_pods import violations
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, the
from tests.components.tenant.test_stack import HOLDS_DATA
from tests.portfolios import catalog, every_offer, local_portfolio, plan_of, tenant
from tests.tagged import expected_keys, label_sets
from tiers.catalog.loading import CATALOG_DIRECTORY, load_catalog
from tiers.plan.resolve import resolve
from tiers.portfolio.tenant import Portfolio
from tiers.vocabulary import Environment

TIERS = sorted(catalog().tiers)
INSTANCE = "aws:rds/instance:Instance"
VOLUME = "kubernetes:core/v1:PersistentVolume"
CACHE_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
# Properties of what holds data whose change replaces it (Terraform's ForceNew; Kubernetes' immutable fields).
REPLACING = {
    INSTANCE: ("identifier", "engine", "username", "kmsKeyId", "storageEncrypted", "dbName"),
    CACHE_GROUP: ("replicationGroupId", "port", "subnetGroupName", "kmsKeyId", "atRestEncryptionEnabled"),
    "aws:efs/accessPoint:AccessPoint": ("fileSystemId", "posixUser", "rootDirectory"),
    "aws:efs/fileSystem:FileSystem": ("creationToken", "encrypted", "kmsKeyId", "performanceMode"),
    "aws:kms/key:Key": ("customerMasterKeySpec", "keyUsage", "multiRegion"),
    "aws:s3/bucket:Bucket": ("bucket", "bucketPrefix", "objectLockEnabled"),
    VOLUME: ("csi",),
    "random:index/randomPassword:RandomPassword": ("length", "special"),
}


@cache
def declared_as(tier: str, environment: Environment = Environment.PRODUCTION) -> tuple[Declared, ...]:
    return tuple(declare_plan(plan_of(tenant("acme", tier=tier, environment=environment))))


@cache
def everything() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan_of(*every_offer())))


def test_a_dedicated_server_is_administered_by_an_account_of_its_own() -> None:
    declared = declared_as("dedicated-db")
    policies = {
        each.name: json.loads(each.props["policy"])["Statement"][0]["Resource"]
        for each in declared
        if each.type == "aws:iam/rolePolicy:RolePolicy" and "secretsmanager" in each.props["policy"]
    }
    assert policies == {
        "local-database-admin-policy": "arn:aws:secretsmanager:us-east-1:1:secret:local-postgresql",
        "local-acme-database-admin-policy": "arn:aws:secretsmanager:us-east-1:1:secret:local-acme-postgresql",
    }
    job = the(declared, "kubernetes:batch/v1:Job", "acme-database-setup")
    assert job.props["spec"]["template"]["spec"]["serviceAccountName"] == "acme-database-admin"


def test_odoo_is_pointed_to_its_own_server_and_cache() -> None:
    declared = declared_as("ha-postgresql")
    conf = the(declared, "kubernetes:core/v1:Secret", "acme-odoo").props["stringData"]
    assert "db_host = local-acme-postgresql.test\n" in conf["odoo.conf"]
    assert conf["session-token"] == "password-of-local-acme-sessions-token"
    web = the(declared, "kubernetes:apps/v1:Deployment", "acme-web")
    env = {
        each["name"]: each.get("value")
        for each in web.props["spec"]["template"]["spec"]["containers"][0]["env"]
    }
    url = "rediss://:$(ODOO_SESSION_REDIS_PASSWORD)@local-acme-sessions.test:6379/0"
    assert env["ODOO_SESSION_REDIS_URL"] == url
    assert list(env).index("ODOO_SESSION_REDIS_PASSWORD") < list(env).index("ODOO_SESSION_REDIS_URL")


def test_high_availability_spreads_and_scales_web_pods_only() -> None:
    declared = declared_as("ha-postgresql")
    web = the(declared, "kubernetes:apps/v1:Deployment", "acme-web")
    spreads = web.props["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert [(each["topologyKey"], each["whenUnsatisfiable"]) for each in spreads] == [
        ("topology.kubernetes.io/zone", "DoNotSchedule"),
        ("kubernetes.io/hostname", "ScheduleAnyway"),
    ]
    assert {(*each["matchLabelKeys"], each["nodeTaintsPolicy"]) for each in spreads} == {
        ("pod-template-hash", "Honor")
    }
    assert web.ignore_changes == ("spec.replicas",)
    scaled = [each.props["spec"] for each in declared if each.type.endswith(":HorizontalPodAutoscaler")]
    assert [
        (spec["scaleTargetRef"]["name"], spec["minReplicas"], spec["maxReplicas"]) for spec in scaled
    ] == [("acme-web", 2, 4)]
    cron = the(declared, "kubernetes:apps/v1:Deployment", "acme-cron")
    assert (cron.props["spec"]["replicas"], cron.ignore_changes) == (1, ())


def test_a_namespace_of_its_own_is_bounded_and_closed() -> None:
    declared = declared_as("dedicated-db")
    namespace = the(declared, "kubernetes:core/v1:Namespace", "odoo-acme")
    assert namespace.labels["pod-security.kubernetes.io/enforce"] == "restricted"
    assert namespace.labels["cost/tenant"] == "acme"
    the(declared, "kubernetes:networking.k8s.io/v1:NetworkPolicy", "odoo-acme-default-deny")
    hard = the(declared, "kubernetes:core/v1:ResourceQuota", "acme-quota").props["spec"]["hard"]
    assert (hard["services.loadbalancers"], hard["services.nodeports"]) == ("0", "0")
    (limit,) = the(declared, "kubernetes:core/v1:LimitRange", "acme-quota").props["spec"]["limits"]
    assert set(limit) == {"type", "default", "defaultRequest", "max"}


@pytest.mark.sample(2)
@pytest.mark.parametrize(("before", "after"), list(permutations(TIERS, 2)))
def test_a_tier_change_replaces_nothing_that_holds_data(before: str, after: str) -> None:
    """What is there under both tiers keeps its URN and every property that would replace it."""
    kinds = {*HOLDS_DATA, CACHE_GROUP, VOLUME}
    old = {each.urn: each for each in declared_as(before) if each.type in kinds}
    new = {each.urn: each for each in declared_as(after) if each.type in kinds}
    # What every tier has: its password, its files, and all that the platform keeps.
    assert {urn for urn in old.keys() & new.keys() if "TenantStack" in urn} >= {
        urn
        for urn in old
        if "RandomPassword" in urn or "AccessPoint" in urn
        # Files of its own stay behind a move to a smaller tier; the loader of moves will keep them.
        # The master's password belongs to a server that may have a replica.
        if not any(word in urn for word in ("sessions", "own-filestore", "postgresql-master"))
    }
    assert len(old.keys() & new.keys()) >= 8
    for urn in old.keys() & new.keys():
        for name in REPLACING[old[urn].type]:
            assert old[urn].props.get(name) == new[urn].props.get(name), (urn, name)


def test_no_name_holds_a_tier() -> None:
    for each in everything():
        names = [each.urn, str((each.props.get("metadata") or {}).get("name", ""))]
        names += [
            str(each.props.get(key, "")) for key in ("identifier", "replicationGroupId", "name", "bucket")
        ]
        for tier in TIERS:
            assert not any(tier in name for name in names), each.urn


def test_every_offer_is_tagged_to_the_last_pod_template() -> None:
    checked = 0
    for each in everything():
        for labels in label_sets(each.type, each.props) if each.custom else []:
            assert expected_keys(each.urn) <= labels.keys(), each.urn
            checked += 1
    assert checked > 250


def test_every_offer_runs_restricted_pods_with_requests_and_limits() -> None:
    seen = 0
    for name, spec in pod_specs(everything()):
        assert violations(spec) == [], name
        for container in spec["containers"]:
            assert set(container["resources"]["requests"]) == {"cpu", "memory", "ephemeral-storage"}, name
            assert set(container["resources"]["limits"]) == {"cpu", "memory", "ephemeral-storage"}, name
        seen += 1
    assert seen >= 30


def test_a_new_tier_is_one_file(tmp_path: Path) -> None:
    shutil.copytree(CATALOG_DIRECTORY, tmp_path / "catalog")
    text = (CATALOG_DIRECTORY / "ha-postgresql.yaml").read_text(encoding="utf-8")
    fifth = text.replace("tier: ha-postgresql", "tier: gold").replace(
        "support_hours_per_month: 8", "support_hours_per_month: 9"
    )
    (tmp_path / "catalog" / "gold.yaml").write_text(fifth, encoding="utf-8")
    portfolio = Portfolio(platform=local_portfolio().platform, tenants=(tenant("acme", tier="gold"),))
    declared = declare_plan(resolve(load_catalog(tmp_path / "catalog"), portfolio))
    assert the(declared, INSTANCE, "local-acme-postgresql").props["multiAz"] is True
    assert the(declared, "kubernetes:apps/v1:Deployment", "acme-web").labels["cost/service-tier"] == "gold"
