"""The jobs of an upgrade: in order, each with what it needs, and the operator's command with least of all."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from lifecycle.image_scan.reports import images_of
from tests.components.conftest import declare_plan
from tests.components.queries import the
from tests.components.tenant.test_restore import DEPLOYMENT, JOB, Everything, env, jobs, pod, position
from tests.components.tenant.test_restore import declared as restored
from tests.components.tenant.test_stack import HOLDS_DATA
from tests.portfolios import UPGRADE_COMMAND, plan_of, tenant, wide_platform
from tiers.deployed import JOB_TYPE
from tiers.portfolio.upgrade.stage import STOPPED, UPGRADED, UpgradeStage

RUN = "acme-upgrade-side-database"
ORDER = ["fetch", "fill", "report", "ready", "before", "neutralise", "upgrade", "after"]


@cache
def declared(stage: str | None, tier: str = "dedicated-db") -> Everything:
    """What is declared at one stage; at rest without one."""
    upgrade = {"to": "19.0", "stage": stage} if stage else None
    return declare_plan(plan_of(tenant("acme", tier=tier, upgrade=upgrade), platform=wide_platform()))


def containers(stage: str) -> dict[str, dict[str, Any]]:
    spec = pod(declared(stage), RUN)
    return {each["name"]: each for each in (*spec["initContainers"], *spec["containers"])}


def mounts(container: dict[str, Any]) -> dict[str, tuple[str, str, bool]]:
    """Where -> of which volume, which part of it, and whether it may be written."""
    return {
        each["mountPath"]: (each["name"], each.get("subPath", ""), not each.get("readOnly", False))
        for each in container["volumeMounts"]
    }


@pytest.mark.sample(1)
@pytest.mark.parametrize("stage", ["rehearse", "upgrade"])
def test_one_pod_restores_upgrades_and_checks(stage: str) -> None:
    there = declared(stage)
    made = containers(stage)
    assert list(made) == ORDER
    template = the(there, JOB, RUN).props["spec"]["template"]
    assert template["metadata"]["annotations"] == {
        "eks.amazonaws.com/skip-containers": "fill,ready,before,neutralise,upgrade"
    }
    assert template["spec"]["serviceAccountName"] == "acme-backup"
    assert {mount["name"] for each in made.values() for mount in each["volumeMounts"]} <= {
        each["name"] for each in template["spec"]["volumes"]
    }
    assert the(there, JOB, RUN).props["spec"]["backoffLimit"] == 0
    last = {name: env(each).get("LAST") for name, each in made.items()}
    assert bool(last["fetch"]) is (stage == "upgrade")
    assert {env(made[name])["REHEARSES"] for name in ("before", "neutralise", "after")} == {
        "yes" if stage == "rehearse" else "no"
    }


def test_the_command_reaches_the_side_database_and_cannot_write_files_of_the_tenant() -> None:
    made = containers("upgrade")
    seen = {name: mounts(made[name]) for name in ("neutralise", "upgrade")}
    for name, part in (("neutralise", "present"), ("upgrade", "target")):
        assert seen[name]["/etc/odoo"] == ("side", part, True)
        assert seen[name]["/var/lib/odoo"] == ("side", "data", True)
        assert seen[name]["/files"] == ("filestore", "", False)
        assert not {"/fetched", "/stood", "/restored"} & seen[name].keys()
        given = env(made[name])
        assert not {"BUCKET", "MASTER_SECRET_ARN", "TENANT"} & given.keys()
    command = made["upgrade"]
    assert command["image"] == UPGRADE_COMMAND["image"]
    assert command["command"][5:] == ["upgrade", "odoo", "--update=all", "--stop-after-init"]
    assert (env(command)["MOST_SECONDS"], env(command)["DATABASE"]) == ("5400", "odoo_acme__side")
    assert mounts(made["before"])["/files"] == ("filestore", "", False)
    assert mounts(made["after"])["/files"] == ("filestore", "", True)


def test_each_image_is_that_of_its_work() -> None:
    made = containers("rehearse")
    web = the(declared("rehearse"), DEPLOYMENT, "acme-web").props["spec"]["template"]["spec"]
    assert made["neutralise"]["image"] == web["containers"][0]["image"]
    assert {made[name]["image"] for name in ORDER if name not in ("neutralise", "upgrade")} == {
        made["fetch"]["image"]
    }
    options = env(made["before"])["OPTIONS"]
    assert "server_wide_modules = base,rpc,web\n" in options
    assert "without_demo" not in options
    assert env(made["after"])["VERSION"] == "19.0"
    assert env(made["ready"])["VERSION"] == "18.0"


def test_it_takes_the_place_when_all_stand_still_were_backed_up_and_upgraded() -> None:
    order = ("acme-web", "acme-final-backup", RUN, "acme-switch-side-database")
    there = declared("upgrade")
    assert position(there, *order) == sorted(position(there, *order))
    last = env(pod(there, "acme-final-backup")["containers"][0])["LAST"]
    assert env(containers("upgrade")["fetch"])["LAST"] == last


@pytest.mark.sample(2)
@pytest.mark.parametrize("stage", [*UpgradeStage])
def test_pods_stop_start_and_change_their_version_as_the_stage_says(stage: UpgradeStage) -> None:
    there, at_rest = declared(stage), declared(None)
    new = wide_platform().images.odoo_versions["19.0"].image
    for name in ("acme-web", "acme-cron"):
        spec = the(there, DEPLOYMENT, name).props["spec"]
        assert bool(spec["replicas"]) is (stage not in STOPPED)
        assert (spec["template"]["spec"]["containers"][0]["image"] == new) is (stage in UPGRADED)
    kept = [{each.urn for each in one if each.type in HOLDS_DATA} for one in (there, at_rest)]
    assert kept[1] <= kept[0]
    assert {each.name for each in there if each.urn in kept[0] - kept[1]} <= {"acme-upgraded-data"}


def test_each_job_is_there_at_its_stages_only() -> None:
    own = set(jobs(declared(None)))
    seen = {stage: sorted(set(jobs(declared(stage))) - own) for stage in UpgradeStage}
    assert seen == {
        "rehearse": ["acme-make-side-database", RUN],
        "upgrade": ["acme-final-backup", "acme-make-side-database", "acme-switch-side-database", RUN],
        "start": [],
        "confirm": ["acme-drop-side-database"],
        "back": ["acme-restore-filestore", "acme-switch-side-database"],
        "discard": ["acme-drop-side-database", "acme-switch-side-database"],
    }


@pytest.mark.parametrize("section", ["upgrade", "restore"])
def test_pods_start_again_when_what_an_update_did_that_failed_is_taken_back(section: str) -> None:
    """It may have renamed databases or not: the job finds out, before the set-up and any pod."""
    there = declared("discard") if section == "upgrade" else restored("discard")
    before = ("acme-database-setup", "acme-switch-side-database", "acme-odoo-setup")
    order = (*before, "acme-web", "acme-drop-side-database")
    assert position(there, *order) == sorted(position(there, *order))
    actions = {
        name: env(pod(there, name)["containers"][0])["ACTION"]
        for name in ("acme-switch-side-database", "acme-drop-side-database")
    }
    assert actions == {"acme-switch-side-database": "back", "acme-drop-side-database": "drop-side"}


def test_the_state_knows_of_the_job_that_renames_before_there_is_one() -> None:
    """An update that is killed while it makes the job has its component already (tiers/deployed.py)."""
    there = declared("upgrade")
    types = [(each.type, each.name) for each in there]
    for name in ("acme-final-backup", "acme-switch-side-database"):
        assert types.index((JOB_TYPE, name)) < types.index((JOB, name))
    assert types.index((DEPLOYMENT, "acme-web")) < types.index((JOB_TYPE, "acme-final-backup"))


def test_the_command_has_a_login_of_its_own() -> None:
    made = containers("upgrade")
    named = {name: env(each).get("COMMAND_LOGIN") for name, each in made.items()}
    assert {name for name, login in named.items() if login} == {"fill", "ready", "before", "after"}
    assert set(filter(None, named.values())) == {"upgrade_t_acme"}
    for job in ("acme-make-side-database", "acme-switch-side-database"):
        given = env(pod(declared("upgrade"), job)["containers"][0])
        assert (given["COMMAND_LOGIN"], "CREATE ROLE" in given["LOGIN"]) == ("upgrade_t_acme", True)
        assert given["COMMAND_CONNECTIONS"] == "10"
    at_rest = [env(pod(restored("switch"), name)["containers"][0]) for name in jobs(restored("switch"))]
    assert not any("COMMAND_LOGIN" in each for each in at_rest)


def test_a_rehearsal_and_an_upgrade_are_two_jobs_about_one_database() -> None:
    names = {the(declared(stage), JOB, RUN).props["metadata"]["name"] for stage in ("rehearse", "upgrade")}
    assert len(names) == 2
    marks = {env(containers(stage)["before"])["MARK"] for stage in ("rehearse", "upgrade")}
    assert len(marks) == 1


def test_the_set_up_looks_at_the_database_of_its_version_before_a_pod_does() -> None:
    """On the way back it may find the newer one, which goes when it has run: that is no failure there."""
    given = {
        stage: env(pod(declared(stage), "acme-odoo-setup")["containers"][0])
        for stage in (None, *UpgradeStage)
    }
    assert [stage for stage, each in given.items() if each["VERSION"] == "19.0"] == ["start", "confirm"]
    assert [stage for stage, each in given.items() if "GOES_BACK" in each] == ["back"]
    there = declared("start")
    assert position(there, "acme-odoo-setup", "acme-web") == sorted(
        position(there, "acme-odoo-setup", "acme-web")
    )


def test_jobs_of_tenants_that_are_not_upgraded_keep_their_names() -> None:
    """A new field of a job would otherwise run the jobs of everybody once more."""
    at_rest = {each.name: each.props["metadata"]["name"] for each in declared(None) if each.type == JOB}
    for stage in ("rehearse", "upgrade"):
        there = {each.name: each.props["metadata"]["name"] for each in declared(stage) if each.type == JOB}
        assert {name: there[name] for name in at_rest} == at_rest


def test_the_image_of_the_command_is_one_that_scanners_must_have_seen() -> None:
    upgrade = {"to": "19.0", "stage": "rehearse"}
    found = images_of(plan_of(tenant("acme", upgrade=upgrade), platform=wide_platform()))
    assert found[str(UPGRADE_COMMAND["image"])] == (f"acme/{RUN.removeprefix('acme-')}",)
