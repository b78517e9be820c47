from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from policies.rules import RULES
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.test_created import plan as created_plan
from tests.policies.passing import refusals
from tests.portfolios import ROOT, catalog, every_offer, plan_of, tenant
from tiers.plan.resolve import resolve
from tiers.portfolio.loading import load_portfolio
from tiers.tags import CostTags

DATABASE = "aws:rds/instance:Instance"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CHECKS = {rule.name: rule.check for rule in RULES}
TAGS = {
    "cost/portfolio": "local",
    "cost/client": "acme-ltd",
    "cost/tenant": "acme",
    "cost/environment": "production",
    "cost/region": "us-east-1",
    "cost/service-tier": "dedicated-db",
    "cost/recovery-class": "standard",
    "cost/domain": "tenant-runtime",
    "cost/service-line": "odoo-hosting",
    "cost/lifecycle-stage": "active",
}
GOOD_DATABASE = {
    "tags": TAGS,
    "storageEncrypted": True,
    "publiclyAccessible": False,
    "skipFinalSnapshot": False,
    "finalSnapshotIdentifier": "acme-final-1",
    "deleteAutomatedBackups": False,
    "copyTagsToSnapshot": True,
    "deletionProtection": True,
    "backupRetentionPeriod": 7,
}
SIZE = {"cpu": "1", "memory": "1Gi"}
GOOD_CONTAINER = {
    "name": "web",
    "image": f"registry.example.com/odoo@sha256:{'0' * 64}",
    "resources": {"requests": SIZE, "limits": SIZE},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
GOOD_POD = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
}


def deployment(container: dict[str, Any]) -> dict[str, Any]:
    return {
        "metadata": {"labels": TAGS},
        "spec": {"template": {"spec": {**GOOD_POD, "containers": [container]}}},
    }


def found(type_token: str, props: dict[str, Any]) -> dict[str, list[str]]:
    everything = {name: [str(each) for each in check(type_token, props)] for name, check in CHECKS.items()}
    return {name: violations for name, violations in everything.items() if violations}


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(each for each in declare_plan(plan_of(*every_offer())) if each.custom)


def test_what_the_components_declare_breaks_no_rule() -> None:
    assert len(declared()) > 250
    broken = {
        each.urn: violations
        for each in declared()
        if (violations := found(each.type, dict(each.props))) and set(violations) != {"protected-data"}
    }
    assert broken == {}


@pytest.mark.whole("the committed portfolio breaks none above")
def test_a_created_cluster_and_every_option_break_no_rule() -> None:
    everything = load_portfolio(ROOT / "examples" / "every-option", catalog())
    for plan in (created_plan(), resolve(catalog(), everything)):
        assert refusals(declare_plan(plan)) == []


def test_the_local_portfolio_is_warned_that_its_databases_can_be_deleted() -> None:
    warned = [each.name for each in declared() if "protected-data" in found(each.type, dict(each.props))]
    assert "local-postgresql" in warned
    assert [rule.name for rule in RULES if rule.advisory] == ["protected-data"]


def test_the_good_examples_are_good() -> None:
    assert CostTags.from_tags(TAGS).tenant == "acme"
    assert found(DATABASE, GOOD_DATABASE) == {}
    assert found(DEPLOYMENT, deployment(GOOD_CONTAINER)) == {}


@pytest.mark.parametrize(
    ("change", "rule", "sentence"),
    [
        (
            {"tags": {}},
            "cost-tags",
            "lacks the cost tags cost/domain, cost/lifecycle-stage, cost/portfolio, cost/region",
        ),
        (
            {"tags": {key: value for key, value in TAGS.items() if key != "cost/client"}},
            "cost-tags",
            "lacks the cost tags cost/client",
        ),
        (
            {"tags": TAGS | {"cost/domain": "somewhere"}},
            "cost-tags",
            "cost tags cannot be read: cost/domain: expected 'shared-platform'",
        ),
        ({"storageEncrypted": False}, "encryption", "storageEncrypted turns encryption off"),
        ({"publiclyAccessible": True}, "no-public-data", "publiclyAccessible opens it to the internet"),
        ({"skipFinalSnapshot": True}, "recoverable-data", "needs a finalSnapshotIdentifier"),
        (
            {
                "replicateSourceDb": "arn:aws:rds:eu-west-1:123456789012:db:acme",
                "finalSnapshotIdentifier": None,
            },
            "recoverable-data",
            "is a read replica, which RDS deletes only without a snapshot",
        ),
        ({"finalSnapshotIdentifier": None}, "recoverable-data", "needs a finalSnapshotIdentifier"),
        ({"deleteAutomatedBackups": True}, "recoverable-data", "deleteAutomatedBackups must be false"),
        ({"copyTagsToSnapshot": None}, "recoverable-data", "copyTagsToSnapshot must be true"),
        ({"deletionProtection": False}, "protected-data", "deletionProtection is off"),
    ],
)
def test_a_weak_database_is_reported(change: dict[str, Any], rule: str, sentence: str) -> None:
    violations = found(DATABASE, GOOD_DATABASE | change)
    assert list(violations) == [rule]
    assert violations[rule][0].startswith(sentence)


def test_a_read_replica_leaves_no_snapshot_of_its_own() -> None:
    replica = {"replicateSourceDb": "arn:aws:rds:eu-west-1:123456789012:db:acme", "skipFinalSnapshot": True}
    assert found(DATABASE, GOOD_DATABASE | replica) == {}


@pytest.mark.whole("tests/components/tenant/test_files declares it both ways")
@pytest.mark.sample(1)
@pytest.mark.parametrize("bought", [True, "promoted"])
def test_a_standby_is_as_it_should_be_before_and_after_it_was_promoted(bought: object) -> None:
    options = {"users": 50, "warm_standby": bought}
    made = declare_plan(plan_of(tenant("acme", tier="cross-region-backup", options=options)))
    (standby,) = (each for each in made if each.type == DATABASE and each.name.endswith("-standby"))
    assert standby.props["replicateSourceDb"]
    assert "recoverable-data" not in found(DATABASE, {**standby.props})


def test_a_replica_may_leave_no_final_snapshot() -> None:
    source = "arn:aws:rds:us-east-1:123456789012:db:acme"
    assert not found(DATABASE, GOOD_DATABASE | {"skipFinalSnapshot": True, "replicateSourceDb": source})
    assert found(DATABASE, GOOD_DATABASE | {"skipFinalSnapshot": True, "replicateSourceDb": ""})


@pytest.mark.parametrize(
    ("change", "rule", "sentence"),
    [
        ({"image": "odoo:18.0"}, "image-by-digest", "container web names the image odoo:18.0 without"),
        ({"resources": {}}, "requests-and-limits", "container web has no requests for cpu and memory"),
        (
            {"resources": {"requests": SIZE, "limits": {"cpu": "1"}}},
            "requests-and-limits",
            "container web has no limits for memory",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "CronJob", "Pod", "Job"])
def test_a_weak_container_is_reported(change: dict[str, Any], rule: str, sentence: str, kind: str) -> None:
    pod = {**GOOD_POD, "containers": [GOOD_CONTAINER | change]}
    specs = {
        "Deployment": ("apps/v1", {"template": {"spec": pod}}),
        "Job": ("batch/v1", {"template": {"spec": pod}}),
        "CronJob": ("batch/v1", {"jobTemplate": {"spec": {"template": {"spec": pod}}}}),
        "Pod": ("core/v1", pod),
    }
    group, spec = specs[kind]
    violations = found(f"kubernetes:{group}:{kind}", {"metadata": {"labels": TAGS}, "spec": spec})
    assert list(violations) == [rule]
    assert violations[rule][0].startswith(sentence)


@pytest.mark.parametrize(
    ("type_token", "props", "rule"),
    [
        ("aws:efs/fileSystem:FileSystem", {"tags": TAGS}, "encryption"),
        (
            "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
            {"blockPublicAcls": True},
            "no-public-data",
        ),
        (
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
            {"tags": TAGS, "cidrIpv4": "0.0.0.0/0", "fromPort": 5432},
            "no-public-data",
        ),
        ("kubernetes:core/v1:ConfigMap", {"metadata": {"name": "x"}}, "cost-tags"),
    ],
)
def test_other_weak_resources_are_reported(type_token: str, props: dict[str, Any], rule: str) -> None:
    assert list(found(type_token, props)) == [rule]


def test_what_takes_no_tags_needs_none() -> None:
    assert found("aws:kms/alias:Alias", {"name": "alias/x"}) == {}


@pytest.mark.parametrize(
    ("tags", "message"),
    [
        ({"cost/recovery-class": "mission-critical"}, "tier dedicated-db honours standard at most"),
        ({"cost/service-tier": "gold"}, "names the tier 'gold', which is not in the catalog"),
        (
            {
                "cost/service-tier": "ha-postgresql",
                "cost/recovery-class": "business-critical",
                "cost/environment": "staging",
            },
            "honours standard at most outside production",
        ),
    ],
)
def test_a_promise_that_the_tier_does_not_keep_is_refused(tags: dict[str, str], message: str) -> None:
    (violation,) = found(DATABASE, GOOD_DATABASE | {"tags": TAGS | tags})["kept-promises"]
    assert message in violation


def test_a_promise_that_the_tier_keeps_is_accepted() -> None:
    kept = {"cost/service-tier": "ha-postgresql", "cost/recovery-class": "business-critical"}
    assert found(DATABASE, GOOD_DATABASE | {"tags": TAGS | kept}) == {}


AS_IT_WAS = {
    **{name: value for name, value in GOOD_DATABASE.items() if name != "finalSnapshotIdentifier"},
    "identifier": "local-acme-postgresql-restored-server",
    "restoreToPointInTime": {
        "sourceDbInstanceIdentifier": "local-acme-postgresql",
        "restoreTime": "2026-11-29T01:17:00Z",
    },
    "skipFinalSnapshot": True,
    "deleteAutomatedBackups": True,
    "deletionProtection": False,
    "backupRetentionPeriod": None,
}


@pytest.mark.parametrize(
    ("change", "passes"),
    [
        ({}, True),
        ({"identifier": "local-acme-postgresql"}, False),
        ({"restoreToPointInTime": None}, False),
        ({"restoreToPointInTime": {"sourceDbInstanceIdentifier": "other", "restoreTime": "2026"}}, False),
        (
            {
                "restoreToPointInTime": {
                    "sourceDbInstanceIdentifier": "local-acme-postgresql",
                    "useLatestRestorableTime": True,
                }
            },
            False,
        ),
    ],
)
def test_only_what_a_restore_copies_from_goes_without_a_trace(
    change: dict[str, Any], *, passes: bool
) -> None:
    props = {**AS_IT_WAS, **change}
    found = [*CHECKS["recoverable-data"](DATABASE, props), *CHECKS["backups"](DATABASE, props)]
    assert (not found) is passes
