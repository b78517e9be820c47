"""A tenant with a server of its own goes back to a second, on one stack; the tests stand in this order.

Jobs are rendered and not run: their scripts are run by tests/lifecycle/test_point_in_time.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lifecycle import evidence
from localcloud.aws import clock
from tests.engine.project import STACK, Project, running_project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole("tests/components has what is declared, tests/localcloud/aws what RDS refuses"),
]

TENANT = "portfolios/local/tenants/cobalt.yaml"
OWN, PAST = "local-cobalt-postgresql", "local-cobalt-postgresql-restored-server"
NOON = clock.START + timedelta(hours=12)
AT = f"{NOON:%Y-%m-%dT%H:%M:%SZ}"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """One tenant, whose server is half a day old."""
    with running_project(tmp_path_factory.mktemp("second") / "project") as made:
        for other in (made.folder / TENANT).parent.glob("*.yaml"):
            if other.name != Path(TENANT).name:
                other.unlink()
        made.up()
        clock.move(made.clients(), NOON + timedelta(hours=1))
        yield made


def servers(project: Project) -> dict[str, dict[str, Any]]:
    """What AWS says of every server."""
    found = project.clients().get("rds", "us-east-1").describe_db_instances()["DBInstances"]
    return {each["DBInstanceIdentifier"]: each for each in found}


def step(project: Project, *options: str, code: int = 0) -> str:
    """What the command says, once its step is deployed."""
    said = project.costack("restore", "cobalt", "--stack", STACK, *options, code=code).text
    if not code:
        project.up("--policy-pack", "policies")
    return said


def test_aws_is_asked_before_anything_is_written(project: Project) -> None:
    before = (project.folder / TENANT).read_text(encoding="utf-8")
    late = f"{NOON + timedelta(hours=2):%Y-%m-%dT%H:%M:%SZ}"
    assert f"any second from {clock.START:%Y-%m-%dT%H:%M:%SZ}" in step(project, "--at", late, code=5)
    assert (project.folder / TENANT).read_text(encoding="utf-8") == before


def test_a_second_server_is_there_until_people_work_again(project: Project) -> None:
    own = servers(project)[OWN]
    assert "AWS names no time for making it" in step(project, "--at", AT)
    past = servers(project)[PAST]
    same = ("AllocatedStorage", "DBInstanceClass", "EngineVersion", "KmsKeyId", "MasterUsername")
    assert [past[each] for each in same] == [own[each] for each in same]
    assert past["MasterUserSecret"]["SecretArn"]
    project.up("--expect-no-changes", "--policy-pack", "policies")
    step(project, "--next")
    assert PAST in servers(project)
    step(project, "--next")
    assert PAST not in servers(project)
    assert servers(project)[OWN]["DbiResourceId"] == own["DbiResourceId"]
    rds = project.clients().get("rds", "us-east-1")
    assert not rds.describe_db_snapshots(DBInstanceIdentifier=PAST)["DBSnapshots"]


def test_what_it_took_is_measured(project: Project) -> None:
    record = project.folder / "cobalt.jsonl"
    said = step(project, "--next", "--evidence", str(record))
    assert f"cobalt went back to {AT}" in said
    (line,) = evidence.read(record)
    assert sum(line["phases"].values()) == line["rto_seconds"] > 0
    assert line["way"] == "point-in-time"
    assert "the restore is finished" in step(project, "--next")
    assert "restored-server" not in project.export()
    assert "restore-began" not in project.export()
