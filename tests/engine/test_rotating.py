"""A tenant's secrets are rotated on the real engine, in the order in which the tests stand here."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from components.kubernetes.fingerprint import ANNOTATION
from tests.engine.project import STACK, Project, Registered, running_project

pytestmark = [
    pytest.mark.engine,
    pytest.mark.whole(
        "tests/lifecycle/test_rotation and tests/components/tenant/test_rotation prove each stage"
    ),
]
TENANT: Final = "meridian"
SERVER: Final = "local-meridian-postgresql"
"""It has a server and a cache of its own; `tests/components/test_cache_users.py` has the shared cache."""
MAY_GO: Final = {
    "random:index/randomPassword:RandomPassword",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "kubernetes:batch/v1:Job",
    "kubernetes:core/v1:Secret",
}
"""What an update of a rotation may delete or replace: old passwords, Jobs that have ended, and secrets, in
whose place the providers put another whenever their content changes."""
GOES: Final = {"delete", "replace", "create-replacement", "delete-replaced"}


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """The platform with one tenant."""
    with running_project(tmp_path_factory.mktemp("rotating") / "project") as made:
        for other in (made.folder / "portfolios" / "local" / "tenants").glob("*.yaml"):
            if other.stem != TENANT:
                other.unlink()
        made.up()
        yield made


def found(project: Project) -> dict[tuple[str, str], Registered]:
    """Every resource, by the last word of its type and its name."""
    return {(each.type.rpartition(":")[2], each.name): each for each in project.registered()}


def read(project: Project) -> dict[str, Any]:
    """What a change of a secret has to change."""
    return secrets_of(found(project))


def secrets_of(there: dict[tuple[str, str], Registered]) -> dict[str, Any]:
    """What of these resources a change of a secret has to change."""
    pods = {
        name: there["Deployment", f"{TENANT}-{name}"].inputs["spec"]["template"]["metadata"]["annotations"][
            ANNOTATION
        ]
        for name in ("web", "cron")
    }
    jobs = {
        name: there["Job", f"{TENANT}-{name}"].inputs["metadata"]["name"]
        for name in ("database-setup", "odoo-setup")
    }
    lines = there["Secret", f"{TENANT}-odoo"].inputs["stringData"]["odoo.conf"].splitlines()
    conf = dict(line.split(" = ", 1) for line in lines if " = " in line)
    role = there["Secret", f"{TENANT}-database"].inputs["stringData"]
    kept = json.loads(there["SecretVersion", f"{SERVER}-master"].inputs["secretString"])
    cache = there["ReplicationGroup", f"local-{TENANT}-sessions"].inputs
    return {
        **pods,
        **jobs,
        "login": (conf["db_user"], conf["db_password"]),
        "role": role,
        "admin": there["Secret", f"{TENANT}-admin"].inputs["stringData"],
        "token": (cache["authToken"], cache.get("authTokenUpdateStrategy")),
        "master": (there["Instance", SERVER].inputs["password"], kept["password"]),
        "seen": there["Secret", f"{TENANT}-odoo"].inputs["stringData"]["session-token"],
    }


def deploy(project: Project, *options: str) -> dict[str, Any]:
    """Write the step, deploy it, look at what it removed and that it left nothing to do."""
    step(project, *options)
    assert project.preview() == {}
    return read(project)


def step(project: Project, *options: str) -> None:
    """Write the step, deploy it, look at what it removed."""
    project.costack("rotate", TENANT, "--stack", STACK, *options)
    steps = project.update()
    assert steps
    assert {step["old"]["type"] for step in steps if step["op"] in GOES and step.get("old")} <= MAY_GO


def test_a_replaced_password_reaches_everybody_in_one_update(project: Project) -> None:
    """Nobody rotated: somebody had Pulumi make it anew."""
    there = found(project)
    before, urn = secrets_of(there), there["RandomPassword", f"{TENANT}-database-password"].urn
    project.up("--replace", urn)
    after = read(project)
    for name in ("web", "cron", "database-setup", "odoo-setup", "login", "role"):
        assert after[name] != before[name], name
    assert after["login"][1] == after["role"]["password"]
    assert project.preview() == {}


def test_a_rotation_goes_through_its_stages(project: Project) -> None:
    role, before = f"t_{TENANT}", read(project)
    assert before["token"][1] is None
    second = deploy(project, "--begin")
    assert second["login"] == (f"second_{role}", second["role"]["second"])
    assert second["role"]["password"] == before["role"]["password"]
    assert second["admin"]["replaced"] == before["admin"]["password"] != second["admin"]["password"]
    assert second["token"] == (second["seen"], "ROTATE")
    assert second["seen"] != before["seen"]
    first = deploy(project, "--next")
    assert first["login"] == (role, first["role"]["password"])
    assert first["role"]["password"] not in before["role"].values()
    assert first["role"]["second"] == second["role"]["second"]
    assert first["token"] == second["token"]
    ended = deploy(project, "--next")
    assert ended["role"] == {"password": first["role"]["password"]}
    assert ended["login"] == first["login"]
    assert ended["token"] == (first["seen"], "SET")
    assert "replaced" not in ended["admin"]
    # The master of a server that may have a standby: there is no way back from it, so it comes last.
    assert before["master"] == second["master"] == first["master"]
    assert ended["master"][0] == ended["master"][1] != before["master"][0]
    secrets = project.clients().get("secretsmanager")
    held = secrets.get_secret_value(SecretId=found(project)["Secret", f"{SERVER}-master"].outputs["arn"])
    assert json.loads(held["SecretString"])["password"] == ended["master"][0]
    for name in ("web", "cron", "database-setup", "odoo-setup"):
        assert len({stage[name] for stage in (before, second, first)}) == 3, name
    assert (ended["web"], ended["cron"]) == (first["web"], first["cron"])


def test_the_way_back_finds_what_was_in_use(project: Project) -> None:
    before = read(project)
    step(project, "--begin")
    back = deploy(project, "--back")
    assert back["login"] == before["login"]
    assert back["token"] == (before["token"][0], "ROTATE")
    ended = deploy(project, "--next")
    assert ended == before | {"odoo-setup": ended["odoo-setup"], "database-setup": ended["database-setup"]}


def test_the_state_keeps_every_password_encrypted(project: Project) -> None:
    stored, secrets = project.export(), read(project)
    for word in (*secrets["role"].values(), secrets["seen"], *secrets["admin"].values()):
        assert word == "admin" or word not in stored
