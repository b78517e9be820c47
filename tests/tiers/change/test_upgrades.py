"""Upgrades of servers take one step after the other, as RDS asks."""

from __future__ import annotations

from typing import Any

import pytest

from tests.portfolios import failing_over, plan_of, tenant, two_regions, wide_platform
from tests.tiers.test_deployed import PREFIX, refused, state
from tiers.change.versions.upgrades import GROUP_TYPE, SERVER_TYPE, next_step
from tiers.deployed import deployed_of
from tiers.facts.copies import DatabaseStandby
from tiers.facts.data import DatabaseInstance
from tiers.plan.plan import Plan
from tiers.portfolio.platform import DatabaseSpec

SHARED, OWN, STANDBY = "local-postgresql", "local-acme-postgresql", "local-acme-postgresql-standby"


def plan(version: str, *, standby: bool | str = True, database_class: str = "s") -> Plan:
    """A tenant with a server of its own, and where it is sold a standby."""
    spec = wide_platform().database.model_dump() | {
        "engine_version": version,
        "database_class": database_class,
    }
    platform = wide_platform().model_copy(update={"database": DatabaseSpec.model_validate(spec)})
    options = {"users": 50, "warm_standby": standby}
    return plan_of(tenant("acme", tier="cross-region-backup", options=options), platform=platform)


def there(applied: Plan, **servers: tuple[str, str]) -> dict[str, Any]:
    """The engine's answer for a stack of *applied*; of a server the version asked for and the one there."""
    found = state(applied)
    urn = f"{PREFIX}costack:index:SharedPlatform$pulumi:index:Stash::local-deployed"
    stored = {"plan": applied.model_dump(mode="json", exclude={"tenants"})}
    found[urn] = {"type": "pulumi:index:Stash", "outputs": {"input": stored, "output": stored}}
    for name, (asked, version) in servers.items():
        logical = {"shared": SHARED, "own": OWN, "standby": STANDBY}[name]
        found[f"{PREFIX}{SERVER_TYPE}::{logical}"] = {
            "type": SERVER_TYPE,
            "outputs": {
                "engineVersion": asked,
                "engineVersionActual": version,
                "instanceClass": "db.t4g.medium",
                "allocatedStorage": 50,
                "parameterGroupName": f"{logical}-parameters-0a1b2c3",
            },
        }
    return found


def with_storage(applied: Plan, gib: int) -> Plan:
    """The same with another size of the shared server."""
    platform = tuple(
        each.model_copy(update={"storage_gib": gib}) if isinstance(each, DatabaseInstance) else each
        for each in applied.platform
    )
    return applied.model_copy(update={"platform": platform})


def step(found: dict[str, Any], wanted: Plan) -> tuple[dict[str, tuple[str, str | None]], tuple[str, ...]]:
    """Fact -> the version that the next update asks for and the one whose group stays; and what is said."""
    made, said = next_step(wanted, deployed_of(found).servers)
    servers = (each for each in made.all_facts() if isinstance(each, DatabaseInstance | DatabaseStandby))
    return {each.id: (each.engine_version, each.kept_group_version) for each in servers}, said


def test_a_new_stack_takes_no_steps() -> None:
    wanted = plan("17")
    assert next_step(wanted, deployed_of({}).servers) == (wanted, ())


def test_what_runs_as_it_is_asked_for_changes_nothing() -> None:
    wanted = plan("17")
    found = there(wanted, shared=("17", "17.6"), own=("17", "17.7"), standby=("17", "17.6"))
    assert next_step(wanted, deployed_of(found).servers) == (wanted, ())


def test_the_parameter_group_of_before_stays_until_the_new_major_version_runs() -> None:
    before, wanted = plan("17", standby=False), plan("18", standby=False)
    waits = there(before, shared=("17.6", "17.6"), own=("17.7", "17.7"))
    assert step(waits, wanted) == ({"platform/database": ("18", "17"), "acme/server": ("18", "17")}, ())
    again = there(wanted, shared=("17.6", "17.6"), own=("18", "18.1"))
    assert step(again, wanted)[0] == {"platform/database": ("18", "17"), "acme/server": ("18", None)}
    after = there(wanted, shared=("18", "18.1"), own=("18", "18.1"))
    assert step(after, wanted)[0] == {"platform/database": ("18", None), "acme/server": ("18", None)}


@pytest.mark.parametrize(("asked", "known"), [("18.1", True), ("17.6", False)])
def test_a_group_is_not_sent_without_its_version(asked: str, *, known: bool) -> None:
    """The provider sends no version that waits, and RDS takes no group alone (pull 47121 of the provider)."""
    wanted = plan("18.1", standby=False)
    made, _ = next_step(wanted, deployed_of(there(wanted, shared=(asked, "17.6"))).servers)
    (server,) = (each for each in made.platform if isinstance(each, DatabaseInstance))
    assert (server.kept_group_version, server.upgrade_is_asked) == ("17", known)


def test_a_standby_that_follows_stops_a_major_upgrade() -> None:
    found = there(plan("17"), shared=("17", "17.6"), own=("17", "17.6"), standby=("17", "17.6"))
    (sentence,) = refused(found, plan("18"))
    assert sentence == (
        "acme/standby: RDS takes no standby in another region from PostgreSQL 17 to 18 with its server: take "
        "warm_standby out of acme.yaml, and write it again when its server runs 18 and `pulumi refresh` has "
        "seen it; nothing was changed"
    )
    assert refused(found, plan("18", standby=False)) == []


def test_no_server_goes_back_to_an_older_major_version() -> None:
    """RDS says so in the middle of an update, when a parameter group of the old version is there again."""
    found = there(plan("18", standby=False), shared=("18", "18.1"), own=("18", "18.1"))
    assert refused(found, plan("17", standby=False)) == [
        f"{server}: RDS takes no server back from PostgreSQL 18 to 17: write {line} 18; nothing was changed"
        for server, line in (
            ("platform/database", "engine_version"),
            ("acme/server", "options.database_engine_version"),
        )
    ]
    waits = there(plan("18", standby=False), shared=("17.6", "17.6"), own=("18", "17.7"))
    assert refused(waits, plan("17", standby=False)) == []


def test_no_standby_comes_while_a_major_upgrade_waits() -> None:
    """It would be made of the version before, and left behind on Sunday."""
    waits = there(plan("18", standby=False), shared=("18", "18.1"), own=("17.6", "17.6"))
    (sentence,) = refused(waits, plan("18"))
    assert "acme/standby: RDS takes no standby" in sentence
    done = there(plan("18", standby=False), shared=("18", "18.1"), own=("18", "18.1"))
    assert refused(done, plan("18")) == []


def test_a_promoted_standby_is_not_upgraded_without_a_look() -> None:
    promoted = plan("17", standby="promoted")
    found = there(promoted, own=("17", "17.6"), standby=("17", "17.6"))
    (sentence,) = refused(found, plan("18", standby="promoted"))
    assert sentence == (
        "acme/standby: was promoted and runs PostgreSQL 17, and no check has looked into it for 18: write "
        "options.database_engine_version 17, take warm_standby out, then upgrade with `costack "
        "upgrade-database acme`; nothing was changed"
    )
    assert refused(found, promoted) == []
    # What an earlier version of costack asked for waits for its window.
    waits = there(plan("18", standby="promoted"), own=("18", "18.1"), standby=("17", "17.6"))
    assert refused(waits, plan("18", standby="promoted")) == []
    assert step(waits, plan("18", standby="promoted"))[0]["acme/standby"] == ("18", "17")


def test_a_server_that_took_over_comes_home_before_it_is_upgraded() -> None:
    settled = plan_of(failing_over("settled"), platform=two_regions())
    found = there(settled, own=("17", "17.6"), standby=("17", "17.6"))
    newer = failing_over("settled")
    options = newer.options.model_copy(update={"database_engine_version": "18"})
    wanted = plan_of(newer.model_copy(update={"options": options}), platform=two_regions())
    said = [each for each in refused(found, wanted) if each.startswith("acme/standby")]
    assert ["bring it home (`costack failback`)" in each for each in said] == [True]


@pytest.mark.parametrize(
    ("wanted", "standby", "server_asks"),
    [
        ("17.7", ("17.6", "17.6"), "17.6"),
        ("17.7", ("17.7", "17.7"), "17.7"),
        ("17.7", ("17", "17.9"), "17.7"),
        ("17", ("17.6", "17.6"), "17.6"),  # the default minor version may be newer
        ("17", ("17", "17.6"), "17"),
        ("17.5", ("17.6", "17.6"), "17.5"),  # RDS refuses it, as it does today
    ],
)
def test_a_standby_gets_a_minor_version_before_its_server(
    wanted: str, standby: tuple[str, str], server_asks: str
) -> None:
    found = there(plan("17.6"), shared=("17.6", "17.6"), own=("17.6", "17.6"), standby=standby)
    asked, said = step(found, plan(wanted))
    assert asked == {
        "platform/database": (wanted, None),
        "acme/server": (server_asks, None),
        "acme/standby": (wanted, None),
    }
    waits = server_asks != wanted
    assert bool(said) is waits
    if waits:
        (sentence,) = said
        assert sentence == (
            f"acme/server: stays with PostgreSQL 17.6 in this update, which takes its standby to {wanted}, "
            "because RDS upgrades the standby first; run `pulumi up` again"
        )


def test_a_standby_that_is_new_holds_nobody_back() -> None:
    found = there(plan("17.6", standby=False), shared=("17.6", "17.6"), own=("17.6", "17.6"))
    assert step(found, plan("17.7"))[0]["acme/server"] == ("17.7", None)


def test_a_major_upgrade_that_is_taken_back_keeps_its_group_once_and_says_what_ends_it() -> None:
    """RDS User Guide, "Using the schedule modifications setting"."""
    found = there(plan("18", standby=False), shared=("17.6", "17.6"), own=("17.6", "17.6"))
    asked, said = step(found, plan("17", standby=False))
    assert asked == {"platform/database": ("17", "18"), "acme/server": ("17", "18")}
    assert said[1] == (
        "acme/server: what the last update asked for may still be made when its maintenance window opens, "
        "because no difference is left for Pulumi to send. If `aws rds describe-db-instances` shows it under "
        "PendingModifiedValues, run this before the window and before the next update; it makes at once what "
        "else is pending: `aws rds modify-db-instance --region us-east-1 --db-instance-identifier "
        "local-acme-postgresql --engine-version 17.6 --db-parameter-group-name "
        "local-acme-postgresql-parameters-0a1b2c3 --apply-immediately`"
    )
    later = there(plan("17", standby=False), shared=("17.6", "17.6"), own=("17.6", "17.6"))
    assert step(later, plan("17", standby=False)) == (
        {"platform/database": ("17", None), "acme/server": ("17", None)},
        (),
    )


def test_a_class_that_is_taken_back_is_told_and_one_that_waits_is_not() -> None:
    found = there(plan("17", database_class="m"), shared=("17", "17.6"))
    assert step(found, plan("17", database_class="m"))[1] == ()
    (said,) = step(found, plan("17"))[1]
    assert "--db-instance-identifier local-postgresql --db-instance-class db.t4g.medium --apply" in said


def test_a_server_keeps_its_master_password_until_its_standby_is_gone() -> None:
    """RDS User Guide, "Password management with Amazon RDS and AWS Secrets Manager", limitations."""
    before = plan("17")
    away = plan_of(tenant("acme", tier="ha-postgresql", options={"users": 50}), platform=wide_platform())
    found = there(before, own=("17", "17.6"), standby=("17", "17.6"))
    made, said = next_step(away, deployed_of(found).servers)
    (own,) = (each for each in made.tenants[0].facts if isinstance(each, DatabaseInstance))
    assert own.may_have_replica
    (sentence,) = said
    assert sentence == (
        "acme/server: keeps its master password in this update, which removes its standby, because RDS "
        "manages no password of a server that has one; run `pulumi up` again"
    )
    assert next_step(away, deployed_of(there(made, own=("17", "17.6"))).servers) == (away, ())


def test_storage_that_grew_by_itself_and_is_written_down_was_not_taken_back() -> None:
    before = plan("17")
    found = there(with_storage(before, 40), shared=("17", "17.6"))
    assert step(found, before)[1] == ()


def test_a_version_that_somebody_else_upgraded_was_not_taken_back() -> None:
    found = there(plan("17", standby=False), shared=("18", "18.1"), own=("18", "18.1"))
    assert step(found, plan("18", standby=False))[1] == ()


def test_a_minor_version_taken_back_from_a_major_one_does_not_get_the_group_of_the_major_one() -> None:
    """Of "18" the provider keeps what runs, so the state asks for what the file says again."""
    wanted = plan("17.6", standby=False)
    found = there(plan("18", standby=False), shared=("17.6", "17.6"), own=("17.6", "17.6"))
    made, _ = next_step(wanted, deployed_of(found).servers)
    servers = [each for each in made.all_facts() if isinstance(each, DatabaseInstance)]
    assert [(each.kept_group_version, each.upgrade_is_asked) for each in servers] == [("18", False)] * 2


def test_a_server_waits_for_a_standby_that_goes() -> None:
    """Deletions are the last of an update, and RDS refuses the version while an older replica is there."""
    found = there(plan("17.6"), shared=("17.6", "17.6"), own=("17.6", "17.6"), standby=("17.6", "17.6"))
    asked, said = step(found, plan("17.7", standby=False))
    assert asked == {"platform/database": ("17.7", None), "acme/server": ("17.6", None)}
    (sentence,) = said
    assert sentence == (
        "acme/server: stays with PostgreSQL 17.6 in this update, which removes its standby, because RDS "
        "upgrades the standby first; run `pulumi up` again"
    )
    upgraded = there(plan("17.6"), own=("17.6", "17.6"), standby=("17.7", "17.7"))
    assert step(upgraded, plan("17.7", standby=False))[1] == ()
    promoted = there(plan("17.6", standby="promoted"), own=("17.6", "17.6"), standby=("17.6", "17.6"))
    assert step(promoted, plan("17.7", standby=False))[1] == ()


@pytest.mark.parametrize(("asked", "kept"), [("17.7", None), ("18.1", "18")])
def test_what_an_update_asked_for_that_failed_later_is_told_when_it_is_taken_back(
    asked: str, kept: str | None
) -> None:
    """No record says so; the provider does, which keeps a version with its minor one while it waits."""
    before = plan("17.6", standby=False)
    found = there(before, shared=("17.6", "17.6"), own=(asked, "17.6"))
    made, (sentence,) = step(found, before)
    assert made == {"platform/database": ("17.6", None), "acme/server": ("17.6", kept)}
    assert "--db-instance-identifier local-acme-postgresql --engine-version 17.6 " in sentence
    assert ("--db-parameter-group-name" in sentence) is (kept is not None)


def test_a_major_version_that_a_failed_update_asked_for_is_told_once_when_it_is_taken_back() -> None:
    """Its parameter group is all that is left of it in the state."""
    before = plan("17", standby=False)
    servers = {"shared": ("17.6", "17.6"), "own": ("17.6", "17.6")}
    found = there(before, **servers)
    group = f"{OWN}-parameters-postgres18"
    found[f"{PREFIX}{GROUP_TYPE}::{group}"] = {"type": GROUP_TYPE, "outputs": {"family": "postgres18"}}
    made, (sentence,) = step(found, before)
    assert made == {"platform/database": ("17", None), "acme/server": ("17", "18")}
    assert "local-acme-postgresql --engine-version 17.6 --db-parameter-group-name" in sentence
    assert step(found, plan("18", standby=False))[1] == ()
    told, _ = next_step(before, deployed_of(found).servers)
    later = {**there(told, **servers), **{urn: each for urn, each in found.items() if group in urn}}
    assert step(later, before) == ({"platform/database": ("17", None), "acme/server": ("17", None)}, ())


def test_a_password_keeps_its_number() -> None:
    """The engine's answer has no integers, and 3.0 would name another password."""
    before = plan("17")
    rotated = tuple(
        each.model_copy(update={"master_number": 3}) if isinstance(each, DatabaseInstance) else each
        for each in before.tenants[0].facts
    )
    applied = (before.tenants[0].model_copy(update={"facts": rotated}),)
    found = there(before.model_copy(update={"tenants": applied}), own=("17", "17.6"), standby=("17", "17.6"))
    away = plan_of(tenant("acme", tier="ha-postgresql", options={"users": 50}), platform=wide_platform())
    made, _ = next_step(away, deployed_of(with_floats(found)).servers)
    (own,) = (each for each in made.tenants[0].facts if isinstance(each, DatabaseInstance))
    assert str(own.master_number) == "3"


def test_storage_that_is_taken_back_is_told_as_aws_takes_it() -> None:
    before = plan("17")
    found = there(with_storage(before, 200), shared=("17", "17.6"))
    (sentence,) = step(with_floats(found), before)[1]
    assert "--allocated-storage 50 --apply-immediately" in sentence


def with_floats(value: Any) -> Any:
    """The same with numbers as the engine has them."""
    if isinstance(value, dict):
        return {name: with_floats(each) for name, each in value.items()}
    if isinstance(value, list):
        return [with_floats(each) for each in value]
    return float(value) if type(value) is int else value


@pytest.mark.parametrize(
    ("source", "skips", "stage", "stops"),
    [
        ("", False, "fence", True),
        ("", False, "reopen", True),
        ("", False, "promote", False),
        # A person promoted it: the fence ends with a sentence, and the way back is open.
        ("", True, "reopen", False),
        ("arn:aws:rds:us-east-1:123456789012:db:local-acme-postgresql", True, "reopen", False),
    ],
)
def test_what_a_failed_update_has_promoted_is_taken_for_no_standby(
    source: str, stage: str, *, skips: bool, stops: bool
) -> None:
    fenced = plan_of(failing_over("fence"), platform=two_regions())
    found = there(fenced, own=("17", "17.6"), standby=("17", "17.6"))
    found[f"{PREFIX}{SERVER_TYPE}::{STANDBY}"]["outputs"] |= {
        "replicateSourceDb": source,
        "skipFinalSnapshot": skips,
    }
    said = refused(found, plan_of(failing_over(stage), platform=two_regions()))
    assert bool(said) is stops
    if stops:
        (told,) = said
        assert told == (
            "acme/standby: an update that failed has promoted it, and of a promoted server AWS makes no "
            "standby again: write stage: promote into the failover of acme.yaml and run `pulumi up`, which "
            "goes on; `costack failback` leads home; nothing was changed"
        )
