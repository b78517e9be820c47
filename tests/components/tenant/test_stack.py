from __future__ import annotations

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import ROOT, local_plan, plan_of, tenant
from tiers.plan.plan import Plan

GOLDEN = ROOT / "tests" / "golden" / "urns-local.txt"
HOLDS_DATA = (
    "aws:efs/accessPoint:AccessPoint",
    "aws:efs/fileSystem:FileSystem",
    "aws:kms/key:Key",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "random:index/randomPassword:RandomPassword",
)


def test_urns_are_those_of_the_first_day(declared: tuple[Declared, ...]) -> None:
    """A URN that changes is a resource that is replaced: these are frozen."""
    assert sorted(each.urn for each in declared) == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_what_holds_data_is_the_same_in_every_environment_and_size() -> None:
    def kept(**changes: object) -> set[str]:
        plan = plan_of(tenant("acme", **changes))
        return {each.urn for each in declare_plan(plan) if each.type in HOLDS_DATA}

    production = kept()
    assert len(production) >= 8
    assert kept(environment="staging") == production
    assert kept(options={"users": 50, "workload_class": "m", "database_gib": 50}) == production


@pytest.mark.whole("tests/engine previews and updates the same stacks")
def test_a_preview_declares_the_same_as_an_update(declared: tuple[Declared, ...]) -> None:
    previewed = {each.urn for each in declare_plan(local_plan(), preview=True)}
    assert previewed == {each.urn for each in declared}


def test_websockets_go_where_they_are_answered(declared: tuple[Declared, ...]) -> None:
    for name, port in (("acme-web", 8072), ("acme-staging-web", 8069)):
        ingress = the(declared, "kubernetes:networking.k8s.io/v1:Ingress", name)
        paths = ingress.props["spec"]["rules"][0]["http"]["paths"]
        assert [(path["path"], path["backend"]["service"]["port"]["number"]) for path in paths] == [
            ("/websocket", port),
            ("/", 8069),
        ]


def test_a_disruption_budget_never_blocks_a_drain() -> None:
    plan = plan_of(tenant("small"), tenant("large", options={"users": 60, "workload_class": "m"}))
    budgets = [each for each in declare_plan(plan) if each.type.endswith(":PodDisruptionBudget")]
    assert [(each.name, each.props["spec"]["maxUnavailable"]) for each in budgets] == [("large-web", 1)]


def test_what_is_secret_is_declared_secret(declared: tuple[Declared, ...]) -> None:
    for each in declared:
        if each.type == "kubernetes:core/v1:Secret":
            assert "stringData" in each.secret_props, each.name
    cache = the(declared, "aws:elasticache/replicationGroup:ReplicationGroup", "local-meridian-sessions")
    assert "authToken" in cache.secret_props
    users = [each for each in declared if each.type == "aws:elasticache/user:User"]
    assert len(users) > 1
    assert all("passwords" in each.secret_props for each in users)


def test_a_job_is_another_job_when_it_does_something_else() -> None:
    def job_names(**options: object) -> dict[str, str]:
        plan = plan_of(tenant("acme", options={"users": 1, **options}))
        return {
            each.name: each.props["metadata"]["name"]
            for each in declare_plan(plan)
            if each.type.endswith(":Job")
        }

    before = job_names()
    assert job_names(database_gib=50) == before
    after = job_names(workload_class="m")  # more connections for the role, larger pods
    assert after.keys() == before.keys()
    assert all(after[name] != before[name] for name in before)


def test_protection_follows_the_portfolio() -> None:
    from tests.portfolios import local_portfolio  # noqa: PLC0415

    platform = local_portfolio().platform.model_copy(update={"deletion_protection": True})
    declared = declare_plan(plan_of(tenant("acme"), platform=platform))
    protected = {each.type for each in declared if each.protect and each.custom}
    assert protected == {
        "aws:efs/fileSystem:FileSystem",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
        "pulumi:index:Stash",
    }
    database = the(declared, "aws:rds/instance:Instance", "local-postgresql")
    assert database.props["deletionProtection"] is True


def _given(plan: Plan, name: str) -> dict[str, str]:
    (job,) = (each for each in declare_plan(plan) if each.type.endswith(":Job") and each.name == name)
    (container,) = job.props["spec"]["template"]["spec"]["containers"]
    return {"": job.props["metadata"]["name"], **{each["name"]: each["value"] for each in container["env"]}}


@pytest.mark.whole("the Job above is another one for the same reason")
def test_data_is_set_up_for_its_owner_and_again_for_another() -> None:
    def given(client: str, **more: str) -> dict[str, str]:
        return _given(plan_of(tenant("acme", client=client, **more)), "acme-database-setup")

    before, other, renamed = given("one"), given("two"), given("two", first_client="one")
    assert before["OWNER"] == renamed["OWNER"] == "local/one/acme"
    assert other["OWNER"] == "local/two/acme"
    assert before[""] == renamed[""] != other[""]
