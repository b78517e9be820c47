"""A throw-away copy of this project with a loopback cloud of its own, driven by the real Pulumi CLI."""

from __future__ import annotations

import copy
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from lifecycle.recover.rendered import UNREAD
from localcloud.aws.clients import Clients
from localcloud.environment import SAVE_LAST, STATE, local_environment, needs_language_host
from localcloud.server import keep_no_logs
from tests.clouds import running_cloud
from tests.engine.saved_state import deployment, unsealed
from tests.engine.warm import equip
from tests.engine.warm_client import UNFORKED
from tests.portfolios import ROOT

STACK: Final = "local"
FORKED: Final = ".venv-forked"
KILLER: Final = "localcloud.aws"
"""The module of the provider that a fault has kill the engine."""
SAVE_ONCE: Final = {
    **SAVE_LAST,
    "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
}
_SHOWN: Final = 4000
_COPIED: Final = (
    "Pulumi.yaml",
    "PulumiPlugin.yaml",
    "__main__.py",
    "allocation",
    "cli",
    "components",
    "costack",
    "lifecycle",
    "localcloud",
    "plugin",
    "policies",
    "portfolios",
    "stacks",
    "tiers",
)


@dataclass(frozen=True)
class Said:
    """How a command ended and everything it printed."""

    code: int
    stdout: str
    stderr: str

    @property
    def text(self) -> str:
        """Both streams."""
        return self.stdout + self.stderr


@dataclass(frozen=True)
class Registered:
    """A resource as the engine stored it; `inputs` are what the program registered, secrets shown."""

    urn: str
    type: str
    custom: bool
    parent: str
    inputs: dict[str, Any]
    outputs: dict[str, Any]

    @property
    def name(self) -> str:
        """The logical name."""
        return self.urn.rsplit("::", 1)[1]


class Project:
    """One copy of the project; its stack `local` may be configured and its files edited.

    `folder` is where commands run, `local` where the loopback cloud keeps what it remembers. Its interpreters
    are forked, but for `started_as_by_users`.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.local = folder / ".local"
        self._saves_every_step = False
        self._root = folder
        self._is_forked = True
        self._unforked = ""
        self._told: dict[str, str] = {}
        folder.mkdir(parents=True)
        for name in _COPIED:
            source, target = ROOT / name, folder / name
            if source.is_dir():
                shutil.copytree(source, target)
            else:
                shutil.copy(source, target)
        (folder / ".toolchain").symlink_to(ROOT / ".toolchain")
        equip(folder / FORKED, folder)
        (folder / ".venv").symlink_to(FORKED)

    def within(self, path: str) -> Project:
        """The same copy and the same cloud, with commands run in one of its folders."""
        inside = copy.copy(self)
        inside.folder = self.folder / path
        return inside

    def cloud(self, *arguments: str) -> Said:
        """`python -m localcloud ...`, which must succeed."""
        return self._run([sys.executable, "-m", "localcloud", *arguments], code=0)

    def pulumi(self, *arguments: str, code: int = 0) -> Said:
        """A call of the CLI that must end with `code`; a refresh beside it is as `refresh` has it."""
        if "--refresh" in arguments:
            return self._unread(*arguments, code=code)
        return self._exec("pulumi", "--non-interactive", *arguments, code=code)

    def costack(self, *arguments: str, code: int = 0) -> Said:
        """A call of the product's command that must end with `code`."""
        programs = self._root / ".venv" / "bin"
        forked = [str(programs / "python")] if self._is_forked else []
        return self._exec(*forked, str(programs / "costack"), *arguments, code=code)

    def up(self, *arguments: str, code: int = 0) -> Said:
        """`pulumi up` without a question."""
        return self.pulumi("up", "--yes", "--skip-preview", "--stack", STACK, *arguments, code=code)

    def refresh(self, *arguments: str, code: int = 0) -> Said:
        """`pulumi refresh` as `make refresh` has it: objects that are only rendered stay as they are."""
        return self._unread("refresh", "--stack", STACK, *arguments, code=code)

    def _unread(self, *arguments: str, code: int) -> Said:
        command = ["pulumi", "--non-interactive", *arguments]
        return self._run(command, code=code, environment={**self._turned(), **UNREAD})

    def update(self) -> list[dict[str, Any]]:
        """`pulumi up`; the steps it made that changed something, in the engine's words; components left out.

        A replacement is several steps; `old` and `new` are what was there and what came.
        """
        events = [json.loads(line) for line in self.up("--json").stdout.splitlines()]
        steps: list[dict[str, Any]] = [
            event["resourcePreEvent"]["metadata"] for event in events if "resourcePreEvent" in event
        ]
        return [
            step for step in steps if step["op"] != "same" and (step.get("new") or step["old"]).get("custom")
        ]

    def preview(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """The steps of a preview that would change something, by URN; components left out."""
        said = self.pulumi("preview", "--json", "--stack", STACK, *arguments)
        steps = json.loads(said.stdout)["steps"]
        return {
            step["urn"]: step
            for step in steps
            if step["op"] != "same" and (step.get("newState") or step["oldState"])["custom"]
        }

    @contextmanager
    def started_as_by_users(self, *, only_killers: bool = False) -> Iterator[None]:
        """Interpreters start and import as they do for users, in the environment of `localcloud exec`.

        Who kills processes wants those. With `only_killers` they are the ones that a kill finds the engine
        by: the provider that makes the call, and the command above it.
        """
        environment = self._root / ".venv"
        environment.unlink()
        environment.symlink_to(FORKED if only_killers else ROOT / ".venv")
        self._is_forked, self._unforked = False, KILLER
        try:
            yield
        finally:
            environment.unlink()
            environment.symlink_to(FORKED)
            self._is_forked, self._unforked = True, ""

    @contextmanager
    def saving_every_step(self) -> Iterator[None]:
        """The engine writes its state after every step, as it does for users: who kills it needs that.

        Elsewhere it writes the state once, when it ends, which takes a fraction of the time.
        """
        self._saves_every_step = True
        try:
            yield
        finally:
            self._saves_every_step = False

    @contextmanager
    def told(self, **variables: str) -> Iterator[None]:
        """With these variables in the environment of every command, as somebody at a shell sets them."""
        self._told = variables
        try:
            yield
        finally:
            self._told = {}

    def configure(self, changes: dict[str, str | None]) -> None:
        """Set entries of the copied stack configuration; None removes one."""
        path = self.folder / "stacks" / f"Pulumi.{STACK}.yaml"
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        kept = {key: value for key, value in (content["config"] | changes).items() if value is not None}
        path.write_text(yaml.safe_dump(content | {"config": kept}), encoding="utf-8")

    def apply_to(self, kubeconfig: Path) -> None:
        """Send Kubernetes objects to a real API server, where they otherwise become files."""
        self.configure({"kubernetes:renderYamlToDirectory": None, "kubernetes:kubeconfig": str(kubeconfig)})

    @contextmanager
    def edited(self, path: str, old: str, new: str) -> Iterator[None]:
        """One of the copied files with `old` replaced by `new`, as long as the block lasts."""
        file = self.folder / path
        before = file.read_text(encoding="utf-8")
        assert before.count(old) == 1, f"{path} holds {old!r} {before.count(old)} times"
        file.write_text(before.replace(old, new), encoding="utf-8")
        try:
            yield
        finally:
            file.write_text(before, encoding="utf-8")

    def export(self, *arguments: str) -> str:
        """The stored state as JSON text."""
        return self.pulumi("stack", "export", "--stack", STACK, *arguments).stdout

    def saved(self) -> dict[str, Any]:
        """The stored state as `pulumi stack export` has it under `deployment`, without starting Pulumi."""
        program = yaml.safe_load((self.folder / "Pulumi.yaml").read_text(encoding="utf-8"))["name"]
        return deployment(self.local / STATE / ".pulumi" / "stacks" / program / f"{STACK}.json")

    def registered(self) -> list[Registered]:
        """Every resource the engine stored but its own: no stack, no provider."""
        stored = self.saved()
        return [
            Registered(
                urn=each["urn"],
                type=each["type"],
                custom=each["custom"],
                parent=each.get("parent", ""),
                inputs=unsealed(stored, each.get("inputs", {})),
                outputs=unsealed(stored, each.get("outputs", {})),
            )
            for each in stored.get("resources", [])
            if not each["type"].startswith("pulumi:")
        ]

    def inventory(self) -> Any:
        """The stack output `inventory`."""
        stack = next(each for each in self.saved()["resources"] if each["type"] == "pulumi:pulumi:Stack")
        return stack["outputs"]["inventory"]

    def clients(self) -> Clients:
        """AWS clients of this project's loopback cloud."""
        record = json.loads((self.local / "server.json").read_text(encoding="utf-8"))
        return Clients(str(record["endpoint"]))

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """A call of the CLI, begun in a process group of its own, as a terminal would; the caller ends it."""
        return subprocess.Popen(
            ["pulumi", "--non-interactive", *arguments],
            cwd=self.folder,
            env=self._turned(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def _exec(self, *command: str, code: int) -> Said:
        if not self._is_forked:
            return self._run([sys.executable, "-m", "localcloud", "exec", "--", *command], code=code)
        return self._run(list(command), code=code, environment=self._turned())

    def _turned(self) -> dict[str, str]:
        """This process's environment, turned to the project's cloud as `localcloud exec` does."""
        record = json.loads((self.local / "server.json").read_text(encoding="utf-8"))
        base = self._environment()
        return local_environment(
            base,
            root=self._root,
            local=self.local,
            endpoint=str(record["endpoint"]),
            language_host=needs_language_host(base, self._root),
        )

    def _environment(self) -> dict[str, str]:
        # Without the last, 119 MB of pulumi-aws would be compiled anew by every run of the program.
        left_out = ("PULUMI_", "AWS_", "PYTHONDONTWRITEBYTECODE")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
        return {
            **kept,
            UNFORKED: self._unforked,
            **self._told,
            **({} if self._saves_every_step else SAVE_ONCE),
            "COSTACK_LOCAL_DIR": str(self.local),
            "PYTHONPATH": str(self._root),
        }

    def _run(self, command: list[str], *, code: int, environment: dict[str, str] | None = None) -> Said:
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=environment or self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        said = Said(done.returncode, done.stdout, done.stderr)
        assert said.code == code, (
            f"{' '.join(command)} ended with {said.code}, not {code}:\n{_shortened(said.text)}"
        )
        return said


def _shortened(text: str) -> str:
    """Which resources change is said first, why it ends last, and the whole inventory between them."""
    return text if len(text) < 2 * _SHOWN else f"{text[:_SHOWN]}\n[...]\n{text[-_SHOWN:]}"


@contextmanager
def running_project(folder: Path) -> Iterator[Project]:
    """A project whose loopback cloud lives as long as the block."""
    project = Project(folder)
    with running_cloud(project.local):
        keep_no_logs(project.local)
        project.pulumi("stack", "select", "--create", STACK)
        yield project
