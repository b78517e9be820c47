from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lifecycle.adapters.kubectl import Cluster, KubectlError, current_context
from tests.lifecycle.cluster import StandIn

CONTAINER = {"name": "report", "command": ["/bin/echo", "said"], "env": []}
JOB: dict[str, Any] = {
    "metadata": {"name": "acme-restore-test-1", "namespace": "odoo"},
    "spec": {
        "activeDeadlineSeconds": 60,
        "template": {"spec": {"containers": [CONTAINER]}},
    },
}


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    made = StandIn(tmp_path / "cluster")
    made.behave(runs={})
    monkeypatch.setenv("PATH", f"{made.folder}:/usr/bin:/bin")
    return made


def cluster(sleeps: list[float] | None = None) -> Cluster:
    return Cluster("production", (sleeps if sleeps is not None else []).append)


def test_a_job_is_made_waited_for_read_and_taken_away(stand_in: StandIn) -> None:
    cluster().create(JOB)
    assert stand_in.job == JOB
    assert cluster().wait(JOB)
    assert cluster().log(JOB, "report") == "said\n"
    cluster().delete(JOB)
    assert stand_in.job is None
    written = (stand_in.folder / "calls").read_text(encoding="utf-8").splitlines()
    assert all(line.startswith("--context production --namespace odoo ") for line in written)


def test_the_log_is_that_of_the_newest_pod_that_ended_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "kubectl"
    program.write_text(
        r"""#!/bin/bash
case "$*" in
  *"get pods --selector=app=upgrade --field-selector=status.phase=Succeeded --output=json") cat "@@/pods" ;;
  *"logs --container=after -- pod/second") echo found ;;
  *) echo "unexpected: $*" >&2; exit 1 ;;
esac
""".replace("@@", str(tmp_path)),
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    pods = [
        {"metadata": {"name": name, "creationTimestamp": f"2026-11-30T1{hour}:00:00Z"}}
        for name, hour in (("second", 2), ("first", 1))
    ]
    (tmp_path / "pods").write_text(json.dumps({"items": pods}), encoding="utf-8")
    assert cluster().succeeded_log("odoo", {"app": "upgrade"}, "after") == "found\n"
    (tmp_path / "pods").write_text('{"items": []}', encoding="utf-8")
    with pytest.raises(KubectlError, match="no pod with app=upgrade has ended well in namespace odoo"):
        cluster().succeeded_log("odoo", {"app": "upgrade"}, "after")


def test_a_name_is_never_read_as_an_option(stand_in: StandIn) -> None:
    job = {**JOB, "metadata": {**JOB["metadata"], "name": "--all"}}
    cluster().create(job)
    cluster().wait(job)
    cluster().log(job, "report")
    cluster().delete(job)
    written = (stand_in.folder / "calls").read_text(encoding="utf-8").splitlines()
    named = [line for line in written if "--all" in line]
    assert len(named) == 3
    assert all(line.endswith(("-- --all", "-- job/--all")) for line in named)


def test_a_failed_job_is_distinguished_from_a_successful_one(stand_in: StandIn) -> None:
    stand_in.behave(runs=None)
    cluster().create(JOB)
    assert not cluster().wait(JOB)
    assert cluster().log(JOB, "report") == ""


@pytest.mark.whole("two seconds of a Job that never ends")
def test_one_that_never_ends_is_waited_for_a_little_longer_than_it_may_take(stand_in: StandIn) -> None:
    stand_in.behave(hangs=True, events=("Created pod", "exceeded quota: tenant, requested: cpu=1"))
    cluster().create(JOB)
    sleeps: list[float] = []
    with pytest.raises(KubectlError, match="has not ended: exceeded quota: tenant, requested: cpu=1"):
        cluster(sleeps).wait(JOB)
    assert sum(sleeps) == 180


def test_what_the_cluster_refuses_is_said_in_its_words(stand_in: StandIn) -> None:
    stand_in.behave(refuses="create")
    with pytest.raises(KubectlError) as caught:
        cluster().create(JOB)
    assert str(caught.value) == (
        "job 'acme-restore-test-1': `kubectl create` failed in context 'production': "
        "Error from server (Forbidden): not allowed"
    )


def test_the_context_is_the_current_one_or_must_be_named(stand_in: StandIn) -> None:
    stand_in.behave(context="kind-local")
    assert current_context() == "kind-local"
    stand_in.behave(context="")
    with pytest.raises(KubectlError, match="kubectl has no current context; name one with --context"):
        current_context()


def test_a_machine_without_kubectl_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(KubectlError, match="kubectl is not on PATH; install it, or print the Job with"):
        current_context()


def test_answers_that_are_no_json_are_no_answers(stand_in: StandIn) -> None:
    (stand_in.folder / "kubectl").write_text("#!/bin/sh\necho '<html>'\n", encoding="utf-8")
    assert cluster().last_event(JOB) == "Kubernetes gives no reason"
    with pytest.raises(KubectlError, match="has not ended"):
        cluster().wait(JOB)
    assert json.dumps(JOB)
