"""Mends a stack whose command was killed: what it had made is taken into the state, its lock is lifted.

Pulumi notes what it is about to make and, when it dies, does not know whether it was made. Dropping the
note would make it a second time, or fail because its name is taken. So AWS is asked first.
"""

from __future__ import annotations

import json
import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.orphans import orphan_of
from lifecycle.pulumi_cli import Stack

_LOCKED: Final = "is currently locked by"
_OWNER: Final = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


@dataclass(frozen=True)
class Recovered:
    """What became of the notes: resources taken in, by URN, and URNs of which nothing had been made."""

    taken: Mapping[str, str]
    dropped: tuple[str, ...]


class BrokenStack(Stack):
    """A stack that may be locked by the dead."""

    def recover(
        self, told: Callable[[str], None] = lambda _: None, *, owner_is_dead: bool = False
    ) -> Recovered:
        """Take in what was made, drop what was not, and compare the state with the cloud.

        Raises:
            RefusedError: When the stack is locked, and nothing proves that its owner is dead.
            LifecycleError: When AWS or Pulumi cannot do it; run it again then.
        """
        state = self._whole_state(told)
        notes = list(_pending(state))
        taken = {note["urn"]: note["id"] for note in notes if note["id"]}
        for urn, made in taken.items():
            told(f"{made} was made: it is taken in as {urn}")
        if notes:
            # Not `pulumi refresh --import-pending-creates`, which drops the notes and takes nothing in.
            with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
                json.dump(_with(state, [note for note in notes if note["id"]]), file)
                file.flush()
                self._must(["stack", "import", "--file", file.name], told, owner_is_dead=owner_is_dead)
        options = ["--yes", "--skip-preview", "--suppress-outputs"]
        self._must(["refresh", *options], told, owner_is_dead=owner_is_dead)
        return Recovered(taken, tuple(note["urn"] for note in notes if not note["id"]))

    def _whole_state(self, told: Callable[[str], None]) -> Mapping[str, Any]:
        """The state; in a local folder, a file of attributes that the death cut off is dropped first.

        Pulumi cannot read a state with half of them and does without them. The state itself is put in place
        as a whole, there and in an object store.
        """
        try:
            return self.state()
        except LifecycleError:
            torn = list(_torn(self.name))
            if not torn:
                raise
        for file in torn:
            file.unlink()
            told(f"{file.name} had been cut off and is dropped")
        return self.state()

    def _must(self, command: Sequence[str], told: Callable[[str], None], *, owner_is_dead: bool) -> None:
        done = self._run(command, capture=True)
        if done.returncode and _LOCKED in done.stderr + done.stdout:
            owner = _OWNER.search(done.stderr + done.stdout)
            if not owner_is_dead:
                self._refuse_the_living(owner)
            told(f"the lock of {owner[0].removeprefix('created by ') if owner else 'nobody'} is lifted")
            self._run(["cancel", "--yes"], capture=True)
            done = self._run(command, capture=True)
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split())[-400:]
            raise LifecycleError(f"stack '{self.name}': `pulumi {command[0]}` failed: {reason}")

    def _refuse_the_living(self, owner: re.Match[str] | None) -> None:
        """A lock may be lifted when its owner was a process of this machine that is gone."""
        if owner is None or owner["host"] != socket.gethostname():
            who = f"{owner['user']}@{owner['host']}" if owner else "somebody"
            raise RefusedError(
                f"stack '{self.name}' is locked by {who}, whose process cannot be seen from here; when you "
                "know that it is dead, run the same command with --owner-is-dead"
            )
        if _lives(int(owner["pid"])):
            raise RefusedError(
                f"stack '{self.name}' is locked by process {owner['pid']} of this machine, which is at work; "
                "wait for it"
            )


def _torn(stack: str) -> Iterator[Path]:
    """Files of attributes of the stack that are not whole."""
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        root = Path(backend.removeprefix("file://")).expanduser() / ".pulumi" / "stacks"
        yield from (file for file in root.glob(f"**/{stack}.json*.attrs") if not _is_json(file))


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _pending(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every resource that was about to be made, with the id it got; None where nothing was made."""
    deployment = state.get("deployment") or {}
    resources: Sequence[Mapping[str, Any]] = deployment.get("resources") or ()
    there = {each["urn"] for each in resources}
    regions = {f"{each['urn']}::{each.get('id')}": _inputs(each).get("region") for each in resources}
    for note in deployment.get("pending_operations") or ():
        each = note["resource"]
        if note["type"] != "creating" or each["urn"] in there:
            continue
        region = _inputs(each).get("region") or regions.get(each.get("provider"))
        known = {str(other.get("id")) for other in resources if other["type"] == each["type"]}
        made = each.get("id") or orphan_of(each["type"], _inputs(each), region, known)
        yield {**each, "id": made}


def _inputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return resource.get("inputs") or {}


def _with(state: Mapping[str, Any], made: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The state with what was made and without notes of making: the others are settled by a refresh."""
    deployment = state["deployment"]
    left = [note for note in deployment.get("pending_operations") or () if note["type"] != "creating"]
    resources = [*(deployment.get("resources") or ()), *({"outputs": {}, **each} for each in made)]
    return {**state, "deployment": {**deployment, "resources": resources, "pending_operations": left}}


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
