"""The life of the loopback AWS, through the commands a person types."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from localcloud.environment import ROOT, STATE
from localcloud.patience import Patience, cpu_seconds
from localcloud.server import _CHILDREN, LocalCloud, ServerError, _healthy, keep_no_logs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[LocalCloud]:
    made = LocalCloud(tmp_path / "local")
    yield made
    made.stop()


def run(cloud: LocalCloud, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COSTACK_LOCAL_DIR": str(cloud.directory), "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-m", "localcloud", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_start_is_idempotent_and_stop_ends_it(cloud: LocalCloud) -> None:
    assert run(cloud, "status").returncode == 1
    started = run(cloud, "start")
    assert started.returncode == 0
    assert started.stdout.startswith("started: http://127.0.0.1:")
    again = run(cloud, "start")
    assert again.stdout == started.stdout.replace("started", "already running")

    status = run(cloud, "status")
    assert status.returncode == 0
    server = cloud.running()
    assert server is not None
    assert f"endpoint: {server.endpoint}\npid: {server.pid}\n" in status.stdout
    assert str(cloud.log) in status.stdout

    assert run(cloud, "stop").stdout == "stopped\n"
    assert cloud.running() is None
    assert run(cloud, "stop").stdout == "was not running\n"
    assert run(cloud, "status").stdout.startswith("stopped\n")


@pytest.mark.whole("it starts moto once more, to ask which stacks are in use")
def test_it_goes_on_for_the_other_stacks_in_it(cloud: LocalCloud) -> None:
    cloud.start()
    stacks = cloud.directory / STATE / ".pulumi" / "stacks" / "costack"
    stacks.mkdir(parents=True)
    empty = [{"type": "pulumi:pulumi:Stack"}, {"type": "pulumi:providers:aws"}]
    used = [*empty, {"type": "aws:s3/bucket:Bucket"}]
    for name, resources in (("ended", None), ("local", empty), ("tiny", used)):
        (stacks / f"{name}.json").write_text(json.dumps({"checkpoint": {"latest": {"resources": resources}}}))
    said = run(cloud, "stop", "--if-unused")
    assert said.stdout == "still running, for tiny; `python -m localcloud stop` stops it nevertheless\n"
    assert cloud.running() is not None
    (stacks / "tiny.json").write_text("cut of")
    assert "for tiny" in run(cloud, "stop", "--if-unused").stdout
    (stacks / "tiny.json").unlink()
    assert run(cloud, "stop", "--if-unused").stdout == "stopped\n"
    assert cloud.running() is None


def test_a_foreign_process_with_the_recorded_id_is_left_alone(cloud: LocalCloud) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as foreign:
        cloud.directory.mkdir()
        record = {"pid": foreign.pid, "endpoint": "http://127.0.0.1:1"}
        (cloud.directory / "server.json").write_text(json.dumps(record))
        assert cloud.running() is None
        assert not cloud.stop()
        assert foreign.poll() is None
        foreign.kill()


@pytest.mark.whole("it starts moto twice more")
def test_a_killed_server_is_noticed_and_started_anew(cloud: LocalCloud) -> None:
    first, _ = cloud.start()
    os.kill(first.pid, signal.SIGKILL)
    while cloud.running():
        time.sleep(0.01)
    second, fresh = cloud.start()
    assert fresh
    assert second.pid != first.pid


def test_a_server_that_dies_says_why(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("localcloud.server.MODULE", "localcloud.aws.nowhere")
    with pytest.raises(ServerError, match=r"ended with code 1: .*No module named localcloud.aws.nowhere"):
        cloud.start()


@pytest.mark.whole("`make reset`, a tool of who develops")
def test_reset_forgets_the_state_and_nothing_else(cloud: LocalCloud) -> None:
    cloud.start()
    for name in ("state", "manifests", "pulumi-home/workspaces", "pulumi-home/plugins"):
        (cloud.directory / name).mkdir(parents=True, exist_ok=True)
        (cloud.directory / name / "file").touch()
    assert run(cloud, "reset").returncode == 0
    assert cloud.running() is None
    left = {str(path.relative_to(cloud.directory)) for path in cloud.directory.rglob("file")}
    assert left == {"pulumi-home/plugins/file"}


def test_pulumi_keeps_logs_only_in_a_folder_that_somebody_made(tmp_path: Path) -> None:
    logs = tmp_path / "pulumi-home" / "logs"
    keep_no_logs(tmp_path)
    assert "delete this file and make a folder" in logs.read_text(encoding="utf-8")
    logs.unlink()
    logs.mkdir()
    keep_no_logs(tmp_path)
    assert logs.is_dir()


def test_a_folder_that_is_not_ours_is_neither_used_nor_emptied(cloud: LocalCloud) -> None:
    (cloud.directory / "state").mkdir(parents=True)
    for command in ("reset", "start"):
        refused = run(cloud, command)
        assert refused.returncode == 1
        assert "COSTACK_LOCAL_DIR" in refused.stderr
        assert "Traceback" not in refused.stderr
    assert (cloud.directory / "state").is_dir()


def test_exec_gives_its_environment_and_passes_the_exit_code_on(cloud: LocalCloud) -> None:
    show = "import json, os; print(json.dumps(dict(os.environ))); raise SystemExit(7)"
    done = run(cloud, "exec", "--", sys.executable, "-c", show, AWS_PROFILE="production")
    assert done.returncode == 7
    seen = json.loads(done.stdout)
    server = cloud.running()
    assert server is not None
    assert seen["AWS_ENDPOINT_URL"] == server.endpoint
    assert "AWS_PROFILE" not in seen
    assert (cloud.directory / "state").is_dir()


@pytest.mark.whole("the environment is that of exec, which is tried above")
def test_a_shell_is_turned_to_the_local_cloud_as_exec_turns_a_command(cloud: LocalCloud) -> None:
    done = run(cloud, "environment", AWS_PROFILE="production")
    assert done.returncode == 0
    server = cloud.running()
    assert server is not None
    assert f"export AWS_ENDPOINT_URL={server.endpoint}" in done.stdout.splitlines()
    assert "unset AWS_PROFILE" in done.stdout.splitlines()
    assert server.endpoint in done.stderr


@pytest.mark.whole("test_waiting moves the clock without a process for each command")
def test_the_clock_is_shown_moved_and_never_back(cloud: LocalCloud) -> None:
    stopped = run(cloud, "clock")
    assert (stopped.returncode, "is not running" in stopped.stderr) == (1, True)
    cloud.start()
    assert run(cloud, "clock").stdout == "Monday 2026-11-30 00:00 UTC\n"
    moved = run(cloud, "clock", "--release", "postgres", "17.7", "--to", "2026-12-06T03:00")
    assert moved.stdout == "Sunday 2026-12-06 03:00 UTC\n"
    back = run(cloud, "clock", "--to", "2026-12-01T00:00")
    assert back.returncode == 1
    assert "expected a later time" in back.stderr
    assert "Traceback" not in back.stderr


@pytest.mark.whole("five commands to compare one variable")
def test_a_first_update_is_saved_when_it_ends_and_later_ones_after_every_step(cloud: LocalCloud) -> None:
    show = "import os; print(os.environ.get('PULUMI_SKIP_CHECKPOINTS'))"
    command = ("exec", "--save-last", "--", sys.executable, "-c", show)
    saved = cloud.directory / STATE / ".pulumi"
    stack, lock = saved / "stacks" / "costack" / "local.json", saved / "locks" / "local" / "an-id.json"
    cloud.start()
    first = run(cloud, *command)
    assert (first.stdout, first.stderr) == ("true\n", "")
    lock.parent.mkdir(parents=True)
    lock.touch()
    assert "an update did not end, and nothing of it is saved" in run(cloud, *command).stderr
    stack.parent.mkdir(parents=True)
    stack.write_text(
        json.dumps({"checkpoint": {"latest": {"resources": [{"type": "aws:s3/bucket:Bucket"}]}}})
    )
    later = run(cloud, *command)
    assert (later.stdout, later.stderr) == ("None\n", "")
    assert run(cloud, "exec", *command[2:]).stdout == "None\n"


@pytest.mark.whole("it starts moto once more for one sentence")
def test_exec_of_an_unknown_command_is_one_sentence(cloud: LocalCloud) -> None:
    done = run(cloud, "exec", "--", "no-such-command")
    assert done.returncode == 127
    *waiting, said = done.stderr.splitlines()
    assert said == "localcloud: no-such-command was not found on PATH."
    assert all(line.startswith("localcloud: waiting for the loopback AWS: ") for line in waiting)
    assert run(cloud, "exec").returncode == 1


_SLOW = """
import json, os, sys, time
from http.server import BaseHTTPRequestHandler, HTTPServer

class Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/moto-api/config" else 404)
        self.end_headers()

for step in range(10):
    print("loads", step, flush=True)
    time.sleep(.2)
server = HTTPServer(("127.0.0.1", 0), Answer)
with open(sys.argv[1], "w") as record:
    json.dump({"pid": os.getpid(), "endpoint": f"http://127.0.0.1:{server.server_port}"}, record)
server.serve_forever()
"""
_TALKATIVE = Patience(tell_seconds=1.0)


def started_since(before: set[int]) -> subprocess.Popen[bytes]:
    """The server that this process started since then."""
    (pid,) = set(_CHILDREN) - before
    return _CHILDREN[pid]


def a_server_that(monkeypatch: pytest.MonkeyPatch, folder: Path, text: str) -> None:
    """Have what starts run *text* instead of moto."""
    (folder / "stand_in.py").write_text(text)
    monkeypatch.setattr("localcloud.server.MODULE", "stand_in")
    monkeypatch.setattr("localcloud.server.ROOT", folder)


@pytest.mark.whole("what a slow machine is told")
def test_a_slow_start_is_waited_for_and_told_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_server_that(monkeypatch, tmp_path, _SLOW)
    told: list[str] = []
    cloud = LocalCloud(tmp_path / "local", patience=_TALKATIVE, tell=told.append)
    try:
        server, fresh = cloud.start()
        assert fresh
        assert cloud.running() == server
        assert told[0].startswith("waiting for the loopback AWS: for ")
        assert any(", and said last: loads " in line for line in told)
    finally:
        cloud.stop()


@pytest.mark.whole("test_an_interrupted_start_leaves_no_process is tried here")
def test_a_start_that_hangs_ends_with_a_sentence_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_server_that(monkeypatch, tmp_path, "import time\ntime.sleep(600)\n")
    cloud, before = LocalCloud(tmp_path / "local", patience=Patience(idle_seconds=2.0)), set(_CHILDREN)
    with pytest.raises(
        ServerError, match=r"^the loopback AWS neither printed nor computed anything for 2 sec"
    ):
        cloud.start()
    assert started_since(before).poll() is not None


def test_an_interrupted_start_leaves_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    a_server_that(monkeypatch, tmp_path, _SLOW)

    def interrupt(_: str) -> None:
        raise KeyboardInterrupt

    cloud, before = LocalCloud(tmp_path / "local", patience=_TALKATIVE, tell=interrupt), set(_CHILDREN)
    with pytest.raises(KeyboardInterrupt):
        cloud.start()
    assert started_since(before).poll() is not None


@pytest.mark.whole("it starts moto once more to look how little it computes")
def test_its_health_is_asked_without_loading_any_service(cloud: LocalCloud) -> None:
    cloud.start()
    server = cloud.running()
    assert server
    assert _healthy(server.endpoint)
    before = cpu_seconds([server.pid])
    for _ in range(20):
        assert _healthy(server.endpoint)
    assert cpu_seconds([server.pid]) - before < 1.0
