"""Drives the real Pulumi CLI on a throw-away project with this machine's providers, offline."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from tests.kubernetes import OFFICIAL, PROVIDER

ROOT = Path(__file__).resolve().parents[2]
TOOLS = ROOT / ".toolchain" / "bin"
_COUNT = re.compile(r"(\d+) (?!changes?\b)(\w+)")  # beside several kinds of change the CLI prints their sum


class EngineError(AssertionError):
    """The CLI ended with an unexpected code; has everything it printed."""

    def __init__(self, arguments: list[str], done: subprocess.CompletedProcess[str]) -> None:
        self.output = done.stdout + done.stderr
        super().__init__(f"pulumi {' '.join(arguments)} ended with {done.returncode}:\n{self.output}")


class Engine:
    """One project with one stack `test` in a folder of its own; the program may change between calls.

    Interpreters, providers and the language host are those of *home*.
    """

    def __init__(
        self, folder: Path, program: str, *, config: dict[str, str] | None = None, home: Path = ROOT
    ) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.project.mkdir(parents=True)
        (folder / "state").mkdir()
        manifest = {
            "name": "throwaway",
            "runtime": {"name": "python", "options": {"virtualenv": str(home / ".venv")}},
        }
        (self.project / "Pulumi.yaml").write_text(json.dumps(manifest), encoding="utf-8")
        self.environment = environment(folder, home)
        self.program(program)
        self.run("stack", "init", "test")
        for key, value in (config or {}).items():
            self.run("config", "set", key, value)

    def program(self, text: str) -> None:
        """Replace the program."""
        (self.project / "__main__.py").write_text(text, encoding="utf-8")

    def run(self, *arguments: str, code: int = 0) -> str:
        """Standard output of a CLI call that must end with `code`."""
        command = [str(TOOLS / "pulumi"), "--non-interactive", *arguments]
        done = subprocess.run(
            command, cwd=self.project, env=self.environment, capture_output=True, text=True, check=False
        )
        if done.returncode != code:
            raise EngineError(list(arguments), done)
        return done.stdout if code == 0 else done.stdout + done.stderr

    def up(self, *arguments: str) -> dict[str, int]:
        """Update without asking and count what happened; `{"unchanged": n}` alone means nothing did."""
        return self._changes("up", "--yes", "--skip-preview", *arguments)

    def refresh(self, *arguments: str) -> dict[str, int]:
        """Read everything back and count what differs."""
        return self._changes("refresh", "--yes", "--skip-preview", *arguments)

    def destroy(self, *arguments: str) -> dict[str, int]:
        """Delete every resource of the stack."""
        return self._changes("destroy", "--yes", "--skip-preview", *arguments)

    def preview(self, *arguments: str) -> dict[str, Any]:
        """The parsed JSON of a preview, unchanged resources included."""
        text = self.run("preview", "--json", "--show-sames", *arguments)
        parsed: dict[str, Any] = json.loads(text)
        return parsed

    def steps(self, *arguments: str) -> dict[str, dict[str, Any]]:
        """The steps of a preview that change something, by logical name."""
        steps = self.preview(*arguments)["steps"]
        return {step["urn"].rsplit("::", 1)[1]: step for step in steps if step["op"] != "same"}

    def export(self) -> dict[str, Any]:
        """The stack's deployment as stored, secrets encrypted."""
        parsed: dict[str, Any] = json.loads(self.run("stack", "export"))
        return parsed

    def resources(self) -> dict[str, dict[str, Any]]:
        """The resources of the stored deployment by logical name."""
        found = self.export()["deployment"].get("resources", [])
        return {resource["urn"].rsplit("::", 1)[1]: resource for resource in found}

    def output(self) -> dict[str, Any]:
        """Stack outputs with secrets shown."""
        parsed: dict[str, Any] = json.loads(self.run("stack", "output", "--json", "--show-secrets"))
        return parsed

    def _changes(self, *arguments: str) -> dict[str, int]:
        said = self.run(*arguments)
        _, found, summary = said.rpartition("\nResources:\n")
        counts = {word: int(count) for count, word in _COUNT.findall(summary.split("\n\n")[0])}
        if not found:
            raise AssertionError(f"pulumi {' '.join(arguments)} ended without a summary:\n{said}")
        return counts


def environment(folder: Path, home: Path = ROOT) -> dict[str, str]:
    """What keeps the CLI offline, in its own home, and on this machine's providers, those of *home*."""
    official = [str(PROVIDER.parent)] if OFFICIAL else []
    folders = [*official, str(home / "localcloud" / "bin"), str(TOOLS)]
    release = (TOOLS / "pulumi").resolve().parent
    if not (release / "pulumi-language-python").exists() and not shutil.which("pulumi-language-python"):
        folders.append(str(home / "localcloud" / "host-bin"))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PULUMI_")}
    return {
        **inherited,
        "PATH": os.pathsep.join([*folders, os.environ.get("PATH", "")]),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
        "PULUMI_CONFIG_PASSPHRASE": "",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The state is written once, when the engine ends, and not after every step.
        "PULUMI_SKIP_CHECKPOINTS": "true",
        "PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS": "true",
    }
