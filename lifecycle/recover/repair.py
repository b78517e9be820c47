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
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.recover.untracked import can_be_looked_for, orphan_of, orphans_of

_QUIETLY: Final = ("--yes", "--skip-preview", "--suppress-outputs")
_LOCKED: Final = "is currently locked by"
_OWNER: Final = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


@dataclass(frozen=True)
class Recovered:
    """What became of the notes.

    Attributes:
        taken: Ids that were taken in, by URN; of a search that takes nothing in, those it found.
        dropped: URNs of which nothing had been made.
        second: Ids of things like one that the stack has, by its URN: somebody must say whose they are.
    """

    taken: Mapping[str, str]
    dropped: tuple[str, ...] = ()
    second: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


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
            made = [note for note in notes if note["id"]]
            self._import(_with(state, made), told, owner_is_dead=owner_is_dead)
        self._must(["refresh", *_QUIETLY], told, owner_is_dead=owner_is_dead)
        return Recovered(taken, tuple(note["urn"] for note in notes if not note["id"]))

    def search(self, told: Callable[[str], None] = lambda _: None, *, take: bool = False) -> Recovered:
        """Look for what nobody noted: an answer of AWS that got lost leaves a thing that the state never saw.

        The next update would stop at a name that is taken, or make a second one.

        Args:
            told: Told what is found.
            take: Whether what the next update would make and what is there already is taken in.

        Raises:
            LifecycleError: When AWS or Pulumi cannot do it.
        """
        state = self._whole_state(told)
        resources: Sequence[Mapping[str, Any]] = (state.get("deployment") or {}).get("resources") or ()
        planned = [each for each in self._would_make() if can_be_looked_for(each["type"], _inputs(each))]
        # Of several that are alike one is as good as another; the rest are second ones from then on.
        found = [{**each, "id": alike[0]} for each in planned if (alike := _there(each, resources))]
        for each in found:
            told(f"{each['id']} is there already: the next update would make it as {each['urn']}")
        second = dict(_second(resources, {str(each["id"]) for each in found}))
        for urn, ids in second.items():
            told(f"{', '.join(ids)}: like {urn}, and not in the stack; delete what nobody uses")
        if take and found:
            self._import(_with(state, found), told, owner_is_dead=False)
            self._must(["refresh", *_QUIETLY], told, owner_is_dead=False)
        return Recovered({each["urn"]: each["id"] for each in found}, second=second)

    def _would_make(self) -> Iterator[Mapping[str, Any]]:
        for step in self._json("preview", "--json").get("steps") or ():
            if step.get("op") == "create" and (step.get("newState") or {}).get("custom"):
                yield step["newState"]

    def _import(self, state: Mapping[str, Any], told: Callable[[str], None], *, owner_is_dead: bool) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            self._must(["stack", "import", "--file", file.name], told, owner_is_dead=owner_is_dead)

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
    """Every resource that was about to be made, with the id it got; None where nothing was made.

    What was to take the place of another that is there still is among them only when it was made.
    """
    deployment = state.get("deployment") or {}
    resources: Sequence[Mapping[str, Any]] = deployment.get("resources") or ()
    there = {(each["urn"], each.get("id")) for each in resources}
    replaced = {urn for urn, _ in there}
    for note in deployment.get("pending_operations") or ():
        each = note["resource"]
        if note["type"] != "creating":
            continue
        made = each.get("id") or _made(each, resources)
        if each["urn"] not in replaced or (made and (each["urn"], made) not in there):
            yield {**each, "id": made}


def _made(each: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str | None:
    """The id of what was made and is not in the state; None when nothing was."""
    region, known = _region(each, resources), _known(each["type"], resources)
    return orphan_of(each["type"], _inputs(each), region, known)


def _there(each: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ids of what is like it and not in the state, under whatever name Pulumi made up."""
    region, known = _region(each, resources), _known(each["type"], resources)
    return orphans_of(each["type"], _inputs(each), region, known, by_any_name=True)


def _second(
    resources: Sequence[Mapping[str, Any]], found: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What is like a resource of the stack and no resource of it."""
    for each in resources:
        if each.get("custom") and can_be_looked_for(each["type"], _inputs(each)):
            more = tuple(other for other in _there(each, resources) if other not in found)
            if more:
                yield each["urn"], more


def _region(each: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str | None:
    """Where it is: as it says itself, or as its provider does."""
    provider = each.get("provider")
    of_provider = (
        _inputs(one).get("region") for one in resources if f"{one['urn']}::{one.get('id')}" == provider
    )
    return _inputs(each).get("region") or next(of_provider, None)


def _known(kind: str, resources: Sequence[Mapping[str, Any]]) -> set[str]:
    return {str(other.get("id")) for other in resources if other["type"] == kind}


def _inputs(resource: Mapping[str, Any]) -> Mapping[str, Any]:
    return resource.get("inputs") or {}


def _with(state: Mapping[str, Any], made: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The state with what was made and without notes of making: the others are settled by a refresh.

    What the new one takes the place of is marked as Pulumi does once it is made: the next update deletes it.
    """
    deployment = state["deployment"]
    left = [note for note in deployment.get("pending_operations") or () if note["type"] != "creating"]
    anew = {each["urn"] for each in made}
    there = [
        {**each, "delete": True} if each["urn"] in anew else each
        for each in deployment.get("resources") or ()
    ]
    resources = [*there, *({"outputs": {}, **each} for each in made)]
    return {**state, "deployment": {**deployment, "resources": resources, "pending_operations": left}}


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
