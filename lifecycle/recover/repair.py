"""Repairs a stack whose command was killed: imports what it had created, and removes its lock.

Pulumi records each pending operation and, when it is killed, does not know whether the resource was created.
Dropping the record would create it twice, or fail because its name is taken. So AWS is asked first.
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
from lifecycle.recover.rendered import UNREAD, rendered_to
from lifecycle.recover.untracked import is_searchable, untracked_id, untracked_ids

_QUIETLY: Final = ("--yes", "--skip-preview", "--suppress-outputs")
_LOCKED: Final = "is currently locked by"
_OWNER: Final = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\)")


@dataclass(frozen=True)
class Recovered:
    """The result of a repair.

    Attributes:
        taken: Ids that were imported, by URN; or those that a search without import found.
        dropped: URNs whose resources had not been created.
        second: Ids of duplicates of a resource of the stack, by its URN: a person must decide about them.
    """

    imported: Mapping[str, str]
    dropped: tuple[str, ...] = ()
    duplicates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class BrokenStack(Stack):
    """A stack that a killed process may have locked."""

    def recover(
        self, report: Callable[[str], None] = lambda _: None, *, owner_is_dead: bool = False
    ) -> Recovered:
        """Import what was created, drop what was not, and refresh the state from the cloud.

        Raises:
            RefusedError: When the stack is locked and its owner may still be running.
            LifecycleError: When AWS or Pulumi fails; run it again then.
        """
        state = self._whole_state(report)
        notes = list(_pending(state))
        imported = {note["urn"]: note["id"] for note in notes if note["id"]}
        for urn, made in imported.items():
            report(f"{made} was created: it is imported as {urn}")
        if _begun(state):
            # Not `pulumi refresh --import-pending-creates`, which drops the records and imports nothing.
            made = [note for note in notes if note["id"]]
            self._import(_with(state, made), report, owner_is_dead=owner_is_dead)
        self._refresh(state, report, owner_is_dead=owner_is_dead)
        return Recovered(imported, tuple(note["urn"] for note in notes if not note["id"]))

    def search(self, report: Callable[[str], None] = lambda _: None, *, take: bool = False) -> Recovered:
        """Search for untracked resources: a lost answer of AWS leaves one that the state does not have.

        The next update would stop because its name is taken, or create a second one.

        Args:
            report: Gets a sentence for each finding.
            take: Whether to import existing resources that the next update would create.

        Raises:
            LifecycleError: When AWS or Pulumi fails.
        """
        state = self._whole_state(report)
        resources: Sequence[Mapping[str, Any]] = (state.get("deployment") or {}).get("resources") or ()
        planned = [each for each in self._would_make() if is_searchable(each["type"], _inputs(each))]
        # Of several alike any one will do; the others count as duplicates from then on.
        found = [{**each, "id": alike[0]} for each in planned if (alike := _there(each, resources))]
        for each in found:
            report(f"{each['id']} exists already: the next update would create it again as {each['urn']}")
        duplicates = dict(_duplicates(resources, {str(each["id"]) for each in found}))
        for urn, ids in duplicates.items():
            report(f"{', '.join(ids)}: same as {urn}, but not in the stack; delete what is not in use")
        if take and found:
            self._import(_with(state, found), report, owner_is_dead=False)
            self._refresh(state, report, owner_is_dead=False)
        return Recovered({each["urn"]: each["id"] for each in found}, duplicates=duplicates)

    def _refresh(
        self, state: Mapping[str, Any], report: Callable[[str], None], *, owner_is_dead: bool
    ) -> None:
        """Refresh from AWS and the cluster; objects that are only files have nothing to be compared with."""
        where = rendered_to(state)
        if where:
            report(
                f"Kubernetes objects are files in {', '.join(where)}, which somebody else applies: "
                "the refresh leaves them as they are in the state"
            )
        more = UNREAD if where else None
        self._must(["refresh", *_QUIETLY], report, owner_is_dead=owner_is_dead, more=more)

    def _would_make(self) -> Iterator[Mapping[str, Any]]:
        for step in self._json("preview", "--json").get("steps") or ():
            if step.get("op") == "create" and (step.get("newState") or {}).get("custom"):
                yield step["newState"]

    def _import(
        self, state: Mapping[str, Any], report: Callable[[str], None], *, owner_is_dead: bool
    ) -> None:
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(state, file)
            file.flush()
            self._must(["stack", "import", "--file", file.name], report, owner_is_dead=owner_is_dead)

    def _whole_state(self, report: Callable[[str], None]) -> Mapping[str, Any]:
        """The state; in a local folder, incomplete attribute files are deleted first.

        Pulumi cannot read a state with an incomplete attribute file, and does not need it. The state is
        always replaced as a whole, in a folder and in an object store.
        """
        try:
            return self.state()
        except LifecycleError:
            torn = list(_torn(self.name))
            if not torn:
                raise
        for file in torn:
            file.unlink()
            report(f"{file.name} is incomplete and is deleted")
        return self.state()

    def _must(
        self,
        command: Sequence[str],
        report: Callable[[str], None],
        *,
        owner_is_dead: bool,
        more: Mapping[str, str] | None = None,
    ) -> None:
        done = self._run(command, capture=True, more=more)
        if done.returncode and _LOCKED in done.stderr + done.stdout:
            owner = _OWNER.search(done.stderr + done.stdout)
            if not owner_is_dead:
                self._refuse_if_alive(owner)
            report(f"the lock of {_owner_of(owner)} is removed")
            self._run(["cancel", "--yes"], capture=True)
            done = self._run(command, capture=True, more=more)
        if done.returncode:
            reason = " ".join((done.stderr or done.stdout).split())[-400:]
            raise LifecycleError(f"stack '{self.name}': `pulumi {command[0]}` failed: {reason}")

    def _refuse_if_alive(self, owner: re.Match[str] | None) -> None:
        """Refuse to remove a lock unless its owner was a process of this machine that has ended."""
        if owner is None or owner["host"] != socket.gethostname():
            who = f"{owner['user']}@{owner['host']}" if owner else _owner_of(owner)
            raise RefusedError(
                f"stack '{self.name}' is locked by {who}, whose process cannot be checked from here; if "
                "you know that it has ended, run the same command with --owner-is-dead"
            )
        if _is_alive(int(owner["pid"])):
            raise RefusedError(
                f"stack '{self.name}' is locked by process {owner['pid']} of this machine, which is running; "
                "wait for it"
            )


def _owner_of(lock: re.Match[str] | None) -> str:
    return lock[0].removeprefix("created by ") if lock else "an unknown owner"


def _torn(stack: str) -> Iterator[Path]:
    """Incomplete attribute files of the stack."""
    backend = os.environ.get("PULUMI_BACKEND_URL", "")
    if backend.startswith("file://"):
        folder = backend.removeprefix("file://").partition("?")[0]
        root = Path(folder).expanduser() / ".pulumi" / "stacks"
        yield from (file for file in root.glob(f"**/{stack}.json*.attrs") if not _is_json(file))


def _is_json(file: Path) -> bool:
    try:
        json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return True


def _pending(state: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every resource whose creation was pending, with its id; None if it was not created.

    A replacement of a resource that still exists is included only if it was created.
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


def _begun(state: Mapping[str, Any]) -> bool:
    """Whether any creation was pending: a note that `_pending` leaves out would stay for ever, too."""
    notes = (state.get("deployment") or {}).get("pending_operations") or ()
    return any(note["type"] == "creating" for note in notes)


def _made(each: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str | None:
    """The id of the created resource that is not in the state; None if it was not created."""
    region, known = _region(each, resources), _known(each["type"], resources)
    return untracked_id(each["type"], _inputs(each), region, known)


def _there(each: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ids of matching resources that are not in the state, under any generated name."""
    region, known = _region(each, resources), _known(each["type"], resources)
    return untracked_ids(each["type"], _inputs(each), region, known, by_any_name=True)


def _duplicates(
    resources: Sequence[Mapping[str, Any]], found: Collection[str]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Resources that match one of the stack but are not in it."""
    for each in resources:
        if each.get("custom") and is_searchable(each["type"], _inputs(each)):
            more = tuple(other for other in _there(each, resources) if other not in found)
            if more:
                yield each["urn"], more


def _region(each: Mapping[str, Any], resources: Sequence[Mapping[str, Any]]) -> str | None:
    """Its region: its own, or its provider's."""
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
    """The state with the created resources and without pending creations; a refresh settles the others.

    A replaced resource is marked as Pulumi marks it after the creation: the next update deletes it.
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


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True
