"""What AWS does to servers and caches by itself, and how a standby ends; the tests stand in this order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from localcloud.aws import clock
from tests.engine.project import STACK, Project, running_project
from tests.engine.test_created import second_network

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole("tests/localcloud/aws shows what RDS does at each of these changes"),
]

TENANT, ABROAD = "portfolios/local/tenants/meridian.yaml", "eu-west-1"
PLATFORM = "portfolios/local/platform.yaml"
STANDBY = "local-meridian-postgresql-standby"
SHARED = "local-postgresql"
BOUGHT = "  dr_region: eu-west-1\n  warm_standby: true"
SUNDAY = datetime(2026, 12, 6, 5, 1, tzinfo=UTC)
"""After the windows of all servers and caches, by a clock that starts on a Monday."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A tenant with a server and a cache of its own, and a standby in the second region."""
    with running_project(tmp_path_factory.mktemp("data-services") / "project") as made:
        for other in (made.folder / TENANT).parent.glob("*.yaml"):
            if other.name != Path(TENANT).name:
                other.unlink()
        file = made.folder / PLATFORM
        platform: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        platform["dr_networks"] = {ABROAD: second_network(made)}
        file.write_text(yaml.safe_dump(platform), encoding="utf-8")
        write(made, TENANT, "  dr_region: eu-west-1", BOUGHT)
        made.up()
        yield made


def write(project: Project, path: str, old: str, new: str) -> None:
    """Change a file as a pull request would."""
    file = project.folder / path
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    file.write_text(text.replace(old, new), encoding="utf-8")


def servers(project: Project) -> dict[str, dict[str, Any]]:
    """What AWS says of every server."""
    regions = [project.clients().get("rds", region) for region in ("us-east-1", ABROAD)]
    found = [each for rds in regions for each in rds.describe_db_instances()["DBInstances"]]
    return {each["DBInstanceIdentifier"]: each for each in found}


def changed(project: Project) -> list[tuple[str, str]]:
    """What an update did, but for records."""
    steps = [(step["op"], step["urn"].rpartition("::")[2]) for step in project.update()]
    return [step for step in steps if not step[1].endswith("-deployed")]


def test_a_minor_upgrade_by_aws_is_no_change(project: Project) -> None:
    clients = project.clients()
    assert {each["EngineVersion"] for each in servers(project).values()} == {"17.6"}
    clock.release(clients, "postgres", "17.7")
    clock.release(clients, "valkey", "8.1")
    clock.move(clients, SUNDAY)
    assert {each["EngineVersion"] for each in servers(project).values()} == {"17.7"}
    project.refresh("--yes", "--skip-preview")
    project.up("--expect-no-changes")
    said = project.costack("allocate", "--stack", STACK, "--period", "2026-11")
    assert "pending" not in said.text


def test_a_change_is_pending_until_sunday_and_then_made(project: Project) -> None:
    write(project, PLATFORM, "database_class: s", "database_class: m")
    before = ("db.t4g.medium", {"DBInstanceClass": "db.t4g.large"})
    assert changed(project) == [("update", "local-postgresql")]
    held = servers(project)["local-postgresql"]
    assert (held["DBInstanceClass"], held["PendingModifiedValues"]) == before
    sentence = (
        "platform/database: AWS changes class db.t4g.medium to class db.t4g.large on Sunday at 03:00 UTC, "
        "when its maintenance window opens"
    )
    statement = ("allocate", "--stack", STACK, "--period", "2026-11")
    report = ("report", "--stack", STACK, "--period", "2026-11", "--out", "reports")
    preview = ("preview", "--stack", STACK)
    for command in (statement, report, preview):
        assert f"pending: {sentence}" in " ".join(project.costack(*command).text.split()), command
    # As with the official provider: what waits is planned again, and made once.
    assert changed(project) == [("update", "local-postgresql")]
    clock.move(project.clients(), SUNDAY + timedelta(weeks=1))
    project.refresh("--yes", "--skip-preview")
    held = servers(project)["local-postgresql"]
    assert (held["DBInstanceClass"], held["PendingModifiedValues"]) == ("db.t4g.large", {})
    for command in (statement, preview):
        assert "pending" not in project.costack(*command).text
    project.up("--expect-no-changes")


def test_a_standby_is_removed_and_leaves_nothing(project: Project) -> None:
    write(project, TENANT, BOUGHT, "  dr_region: eu-west-1")
    assert ("delete", STANDBY) in changed(project)
    assert STANDBY not in servers(project)
    rds = project.clients().get("rds", ABROAD)
    assert rds.describe_db_snapshots()["DBSnapshots"] == []
    assert rds.describe_db_parameter_groups()["DBParameterGroups"] == []
    assert rds.describe_db_subnet_groups()["DBSubnetGroups"] == []


def families(project: Project) -> list[str]:
    """The families of all parameter groups in the first region."""
    groups = project.clients().get("rds").describe_db_parameter_groups()["DBParameterGroups"]
    return sorted(each["DBParameterGroupFamily"].removeprefix("postgres") for each in groups)


def test_a_major_upgrade_keeps_its_old_parameter_group_until_sunday(project: Project) -> None:
    """AWS refuses to delete a group that a server still has (terraform-provider-aws, issue 6448)."""
    write(project, PLATFORM, "engine_version: '17'", "engine_version: '18'")
    project.up()
    held = servers(project)["local-postgresql"]
    assert (held["EngineVersion"], held["PendingModifiedValues"]) == ("17.7", {"EngineVersion": "18.1"})
    assert held["DBParameterGroups"][0]["DBParameterGroupName"].startswith("local-postgresql-parameters-")
    assert families(project) == ["17", "17", "18", "18"]
    for command in (("allocate", "--stack", STACK), ("preview", "--stack", STACK)):
        assert project.costack(*command).text.count("version 17.7 to version 18 on Sunday") == 2, command
    # Every update before Sunday says the same to AWS, and no standby comes that would be left behind.
    assert sorted(changed(project)) == [("update", "local-meridian-postgresql"), ("update", SHARED)]
    write(project, TENANT, "  dr_region: eu-west-1", BOUGHT)
    said = project.up(code=1).text
    assert "RDS takes no standby in another region from PostgreSQL 17 to 18" in " ".join(said.split())
    write(project, TENANT, BOUGHT, "  dr_region: eu-west-1")
    # With a minor version the provider knows that it waits, and RDS takes its group no second time.
    write(project, PLATFORM, "engine_version: '18'", "engine_version: '18.1'")
    project.up()
    project.up()
    project.up("--expect-no-changes")
    assert families(project) == ["17", "17", "18", "18"]
    clock.move(project.clients(), SUNDAY + timedelta(weeks=2))
    project.refresh("--yes", "--skip-preview")
    assert {each["EngineVersion"] for each in servers(project).values()} == {"18.1"}
    write(project, PLATFORM, "engine_version: '18.1'", "engine_version: '18'")
    assert {step[0] for step in changed(project)} == {"update", "delete"}
    assert families(project) == ["18", "18"]
    project.up("--expect-no-changes")


def test_an_upgrade_that_is_taken_back_is_ended_by_the_command_that_the_update_prints(
    project: Project,
) -> None:
    """RDS User Guide, "Using the schedule modifications setting"."""
    rds = project.clients().get("rds")
    write(project, PLATFORM, "engine_version: '18'", "engine_version: '18.2'")
    project.up()
    write(project, PLATFORM, "engine_version: '18.2'", "engine_version: '18'")
    said = " ".join(project.up().text.split())
    for name, held in servers(project).items():
        assert held["PendingModifiedValues"] == {"EngineVersion": "18.2"}
        assert f"--db-instance-identifier {name} --engine-version 18.1 --apply-immediately" in said
        rds.modify_db_instance(DBInstanceIdentifier=name, EngineVersion="18.1", ApplyImmediately=True)
        assert servers(project)[name]["PendingModifiedValues"] == {}
    project.up("--expect-no-changes")


def test_a_standby_gets_a_minor_version_in_the_update_before_its_server(project: Project) -> None:
    """RDS User Guide, "Upgrades of the RDS for PostgreSQL DB engine"; terraform-provider-aws, issue 22107."""
    write(project, TENANT, "  dr_region: eu-west-1", BOUGHT)
    project.up()
    write(project, PLATFORM, "engine_version: '18'", "engine_version: '18.2'")
    said = " ".join(project.up().text.split())
    assert "meridian/server: stays with PostgreSQL 18.1 in this update, which takes its standby to" in said
    own = "local-meridian-postgresql"
    held = servers(project)
    assert (held[STANDBY]["EngineVersion"], held[own]["PendingModifiedValues"]) == ("18.2", {})
    assert ("update", own) in changed(project)
    assert servers(project)[own]["PendingModifiedValues"] == {"EngineVersion": "18.2"}
    clock.move(project.clients(), SUNDAY + timedelta(weeks=3))
    project.refresh("--yes", "--skip-preview")
    assert {each["EngineVersion"] for each in servers(project).values()} == {"18.2"}
    project.up("--expect-no-changes")


def test_a_promoted_standby_stays_what_it_is_and_leaves_a_final_snapshot(project: Project) -> None:
    rds = project.clients().get("rds", ABROAD)
    rds.promote_read_replica(DBInstanceIdentifier=STANDBY, BackupRetentionPeriod=7)
    project.refresh("--yes", "--skip-preview")
    project.up("--expect-no-changes")
    said = project.costack("allocate", "--stack", STACK).text
    assert (
        "pending: meridian/standby: was promoted and has data of its own: write warm_standby: promoted"
        in said
    )
    write(project, TENANT, BOUGHT, BOUGHT.replace("true", "promoted"))
    assert changed(project) == [("update", STANDBY)]
    assert "pending" not in project.costack("allocate", "--stack", STACK).text
    write(project, TENANT, BOUGHT.replace("true", "promoted"), "  dr_region: eu-west-1")
    assert ("delete", STANDBY) in changed(project)
    (snapshot,) = rds.describe_db_snapshots()["DBSnapshots"]
    assert snapshot["DBSnapshotIdentifier"].startswith(f"{STANDBY}-final-")


def test_destroy_takes_a_replica_and_its_server(project: Project) -> None:
    write(project, TENANT, "  dr_region: eu-west-1", BOUGHT)
    project.up()
    project.pulumi("destroy", "--yes", "--skip-preview", "--stack", STACK)
    assert servers(project) == {}
    assert project.registered() == []
