"""A stand-in for kubectl: it keeps one Job and perhaps its namespace, and runs its containers when asked."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.portfolios import ROOT

_KUBECTL: Final = """#!@python@
import json, pathlib, subprocess, sys
home = pathlib.Path("@home@")
with (home / "calls").open("a") as calls:
    calls.write(" ".join(sys.argv[1:]) + "\\n")
behaviour = json.loads((home / "behaviour").read_text())
words = sys.argv[1:]
if words[:2] == ["config", "current-context"]:
    if not behaviour["context"]:
        sys.exit("error: current-context is not set")
    print(behaviour["context"])
    sys.exit()
assert words[0] == "--context" and words[2] == "--namespace", words
words = words[4:]
job = home / "job"
if words[0] == behaviour["refuses"]:
    sys.exit("Error from server (Forbidden): not allowed")
space = home / "namespace"
if words[0] == "create":
    assert not job.exists()
    made = json.loads(sys.stdin.read())
    if made.get("kind") == "List":
        assert not space.exists()
        within, made = made["items"][0], made["items"][-1]
        assert within["metadata"]["name"] == made["metadata"]["namespace"]
        space.write_text(json.dumps(within))
    job.write_text(json.dumps(made))
elif words[:2] == ["get", "namespace"]:
    if space.exists() and json.loads(space.read_text())["metadata"]["name"] == words[-1]:
        print(space.read_text())
elif words[:2] == ["delete", "namespace"]:
    sys.path.insert(0, "@root@")
    from tests.lifecycle.cluster import end_containers
    end_containers(home, behaviour["runs"])
    for each in (space, job, home / "ended", *home.glob("log-*")):
        each.unlink(missing_ok=True)
elif words[:2] == ["get", "job"]:
    assert json.loads(job.read_text())["metadata"]["name"] == words[-1]
    ended = home / "ended"
    if not ended.exists() and not behaviour["hangs"]:
        sys.path.insert(0, "@root@")
        from tests.lifecycle.cluster import run_containers
        ended.write_text(run_containers(
            json.loads(job.read_text()), behaviour["runs"], home, behaviour["places"]))
    conditions = [{"type": ended.read_text(), "status": "True"}] if ended.exists() else None
    print(json.dumps({"status": {"conditions": conditions}}))
elif words[:2] == ["get", "events"]:
    items = [{"message": message} for message in behaviour["events"]]
    print(json.dumps({"items": items}))
elif words[0] == "logs":
    which = words[1].partition("--container=")[2]
    if not any(home.glob("log-*")):
        sys.exit("error: timed out waiting for the condition")
    pod = json.loads(job.read_text())["spec"]["template"]["spec"]
    names = [each["name"] for each in (*pod.get("initContainers", ()), *pod["containers"])]
    for name in [which] if which else names:
        log = home / f"log-{name}"
        if not log.exists():  # one that never started has no log, and kubectl asks for no other after it
            sys.exit(f'Error from server (BadRequest): container "{name}" is waiting to start')
        print(log.read_text(), end="", flush=True)
elif words[:2] == ["delete", "job"]:
    job.unlink(missing_ok=True)
else:
    sys.exit(f"unknown: {words}")
"""


@dataclass(frozen=True)
class StandIn:
    """A folder with a `kubectl`, and what it was asked."""

    folder: Path

    def behave(
        self,
        *,
        runs: dict[str, str] | None = None,
        context: str = "local",
        refuses: str = "",
        hangs: bool = False,
        events: tuple[str, ...] = (),
        places: dict[str, str] | None = None,
    ) -> None:
        """Say how it answers.

        `runs` is the environment a container is run with, besides its own; `places` is where folders are that
        a container has elsewhere.
        """
        said: dict[str, Any] = {
            "runs": runs,
            "context": context,
            "refuses": refuses,
            "hangs": hangs,
            "events": events,
            "places": places or {},
        }
        self.folder.mkdir(exist_ok=True)
        (self.folder / "behaviour").write_text(json.dumps(said), encoding="utf-8")
        program = self.folder / "kubectl"
        text = _KUBECTL.replace("@python@", sys.executable).replace("@home@", str(self.folder))
        program.write_text(text.replace("@root@", str(ROOT)), encoding="utf-8")
        program.chmod(0o755)

    @property
    def calls(self) -> list[str]:
        """Every call, its context and namespace left out."""
        path = self.folder / "calls"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [" ".join(line.split()[4:]) if line.startswith("--context") else line for line in lines]

    @property
    def job(self) -> dict[str, Any] | None:
        """The Job that is there."""
        path = self.folder / "job"
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else None


def run_containers(
    job: dict[str, Any], runs: dict[str, str] | None, home: Path, places: dict[str, str]
) -> str:
    """Run the containers of *job* as a user without rights; how the Job ended.

    Those that prepare run one after the other, then the others side by side.
    """
    if runs is None:
        return "Failed"
    from tests.postgres import give  # noqa: PLC0415 - the stand-in starts quickly without

    _note(home, os.getpid())
    for place in volumes_of(places, runs):
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir()
        give(place)
    pod = job["spec"]["template"]["spec"]
    for several in (*([each] for each in pod.get("initContainers", ())), pod["containers"]):
        running = [(each["name"], _started(each, runs, home, places)) for each in several]
        ended = {name: process.wait() for name, process in running}
        for name in ended:
            parts = (home / f"said-{name}-{stream}" for stream in ("stderr", "stdout"))
            (home / f"log-{name}").write_bytes(b"".join(part.read_bytes() for part in parts))
        if any(ended.values()):
            return "Failed"
    return "Complete"


def _started(container: dict[str, Any], runs: dict[str, str], home: Path, places: dict[str, str]) -> Any:
    import subprocess  # noqa: PLC0415 - the stand-in starts quickly without

    from tests.postgres import unprivileged  # noqa: PLC0415

    def here(text: str) -> str:
        for declared, place in places.items():
            text = text.replace(declared, place)
        return text

    environment = {each["name"]: here(each["value"]) for each in container["env"]} | runs
    environment["STAND_IN"] = str(home)
    name = container["name"]
    errors, output = ((home / f"said-{name}-{stream}").open("wb") for stream in ("stderr", "stdout"))
    process = subprocess.Popen(
        [here(each) for each in container["command"]],
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        stdout=output,
        stderr=errors,
        **unprivileged(),
    )
    _note(home, process.pid)
    return process


def _note(home: Path, pid: int) -> None:
    with (home / "pids").open("a", encoding="ascii") as pids:
        pids.write(f"{pid}\n")


def volumes_of(places: dict[str, str], runs: dict[str, str]) -> list[Path]:
    """The folders that stand for volumes of a pod that has some elsewhere: each begins empty."""
    own = [runs[name] for name in ("FETCHED", "RESTORED", "FILES") if name in runs]
    return [Path(each) for each in dict.fromkeys([*own, *places.values()])] if places else []


def end_containers(home: Path, runs: dict[str, str] | None) -> None:
    """End what still runs of a Job, as a cluster does: whatever a container started goes with it.

    Numbers of processes are used again: only those are ended that were given what this stand-in gives.
    """
    noted, restored = home / "pids", (runs or {}).get("RESTORED", "/nowhere")
    ours = [(pid, str(home)) for pid in (noted.read_text("ascii").split() if noted.exists() else [])]
    with suppress(OSError, IndexError):
        record = Path(restored, "server", "postmaster.pid").read_text("ascii")
        ours.append((record.split()[0], restored))
    for pid, mark in ours:
        with suppress(OSError):
            given = b"".join(Path("/proc", pid, name).read_bytes() for name in ("cmdline", "environ"))
            if mark.encode() in given:
                os.killpg(int(pid), signal.SIGKILL)
    noted.unlink(missing_ok=True)
