"""A client is upgraded to another major version of Odoo on one stack: the tests stand in this order.

Objects go to a real API server and data to a real PostgreSQL server; the test does what pods would do. What
upgrades is a stand-in (tests/lifecycle/upgrading.py).
"""

from __future__ import annotations

import json
import shlex
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from lifecycle import evidence
from tests.engine.project import STACK, running_project
from tests.engine.test_life import CLIENT, OWN, Life
from tests.engine.test_priced import OTHERS
from tests.engine.test_restored import sums, work
from tests.kubernetes import use_either
from tests.lifecycle.pods import running_pods
from tests.lifecycle.side import KEPT, SIDE, state
from tests.lifecycle.upgrading import WORK, asked, equip
from tests.localcloud.cluster import Cluster
from tests.postgres import OWNER, give, running_server

pytestmark = [
    pytest.mark.engine,
    pytest.mark.cluster,
    pytest.mark.postgres,
    pytest.mark.whole("tests/lifecycle runs the jobs, tests/components what is declared"),
]
RUN = "upgrade-side-database"
VERSIONS = """  odoo_versions:
    "19.0":
      image: registry.example.com/odoo@sha256:{odoo}
      version: "19.0"
      run_as_user: 100
      run_as_group: 101
      upgrade: {{image: "registry.example.com/upgrade@sha256:{command}", command: [upgrades], minutes: 1}}
  operations:"""


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Life]:
    """A client on the shared server, with one backup, and a version of 19.0 to go to."""
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        pods = stack.enter_context(running_pods(server))
        project = stack.enter_context(running_project(tmp_path_factory.mktemp("upgraded") / "project"))
        made = Life(project, cluster, pods, server)
        for other in set(OTHERS):
            made.file(other).unlink(missing_ok=True)
        platform = project.folder / "portfolios" / "local" / "platform.yaml"
        versions = VERSIONS.format(odoo="9" * 64, command="8" * 64)
        text = platform.read_text(encoding="utf-8")
        platform.write_text(text.replace("  operations:", versions, 1), encoding="utf-8")
        use_either(project)
        project.apply_to(cluster.kubeconfig)
        (pods.folder / "odoo" / ".costack-owner").write_text(OWNER, encoding="utf-8")
        equip(pods)
        give(pods.folder)
        pods.back_up()
        made.up()
        yield made


def step(life: Life, *options: str) -> str:
    """Take the client a step further, deploy it, and say what the command said."""
    said = life.project.costack("upgrade", CLIENT, "--stack", STACK, *options).stdout
    life.up()
    return said


def perform(life: Life, code: int = 0) -> str:
    """Do what the job that upgrades says, container by container; what the last one printed."""
    folder, said = life.pods.folder, ""
    life.pods.empty_volumes()
    for name in (WORK, "stood"):
        shutil.rmtree(folder / name, ignore_errors=True)
        (folder / name).mkdir()
    give(folder)
    spec = life.jobs(CLIENT)[RUN]["spec"]["template"]["spec"]
    for container in (*spec["initContainers"], *spec["containers"]):
        done = life.pods.run(_text(life, container), **_given(life, container))
        said = done.stdout
        if done.returncode:
            assert done.returncode == code, done.stderr
            return done.stderr
    assert code == 0
    return said


def _text(life: Life, container: dict[str, Any]) -> str:
    script, arguments = container["command"][4], container["command"][6:]
    return f"set -- {shlex.join(arguments)}\n{_mounted(life, container, script)}"


def _given(life: Life, container: dict[str, Any]) -> dict[str, str]:
    folder, own = life.pods.folder, {"SIDE": WORK, "STOOD": "stood", "FILES": "odoo"}
    return {
        each["name"]: str(folder / own[each["name"]])
        if each["name"] in own
        else _mounted(life, container, life._here(each["name"], each.get("value", "")))
        for each in container["env"]
    }


def _mounted(life: Life, container: dict[str, Any], text: str) -> str:
    """*text* with the parts of volumes that stand in the place of the tenant's own."""
    for mount in container["volumeMounts"]:
        if "subPath" in mount:
            text = text.replace(mount["mountPath"], str(life.pods.folder / WORK / mount["subPath"]))
    return text


def log(life: Life, said: str) -> tuple[str, ...]:
    """The options that record what a job has said."""
    (life.project.folder / "said").write_text(said, encoding="utf-8")
    return ("--evidence", "acme.jsonl", "--log", "said")


def test_it_is_rehearsed_while_people_work(life: Life) -> None:
    life.sums = sums(life)
    assert "runs the command that upgrades it to 19.0" in step(life, "--to", "19.0")
    assert min(life.replicas(CLIENT)) >= 1
    life.perform("make-side-database")
    said = perform(life)
    assert json.loads(said.splitlines()[-1])["result"] == "ok"
    assert sums(life) == life.sums
    before = life.file(CLIENT).read_text(encoding="utf-8")
    life.write(CLIENT, lambda text: text.replace("stage: rehearse", "stage: start"))
    assert "which is not the next step" in life.up(code=1).text
    life.write(CLIENT, lambda _: before)
    assert "stops acme, backs it up" in step(life, "--next", *log(life, said))
    assert "rehearsed_minutes: 1" in life.file(CLIENT).read_text(encoding="utf-8")


def test_it_takes_the_place_and_people_work_with_it(life: Life) -> None:
    assert set(life.replicas(CLIENT)) == {0}
    life.perform("final-backup")
    said = perform(life)
    life.perform("switch-side-database")
    assert state(life.pods.server).keys() == {"odoo_acme", KEPT}
    assert "starts acme with 19.0" in step(life, "--next", *log(life, said))
    assert min(life.replicas(CLIENT)) >= 1
    images = {
        each["spec"]["template"]["spec"]["containers"][0]["image"]
        for each in life.cluster.client.get("/apis/apps/v1/deployments").json()["items"]
        if each["metadata"]["labels"].get("cost/tenant") == CLIENT
    }
    assert images == {f"registry.example.com/odoo@sha256:{'9' * 64}"}
    record = evidence.read(life.project.folder / "acme.jsonl")
    assert [(each["deployed"], each["found"]["mode"]) for each in record] == [
        ("rehearse", "rehearsal"),
        ("upgrade", "upgrade"),
    ]


def test_they_go_back_to_what_they_had(life: Life) -> None:
    work(life, "with the new version")
    assert "gives the database before its place again" in step(life, "--back")
    assert set(life.replicas(CLIENT)) == {0}
    for job in ("switch-side-database", "restore-filestore"):
        life.perform(job)
    assert sums(life) == life.sums
    step(life, "--next")
    assert min(life.replicas(CLIENT)) >= 1
    life.perform("drop-side-database")
    assert "finished" in step(life, "--next")
    assert state(life.pods.server).keys() == {"odoo_acme"}
    assert "upgrade:" not in life.file(CLIENT).read_text(encoding="utf-8")
    life.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)


def test_they_are_upgraded_for_good(life: Life) -> None:
    step(life, "--to", "19.0")
    life.perform("make-side-database")
    perform(life)
    step(life, "--next")
    life.perform("final-backup")
    perform(life)
    life.perform("switch-side-database")
    step(life, "--next")
    step(life, "--next")
    life.perform("drop-side-database")
    assert "finished" in step(life, "--next")
    assert 'odoo: {version: "19.0"}' in life.file(CLIENT).read_text(encoding="utf-8")
    assert asked(life.pods, "SELECT latest_version FROM ir_module_module WHERE name = 'base'") == "19.0.1.0"
    assert state(life.pods.server).keys() == {"odoo_acme"}
    assert SIDE not in state(life.pods.server)
    assert life.pods.server.ask("SELECT count(*) FROM account_move WHERE checked", **OWN) == "2999"
    life.project.pulumi("preview", "--expect-no-changes", "--stack", STACK)
