"""A stand-in for kubectl: it keeps one Job in a folder, and runs its containers here when asked."""

from __future__ import annotations

import json
import sys
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
if words[0] == "create":
    assert not job.exists()
    job.write_text(sys.stdin.read())
elif words[:2] == ["get", "job"]:
    assert json.loads(job.read_text())["metadata"]["name"] == words[-1]
    ended = home / "ended"
    if not ended.exists() and not behaviour["hangs"]:
        sys.path.insert(0, "@root@")
        from tests.lifecycle.cluster import run_containers
        ended.write_text(run_containers(json.loads(job.read_text()), behaviour["runs"], home))
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
    ) -> None:
        """Say how it answers; `runs` is the environment a container is run with, besides its own."""
        said: dict[str, Any] = {
            "runs": runs,
            "context": context,
            "refuses": refuses,
            "hangs": hangs,
            "events": events,
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


def run_containers(job: dict[str, Any], runs: dict[str, str] | None, home: Path) -> str:
    """Run the containers of *job* one after the other, as a user without rights; how the Job ended."""
    import subprocess  # noqa: PLC0415 - the stand-in starts quickly without

    from tests.postgres import unprivileged  # noqa: PLC0415

    if runs is None:
        return "Failed"
    pod = job["spec"]["template"]["spec"]
    for container in (*pod.get("initContainers", ()), *pod["containers"]):
        environment = {each["name"]: each["value"] for each in container["env"]} | runs
        done = subprocess.run(
            container["command"],
            env=environment,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            **unprivileged(),
        )
        (home / f"log-{container['name']}").write_text(done.stderr + done.stdout, encoding="utf-8")
        if done.returncode:
            return "Failed"
    return "Complete"
