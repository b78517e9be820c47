"""Drives Pulumi: state, preview and up of one stack. Its output goes straight to the user's terminal."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

from allocation.adapters.pulumi.failures import NOT_FOUND, remedy_of
from lifecycle.errors import LifecycleError
from lifecycle.stack_resources import Preview

_STDERR: Final = 2
_PAGE: Final = 50
"""How many updates are asked for at once."""
_REPLACING: Final = frozenset({"replace", "create-replacement", "delete-replaced"})

_CHANGING: Final = frozenset({"create", "update"})


@dataclass(frozen=True)
class Stack:
    """One stack of the project in `project`."""

    name: str
    project: Path

    def state(self) -> Mapping[str, Any]:
        """The output of `pulumi stack export`; secrets stay encrypted.

        Raises:
            LifecycleError: When Pulumi fails.
        """
        document = self._json("stack", "export")
        if not isinstance(document, dict):
            raise LifecycleError(f"stack '{self.name}': Pulumi exported no state")
        return document

    def history(self) -> Iterator[Mapping[str, Any]]:
        """The updates of the stack, the newest first, as `pulumi stack history` has them.

        Pulumi prints ten unless it is asked for more: they are read by pages, as far as somebody looks back.

        Raises:
            LifecycleError: When Pulumi fails, or has none.
        """
        for page in count(1):
            asked = ("--page-size", str(_PAGE), "--page", str(page))
            document = self._json("stack", "history", "--json", *asked)
            if not isinstance(document, list):
                raise LifecycleError(f"stack '{self.name}': Pulumi printed no history")
            yield from document
            if len(document) < _PAGE:
                return

    def preview(self) -> Preview:
        """What `pulumi up` would delete, replace or change: only what has an id in cloud or cluster.

        Raises:
            LifecycleError: When the preview fails.
        """
        document = self._json("preview", "--json")
        steps = list(_steps(document))
        return Preview(
            frozenset(str(step["urn"]) for step in steps if step.get("op") == "delete" and _custom(step)),
            frozenset(str(step["urn"]) for step in steps if step.get("op") in _REPLACING and _custom(step)),
            frozenset(str(step["urn"]) for step in steps if step.get("op") in _CHANGING and _custom(step)),
        )

    def refreshed(self, more: Mapping[str, str] | None = None) -> str:
        """What a refresh would change, as Pulumi prints it in JSON; it changes nothing.

        Args:
            more: Added to Pulumi's environment.

        Raises:
            LifecycleError: When Pulumi fails.
        """
        return self._printed("refresh", "--preview-only", "--json", more=more)

    def up(self) -> None:
        """Deploy the working tree.

        Raises:
            LifecycleError: When Pulumi fails; what it did before is in its state.
        """
        done = self._run(["up", "--yes", "--skip-preview", "--suppress-outputs"], capture=False)
        if done.returncode:
            raise LifecycleError(
                f"stack '{self.name}': `pulumi up` ended with {done.returncode}; correct the error "
                "above, then run the same command again: it continues where it stopped"
            )

    def _json(self, *arguments: str) -> Any:
        try:
            return json.loads(self._printed(*arguments))
        except ValueError:
            raise LifecycleError(f"stack '{self.name}': `pulumi {arguments[0]}` printed no JSON") from None

    def _printed(self, *arguments: str, more: Mapping[str, str] | None = None) -> str:
        done = self._run(arguments, capture=True, more=more)
        if done.returncode:
            reason = " ".join((_said(done.stdout) or done.stderr or done.stdout).split())[-400:]
            if remedy := remedy_of(reason, self.project):
                raise LifecycleError(f"stack '{self.name}': {remedy}")
            raise LifecycleError(f"stack '{self.name}': `pulumi {arguments[0]}` failed: {reason}")
        return done.stdout

    def _run(
        self, arguments: Sequence[str], *, capture: bool, more: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """How a command of Pulumi ended; *more* is added to its environment."""
        try:
            return _ran([*arguments, "--stack", self.name], self.project, capture=capture, more=more)
        except FileNotFoundError:
            raise LifecycleError(f"stack '{self.name}': {NOT_FOUND}") from None


def perform(arguments: Sequence[str], project: Path) -> None:
    """Run a command of Pulumi in the folder *project*, with its output on the user's terminal.

    Raises:
        LifecycleError: When it fails, or Pulumi is not there.
    """
    try:
        done = _ran(arguments, project, capture=False)
    except FileNotFoundError:
        raise LifecycleError(NOT_FOUND) from None
    if done.returncode:
        raise LifecycleError(
            f"`pulumi {' '.join(arguments[:2])}` ended with {done.returncode}; correct the error above, then "
            "run the same command again: it continues where it stopped"
        )


def stack_names(project: Path) -> frozenset[str]:
    """The stacks of the project in a folder that the backend in use has, without their organisation.

    Raises:
        LifecycleError: When Pulumi fails, or is not there.
    """
    try:
        done = _ran(["stack", "ls", "--json"], project, capture=True)
    except FileNotFoundError:
        raise LifecycleError(NOT_FOUND) from None
    try:
        found = json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        found = None
    if not isinstance(found, list):
        reason = " ".join(done.stderr.split())
        raise LifecycleError(remedy_of(reason, project) or f"`pulumi stack ls` failed: {reason}")
    return frozenset(str(each["name"]).rpartition("/")[2] for each in found)


def _ran(
    arguments: Sequence[str], project: Path, *, capture: bool, more: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
        ["pulumi", *arguments, "--cwd", str(project), "--non-interactive"],  # noqa: S607 - as on PATH
        stdout=subprocess.PIPE if capture else _STDERR,  # progress; results of a command go to stdout
        stderr=subprocess.PIPE if capture else None,
        env={**os.environ, **(more or {})},
        text=True,
        check=False,
    )


def _said(printed: str) -> str:
    """The errors in what `--json` printed; '' where it printed something else."""
    try:
        document = json.loads(printed)
    except ValueError:
        return ""
    return " ".join(_errors(document)) if isinstance(document, dict) else ""


def _errors(document: Mapping[str, Any]) -> Iterator[str]:
    """The errors among the diagnostics of a command, each on one line."""
    for message in document.get("diagnostics") or ():
        if message.get("severity") == "error":
            yield " ".join(str(message.get("message")).split())


def _steps(document: Any) -> Iterator[Mapping[str, Any]]:
    steps = document.get("steps") if isinstance(document, dict) else None
    if not isinstance(steps, list):
        raise LifecycleError("`pulumi preview --json` printed no steps")
    for error in _errors(document):
        raise LifecycleError(f"the preview failed: {error}")
    yield from steps


def _custom(step: Mapping[str, Any]) -> bool:
    state = step.get("oldState") or step.get("newState") or {}
    return bool(state.get("custom"))
