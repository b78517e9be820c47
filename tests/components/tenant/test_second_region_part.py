"""What is declared in a second region's cluster, and through whom."""

from __future__ import annotations

from dataclasses import replace

import pulumi
import pytest

from components.platform import SharedPlatform
from components.second_cluster import reached
from components.tenant.stack import TenantStack
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared, declare
from tests.declarations import SECOND_REGION, differences_in_both
from tests.portfolios import failing_over, plan_of, two_regions
from tiers.facts.compute import ClusterControlPlane
from tiers.plan.plan import fact_named
from tiers.portfolio.failover.stage import FailoverStage


def declared(stage: str | None = None, **section: str) -> list[Declared]:
    return declare_plan(plan_of(failing_over(stage, **section), platform=two_regions()))


def part(all_of_it: list[Declared]) -> list[Declared]:
    return [each for each in all_of_it if any(word in each.urn for word in SECOND_REGION)]


def named(found: list[Declared], kind: str, name: str = "") -> Declared:
    (one,) = (each for each in found if each.type.endswith(kind) and each.name.endswith(name))
    return one


@pytest.mark.sample(1)
@pytest.mark.parametrize("stage", [None, *FailoverStage])
def test_every_fact_there_is_what_was_declared_for_it(stage: str | None) -> None:
    plan = plan_of(failing_over(stage), platform=two_regions())
    found = [each for each in declare_plan(plan) if each.custom]
    assert differences_in_both(plan, found) == []
    wrong = [
        replace(each, props={**each.props, "spec": {}}) if each in part(found) else each for each in found
    ]
    with pytest.raises(KeyError):
        differences_in_both(plan, wrong)


def test_it_comes_home_from_the_bucket_of_the_second_region_and_reads_nothing_else() -> None:
    saved = declared("save")
    backup = named(part(saved), ":Job", "final-backup")
    fence = named(part(saved), ":OneOffJob", "fence-database")
    (container,) = backup.props["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value", "") for each in container["env"]}
    assert given["BUCKET"].startswith("local-acme-copy-backups")
    assert backup.urn in fence.dependencies
    restored = declared("return")
    fetch = named(restored, ":Job", "fill-side-database").props["spec"]["template"]["spec"]
    account = fetch["serviceAccountName"]
    given = {each["name"]: each.get("value", "") for each in fetch["initContainers"][0]["env"]}
    assert given["BUCKET"].startswith("local-acme-copy-backups")
    (policy,) = (
        each.props["policy"]
        for each in restored
        if each.type.endswith(":RolePolicy") and each.name == f"local-{account}-policy"
    )
    assert "s3:Put" not in policy
    assert "local-acme-copy-backups" in policy


@pytest.mark.whole("three portfolios are declared; tests/tiers/plan/test_failover has the facts")
def test_the_next_standby_is_another_one_and_the_promoted_one_is_let_go() -> None:
    protecting = two_regions().model_copy(update={"deletion_protection": True})

    def standby(stage: str) -> Declared:
        return named(declare_plan(plan_of(failing_over(stage), platform=protecting)), ":Instance", "-standby")

    assert standby("home").protect
    confirmed = standby("confirm")
    assert not confirmed.protect
    assert confirmed.props["deletionProtection"] is False
    home = failing_over().model_copy(update={"failovers": 1})
    after = declare_plan(plan_of(home, platform=two_regions()))
    follows = named(after, ":Instance", "-standby-2")
    assert "replicateSourceDb" in follows.props
    assert not [each for each in after if each.urn == confirmed.urn]
    assert named(part(after), ":PersistentVolume").name == "acme-own-filestore-2"


@pytest.mark.whole("a rarer case than those that are tried here")
def test_objects_of_the_second_cluster_go_to_it_and_no_others() -> None:
    found = declared("start")
    provider = next(each for each in found if each.type == "pulumi:providers:kubernetes")
    assert provider.props == {"context": "standby"}
    mine = {each.urn for each in part(found)}
    for each in found:
        if each.custom and each.type.startswith("kubernetes:"):
            assert each.provider.startswith(f"{provider.urn}::") is (each.urn in mine), each.urn


def test_what_it_has_in_aws_lies_there_and_is_tagged_so() -> None:
    of_aws = [each for each in part(declared("start")) if each.custom and each.type.startswith("aws:")]
    assert len(of_aws) > 9
    for each in of_aws:
        assert each.type.startswith("aws:iam/") or each.props["region"] == "eu-west-1", each.urn
        if "tags" in each.props and "cost/tenant" in each.tags:
            assert each.tags["cost/region"] == "eu-west-1"
            assert each.tags["cost/domain"] == "resilience"


def test_pods_there_would_work_with_what_is_there() -> None:
    found = declared()
    odoo = named(part(found), ":Secret", "acme-odoo").props["stringData"]["odoo.conf"]
    assert "db_host = local-acme-postgresql-standby.test" in odoo
    volume = named(part(found), ":PersistentVolume")
    assert volume.props["spec"]["csi"]["volumeHandle"].startswith("local-acme-filestores-copy-made::")
    targets = [each for each in part(found) if each.type.endswith(":MountTarget")]
    assert sorted(each.props["subnetId"] for each in targets) == ["subnet-0d0d0d0d", "subnet-0e0e0e0e"]
    policy = named(part(found), ":NetworkPolicy", "to-data").props["spec"]["egress"][0]["to"]
    assert [each["ipBlock"]["cidr"] for each in policy] == ["10.60.0.0/20", "10.60.16.0/20"]


def test_who_reads_the_secret_of_the_standby_needs_nothing_of_the_first_region() -> None:
    found = declared()
    secret = named(part(found), "secret:Secret")
    assert secret.props["region"] == "eu-west-1"
    assert "local-acme-copy-key" in str(secret.props["kmsKeyId"])
    version = named(part(found), ":SecretVersion")
    assert "secretString" in version.secret_props


def test_manifests_of_the_second_cluster_have_a_folder_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    fact = fact_named(
        plan_of(failing_over(), platform=two_regions()).second_regions[0].facts,
        ClusterControlPlane,
        "control-plane",
    )
    told = {"renderYamlToDirectory": "manifests"}

    class Settings:
        def __init__(self, _name: str) -> None: ...

        def get(self, key: str) -> str | None:
            return told.get(key)

        get_secret = get

    monkeypatch.setattr(pulumi, "Config", Settings)
    assert reached(fact, "eu-west-1") == {"render_yaml_to_directory": "manifests-eu-west-1"}
    told.clear()
    assert reached(fact, "eu-west-1") == {"context": "standby"}
    told["kubeconfig"] = "~/.kube/both"
    assert reached(fact, "eu-west-1") == {"context": "standby", "kubeconfig": "~/.kube/both"}


@pytest.mark.whole("a mistake of the platform's file, told in a sentence")
def test_a_program_that_cannot_reach_the_cluster_says_so() -> None:
    plan = plan_of(failing_over(), platform=two_regions())

    def alone() -> None:
        place = SharedPlatform(plan).place._replace(second_clusters={})
        TenantStack(plan.tenants[0], place)

    with pytest.raises(pulumi.RunError, match="acme: its platform is declared by another process"):
        declare(alone)


def test_an_update_promotes_the_standby_by_taking_its_source_away() -> None:
    follows = named(declared("fence"), ":Instance", "-standby")
    assert "replicateSourceDb" in follows.props
    assert follows.ignore_changes == ("replicateSourceDb",)
    takes_over = named(declared("promote"), ":Instance", "-standby")
    assert "replicateSourceDb" not in takes_over.props
    assert takes_over.ignore_changes == ()
    assert takes_over.props["backupRetentionPeriod"] == 35
    assert takes_over.props["skipFinalSnapshot"] is False
    assert takes_over.urn == follows.urn


def test_the_id_of_the_replica_is_kept_beyond_the_replication_and_no_longer_than_that_lasts() -> None:
    """Another replication has another replica: of the first one's id nothing must be mounted then."""
    kept = {stage: named(declared(stage), ":Stash", "filestores-copy-id") for stage in ("fence", "promote")}
    assert kept["fence"].props["input"] == "local-acme-filestores-copy-made"
    assert (kept["fence"].replaced_by, kept["promote"].replaced_by) == (("input",), ())
    assert kept["promote"].props["input"] == ""


@pytest.mark.whole("test_odoo_setup tries the Job on such a database")
def test_the_set_up_runs_anew_when_a_closed_database_is_open_again() -> None:
    """While it was closed the job had nothing to do, also where its image had changed."""

    def called(stage: str | None) -> str:
        return str(named(declared(stage), ":Job", "acme-odoo-setup").props["metadata"]["name"])

    assert called(None) == called("fence") != called("reopen")


def test_the_database_is_opened_after_the_promotion_and_before_pods() -> None:
    found = declared("start")
    job = named(found, ":Job", "open-database")
    standby = named(found, ":Instance", "-standby")
    assert standby.urn in job.dependencies
    pods = [each for each in part(found) if each.type.endswith(":OdooWorkload")]
    assert len(pods) == 2
    assert all(job.urn in each.dependencies for each in pods)
    assert named(part(found), ":Deployment", "acme-web").props["spec"]["replicas"] == 2


@pytest.mark.whole("six stages are declared; tests/engine/test_failed_over runs these jobs")
def test_both_jobs_carry_one_mark_and_stay_as_they_are_at_the_next_stage() -> None:
    def env(stage: str, name: str, **section: str) -> tuple[str, dict[str, str]]:
        job = named(declared(stage, **section), ":Job", name)
        (container,) = job.props["spec"]["template"]["spec"]["containers"]
        return job.props["metadata"]["name"], {
            each["name"]: each.get("value", "") for each in container["env"]
        }

    fences = [env(stage, "fence-database") for stage in ("fence", "promote", "start", "settled")]
    assert all(each == fences[0] for each in fences)
    opens = [env(stage, "open-database") for stage in ("promote", "start")]
    assert opens[0] == opens[1]
    assert (fences[0][1]["ACTION"], opens[0][1]["ACTION"]) == ("close", "open")
    assert fences[0][1]["MARK"] == opens[0][1]["MARK"]
    assert fences[0][1]["STANDBY"] == "yes"
    late = env("settled", "fence-database", first_region="back")
    assert late[1]["STANDBY"] == "no"


def test_an_update_without_the_first_region_sends_nothing_there() -> None:
    """Of a resource whose inputs are what they were a provider says so without asking its cloud."""
    _changes_nothing_there(declared(), "lost")


@pytest.mark.whole("three more portfolios are declared; tests/tiers/plan/test_failover has the facts")
def test_an_update_without_the_first_region_changes_nothing_of_what_the_fence_left() -> None:
    _changes_nothing_there(declared("fence"), "lost-after-fence")


def _changes_nothing_there(deployed: list[Declared], region: str) -> None:
    before = {each.urn: each for each in deployed}
    for stage in ("promote", "start"):
        after = {each.urn: each for each in declared(stage, first_region=region)}
        changed = {
            urn
            for urn in before.keys() | after.keys()
            if urn not in before or urn not in after or before[urn].props != after[urn].props
        }
        away = {each.urn for each in (*before.values(), *after.values()) if _is_away(each)}
        local = {urn for urn in changed - away if "costack:index:" in urn.split("::")[2].rpartition("$")[2]}
        left = changed - away - local
        kinds = {urn.split("::")[2].rpartition("$")[2] for urn in left}
        assert kinds <= {"random:index/randomId:RandomId", "pulumi:index:Stash"}


def _is_away(each: Declared) -> bool:
    return any(word in each.urn for word in SECOND_REGION) or each.props.get("region") == "eu-west-1"
