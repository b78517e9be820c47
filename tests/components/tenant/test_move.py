"""The jobs that move a tenant's data: in order, between the right places, and only its own data."""

from __future__ import annotations

from functools import cache
from itertools import pairwise
from typing import Any

import pytest

from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.components.tenant.test_stack import HOLDS_DATA
from tests.portfolios import plan_of, tenant
from tiers.portfolio.tenant import Move
from tiers.vocabulary import MoveStage

JOB = "kubernetes:batch/v1:Job"
MARK = "random:index/randomId:RandomId"
SHARED, OWN, COPIED = "shared-namespace", "dedicated-db", "cross-region-backup"
SHARED_HOST, OWN_HOST = "local-postgresql.test", "local-acme-postgresql.test"
Everything = list[Declared]


@cache
def declared(origin: str, target: str, stage: str | None) -> Everything:
    """What is declared at one stage; at rest on *target* without one."""
    move = Move(from_tier=origin, stage=MoveStage(stage)) if stage else None
    copied = COPIED in (origin, target) and (stage or target == COPIED)
    options = {"users": 5} | ({"dr_region": "eu-west-1"} if copied else {})
    return declare_plan(plan_of(tenant("acme", tier=target, move=move, options=options)))


def pod(everything: Everything, job: str) -> dict[str, Any]:
    spec: dict[str, Any] = the(everything, JOB, job).props["spec"]["template"]["spec"]
    return spec


def env(everything: Everything, job: str) -> dict[str, str]:
    return {each["name"]: each.get("value") for each in pod(everything, job)["containers"][0]["env"]}


def position(everything: Everything, *ends: str) -> list[int]:
    """Where resources of these names come in the order in which they were declared."""
    found = [
        next(at for at, each in enumerate(everything) if each.name == name and _runs(each)) for name in ends
    ]
    assert len(found) == len(ends)
    return found


def _runs(each: Declared) -> bool:
    return each.type in (JOB, "kubernetes:apps/v1:Deployment")


def test_a_database_is_copied_from_where_it_is_to_where_it_goes_when_all_stand_still() -> None:
    there = declared(SHARED, OWN, "migrate")
    given = env(there, "acme-copy-database")
    assert given["SOURCE_HOST"] == SHARED_HOST
    assert given["TARGET_HOST"] == given["PGHOST"] == OWN_HOST
    assert given["MOVE"]
    assert (given["TENANT_DATABASE"], given["TENANT_ROLE"]) == ("odoo_acme", "t_acme")
    assert pod(there, "acme-copy-database")["serviceAccountName"] == "acme-database-admin"
    for name in ("acme-web", "acme-cron"):
        assert the(there, "kubernetes:apps/v1:Deployment", name).props["spec"]["replicas"] == 0
    web, cron, copy = position(there, "acme-web", "acme-cron", "acme-copy-database")
    assert copy > max(web, cron)
    assert f"db_host = {SHARED_HOST}" in configuration(there)


@pytest.mark.whole("the copy there is declared by the same function")
def test_the_way_back_copies_the_other_way_as_the_platforms_administrator() -> None:
    there = declared(OWN, SHARED, "migrate")
    given = env(there, "acme-copy-database")
    assert (given["SOURCE_HOST"], given["TARGET_HOST"]) == (OWN_HOST, SHARED_HOST)
    assert pod(there, "acme-copy-database")["serviceAccountName"] == "database-admin"
    assert f"db_host = {OWN_HOST}" in configuration(there)


def test_the_copy_is_used_only_after_the_cut_over() -> None:
    there = declared(SHARED, OWN, "switch")
    given = env(there, "acme-hand-over-database")
    assert (given["SOURCE_HOST"], given["TARGET_HOST"]) == (SHARED_HOST, OWN_HOST)
    order = ("acme-hand-over-database", "acme-database-setup", "acme-odoo-setup", "acme-web")
    assert position(there, *order) == sorted(position(there, *order))
    assert f"db_host = {OWN_HOST}" in configuration(there)


@pytest.mark.whole("twenty seconds of every stage of two moves, one by one")
def test_what_was_stopped_starts_again_although_load_scales_it() -> None:
    """An autoscaler ignores what has no pods; in a namespace that stays nothing else would start it."""
    for origin, target in (("ha-postgresql", COPIED), (COPIED, "ha-postgresql")):
        webs = {
            stage: the(declared(origin, target, stage), "kubernetes:apps/v1:Deployment", "acme-web")
            for stage in (*MoveStage, None)
        }
        left_alone = {stage: "spec.replicas" in each.ignore_changes for stage, each in webs.items()}
        assert left_alone == {
            "expand": True,
            "migrate": False,
            "switch": False,
            "contract": False,
            None: True,
        }
        # The autoscaler may have set the number: who stops or starts the pods takes it back.
        forced = {stage: "annotations" in each.props["metadata"] for stage, each in webs.items()}
        assert forced == {stage: not ignored for stage, ignored in left_alone.items()}
        assert [each.props["spec"]["replicas"] > 0 for each in webs.values()] == [
            True,
            False,
            True,
            True,
            True,
        ]
        assert len({each.urn for each in webs.values()}) == 1


@pytest.mark.whole("tests/tiers/plan/test_move has the marks of each stage")
def test_copy_and_cut_over_share_a_mark_that_no_other_stage_keeps() -> None:
    marked = {stage: marks(declared(SHARED, OWN, stage)) for stage in (None, *MoveStage)}
    assert [bool(marked[stage]) for stage in (None, *MoveStage)] == [False, False, True, True, False]
    assert marked["migrate"] == marked["switch"]


def test_what_is_left_goes_after_a_backup_of_what_is_used() -> None:
    there = declared(SHARED, COPIED, "contract")
    backup, *gone = position(
        there, "acme-final-backup", "acme-drop-left-database", "acme-empty-left-filestore"
    )
    assert all(each > backup for each in gone)
    given = env(there, "acme-drop-left-database")
    assert given["ONLY_LEFT"] == "yes"
    assert given["PGHOST"] == SHARED_HOST
    assert claims(pod(there, "acme-empty-left-filestore")) == ["acme-filestore"]
    web = the(there, "kubernetes:apps/v1:Deployment", "acme-web").props["spec"]["template"]["spec"]
    assert claims(web) == ["acme-own-filestore"]


@pytest.mark.whole("tests/lifecycle/test_file_move copies files")
def test_files_are_copied_between_two_claims_in_one_namespace() -> None:
    there = declared(SHARED, COPIED, "migrate")
    job = the(there, JOB, "acme-copy-filestore")
    assert claims(job.props["spec"]["template"]["spec"]) == ["acme-filestore", "acme-own-filestore"]
    given = env(there, "acme-copy-filestore")
    assert (given["SOURCE"], given["TARGET"]) == ("/var/lib/odoo", "/var/lib/target")
    where = job.props["metadata"]["namespace"]
    for name in ("acme-filestore", "acme-own-filestore"):
        claim = the(there, "kubernetes:core/v1:PersistentVolumeClaim", name)
        assert claim.props["metadata"]["namespace"] == where


@pytest.mark.sample(1)
@pytest.mark.parametrize(("origin", "target"), [(SHARED, OWN), (SHARED, COPIED), (COPIED, OWN)])
def test_what_holds_data_comes_before_it_is_needed_and_goes_last(origin: str, target: str) -> None:
    stages = [declared(target, origin, None)]
    stages += [declared(origin, target, stage) for stage in (*MoveStage, None)]
    # A user of a cache, or the master of a server, holds nothing: it is made with its use, or goes with it.
    kept = [
        {
            each.urn
            for each in stage
            if each.type in HOLDS_DATA and not each.name.endswith(("sessions-password", "postgresql-master"))
        }
        for stage in stages
    ]
    for before, after in pairwise(kept):
        assert not (after - before and before - after)
    assert kept[1] == kept[2] == kept[3] == kept[4]


def test_the_tenants_password_is_in_no_environment() -> None:
    for stage in MoveStage:
        for each in declared(SHARED, COPIED, stage):
            if each.type == JOB:
                assert "password-of-" not in str(each.props), each.name


def configuration(everything: Everything) -> str:
    return str(the(everything, "kubernetes:core/v1:Secret", "acme-odoo").props["stringData"]["odoo.conf"])


def marks(everything: Everything) -> list[str]:
    return [each.name for each in everything if each.type == MARK and each.name == "acme-copied-data"]


def claims(spec: dict[str, Any]) -> list[str]:
    volumes = [each["persistentVolumeClaim"] for each in spec["volumes"] if "persistentVolumeClaim" in each]
    return [each["claimName"] for each in volumes]


def test_a_volume_goes_with_its_claim_and_comes_with_it() -> None:
    """A volume remembers its claim for ever, and would let another one of that name wait for ever."""
    volume, claim = "kubernetes:core/v1:PersistentVolume", "kubernetes:core/v1:PersistentVolumeClaim"
    for name in ("acme-filestore", "acme-own-filestore"):
        seen = []
        for stage in (*MoveStage, None):
            there = declared(SHARED, COPIED, stage)
            kinds = {each.type for each in there if each.name == name}
            assert (volume in kinds) is (claim in kinds), (name, stage)
            seen.append(claim in kinds)
        assert len(set(seen)) == 2
