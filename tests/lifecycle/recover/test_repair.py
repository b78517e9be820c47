from __future__ import annotations

import json
import os
import socket
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.recover import repair
from lifecycle.recover.repair import BrokenStack

ROLE = "aws:iam/role:Role"
DEAD = 2**22 + 1
"""No process has such a number: it is above the largest that a kernel gives."""


def note(name: str, made: str | None = None, what: str = "creating") -> dict[str, Any]:
    resource = {"urn": f"urn:x::{name}", "type": ROLE, "custom": True, "inputs": {"name": name}}
    return {"resource": resource | ({"id": made} if made else {}), "type": what}


class Pulumi:
    """Answers as Pulumi would; remembers what it was asked."""

    def __init__(self, state: dict[str, Any], locked_by: str = "") -> None:
        self.state, self.locked_by = state, locked_by
        self.calls: list[str] = []
        self.environments: dict[str, dict[str, str]] = {}
        """What each command finds beside the environment of costack, where that is anything."""

    def __call__(
        self, _: Any, arguments: Sequence[str], *, capture: bool, more: dict[str, str] | None = None
    ) -> CompletedProcess[str]:
        assert capture
        self.calls.append(" ".join(arguments[:2]))
        if more:
            self.environments[arguments[0]] = more
        if arguments[0] == "cancel":
            self.locked_by = ""
        elif tuple(arguments[:2]) == ("stack", "export"):
            return CompletedProcess((), 0, json.dumps(self.state), "")
        elif self.locked_by:
            said = f"error: the stack is currently locked by 1 lock(s)\n  file: {self.locked_by}"
            return CompletedProcess((), 255, "", said)
        elif tuple(arguments[:2]) == ("stack", "import"):
            self.state = json.loads(Path(arguments[3]).read_text(encoding="utf-8"))
        return CompletedProcess((), 0, "", "")


class Looking(Pulumi):
    """Says, too, what the next update would make."""

    def __init__(self, state: dict[str, Any], *planned: dict[str, Any]) -> None:
        super().__init__(state)
        self.planned = planned

    def __call__(
        self, stack: Any, arguments: Sequence[str], *, capture: bool, more: dict[str, str] | None = None
    ) -> CompletedProcess[str]:
        if arguments[0] == "preview":
            steps = [{"op": "create", "newState": each} for each in self.planned]
            steps += [{"op": "same", "newState": note("same")["resource"]}]
            return CompletedProcess((), 0, json.dumps({"steps": steps}), "")
        return super().__call__(stack, arguments, capture=capture, more=more)


def broken(
    pulumi: Pulumi, monkeypatch: pytest.MonkeyPatch, found: dict[str, str] | None = None
) -> BrokenStack:
    def run(*arguments: Any, **options: Any) -> CompletedProcess[str]:
        return pulumi(*arguments, **options)

    monkeypatch.setattr(BrokenStack, "_run", run)
    monkeypatch.setattr(
        repair, "untracked_id", lambda _kind, inputs, _region, _known, **_: (found or {}).get(inputs["name"])
    )
    monkeypatch.setattr(
        repair,
        "untracked_ids",
        lambda _kind, inputs, _region, known, **_: tuple(
            each
            for each in {"twice": ("second-vpc",), "a": ("id-a", "like-a")}.get(inputs["name"], ())
            if each not in known
        ),
    )
    return BrokenStack("local", Path())


def state(*notes: dict[str, Any], there: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"version": 3, "deployment": {"resources": list(there), "pending_operations": list(notes)}}


def test_what_was_made_is_taken_in_and_what_was_not_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = Pulumi(state(note("a"), note("b", "id-b"), note("c"), note("d", "d", "updating")))
    found = broken(pulumi, monkeypatch, {"a": "id-a"}).recover()
    assert found.imported == {"urn:x::a": "id-a", "urn:x::b": "id-b"}
    assert found.dropped == ("urn:x::c",)
    deployment = pulumi.state["deployment"]
    assert [each["id"] for each in deployment["resources"]] == ["id-a", "id-b"]
    assert [each["type"] for each in deployment["pending_operations"]] == ["updating"]
    assert pulumi.calls == ["stack export", "stack import", "refresh --yes"]


def test_what_the_state_has_already_is_not_taken_in_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    there = note("a", "id-a")["resource"]
    pulumi = Pulumi(state(note("a", "id-a"), there=[there]))
    assert broken(pulumi, monkeypatch).recover().imported == {}


def test_what_was_not_made_leaves_in_its_place_what_is_there_and_no_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A refresh keeps the note, and with it costack would ask for a repair for ever."""
    old = note("a", "old-a")["resource"]
    pulumi = Pulumi(state(note("a"), there=[old]))
    found = broken(pulumi, monkeypatch).recover()
    assert (found.imported, found.dropped) == ({}, ())
    assert pulumi.state["deployment"]["pending_operations"] == []
    assert pulumi.state["deployment"]["resources"] == [old]


def test_what_was_made_to_take_the_place_of_another_is_taken_in_beside_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    old = note("a", "old-a")["resource"]
    pulumi = Pulumi(state(note("a"), there=[old]))
    assert broken(pulumi, monkeypatch, {"a": "id-a"}).recover().imported == {"urn:x::a": "id-a"}
    resources = pulumi.state["deployment"]["resources"]
    assert [(each["id"], each.get("delete", False)) for each in resources] == [
        ("old-a", True),
        ("id-a", False),
    ]


def test_without_notes_the_state_is_only_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = Pulumi(state())
    broken(pulumi, monkeypatch).recover()
    assert pulumi.calls == ["stack export", "refresh --yes"]


def owner(pid: int, host: str | None = None) -> str:
    return f"created by me@{host or socket.gethostname()} (pid {pid}) at 2026-11-25T00:00:00Z"


def test_the_lock_of_a_dead_process_of_this_machine_is_lifted(monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi, said = Pulumi(state(note("a")), owner(DEAD)), list[str]()
    broken(pulumi, monkeypatch).recover(said.append)
    assert pulumi.calls == ["stack export", "stack import", "cancel --yes", "stack import", "refresh --yes"]
    assert said == [f"the lock of me@{socket.gethostname()} (pid {DEAD}) is removed"]


@pytest.mark.parametrize(
    ("lock", "why"),
    [
        (owner(os.getpid()), "which is running; wait for it"),
        (owner(1), "which is running; wait for it"),
        (owner(DEAD, "elsewhere"), "me@elsewhere, whose process cannot be checked from here"),
        ("unreadable", "an unknown owner, whose process cannot be checked from here"),
    ],
    ids=["alive", "the first process", "elsewhere", "unreadable"],
)
def test_any_other_lock_stays(lock: str, why: str, monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = Pulumi(state(), lock)
    with pytest.raises(RefusedError, match=why):
        broken(pulumi, monkeypatch).recover()
    assert "cancel --yes" not in pulumi.calls


def test_unless_the_owner_is_known_to_be_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi = Pulumi(state(), owner(DEAD, "elsewhere"))
    broken(pulumi, monkeypatch).recover(owner_is_dead=True)
    assert "cancel --yes" in pulumi.calls


@pytest.mark.parametrize("setting", ["", "?no_tmp_dir=true"])
def test_attributes_that_were_cut_off_are_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setting: str
) -> None:
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}{setting}")
    folder = tmp_path / ".pulumi" / "stacks" / "costack"
    folder.mkdir(parents=True)
    (folder / "local.json.attrs").touch()
    (folder / "local.json").write_text("{}", encoding="utf-8")
    stack = broken(Pulumi(state()), monkeypatch)

    def read(_: BrokenStack) -> dict[str, Any]:
        if (folder / "local.json.attrs").exists():
            raise LifecycleError("failed to load checkpoint: EOF")
        return state()

    monkeypatch.setattr(BrokenStack, "state", read)
    said: list[str] = []
    stack.recover(said.append)
    assert said == ["local.json.attrs is incomplete and is deleted"]
    assert (folder / "local.json").exists()


def test_what_cannot_be_read_for_another_reason_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_: BrokenStack) -> dict[str, Any]:
        raise LifecycleError("no such stack")

    stack = broken(Pulumi(state()), monkeypatch)
    monkeypatch.setattr(BrokenStack, "state", read)
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://somewhere")
    with pytest.raises(LifecycleError, match="no such stack"):
        stack.recover()


def kubernetes(folder: str | None, **more: Any) -> dict[str, Any]:
    inputs = {"renderYamlToDirectory": folder} if folder else {"context": "production"}
    return {"urn": f"urn:x::{folder}", "type": "pulumi:providers:kubernetes", "inputs": inputs, **more}


@pytest.mark.parametrize(
    ("providers", "skipped"),
    [
        ([kubernetes("manifests")], True),
        ([kubernetes("manifests"), kubernetes(None, delete=True)], True),
        ([kubernetes("manifests"), kubernetes(None)], False),
        ([kubernetes(None)], False),
        ([], False),
    ],
)
def test_a_refresh_leaves_alone_what_is_only_written_as_files_and_says_so(
    monkeypatch: pytest.MonkeyPatch, providers: list[dict[str, Any]], *, skipped: bool
) -> None:
    """Where anything is applied, a cluster that cannot be reached must fail the refresh."""
    pulumi, said = Pulumi(state(there=providers)), list[str]()
    broken(pulumi, monkeypatch).recover(said.append)
    skipping = {"refresh": {"PULUMI_K8S_SKIP_UPDATE_UNREACHABLE": "true"}}
    assert pulumi.environments == (skipping if skipped else {})
    assert [line for line in said if "files in manifests" in line] == said
    assert len(said) == skipped


def test_a_refresh_that_fails_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(_: Any, arguments: Sequence[str], **_options: Any) -> CompletedProcess[str]:
        return CompletedProcess((), int(arguments[0] == "refresh"), json.dumps(state()), "it broke")

    monkeypatch.setattr(BrokenStack, "_run", run)
    with pytest.raises(LifecycleError, match="`pulumi refresh` failed: it broke"):
        BrokenStack("local", Path()).recover()


def test_untracked_resources_are_reported_and_imported_only_when_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pulumi, said = Looking(state(), note("a")["resource"], note("b")["resource"]), list[str]()
    found = broken(pulumi, monkeypatch, {"a": "id-a"}).search(said.append)
    assert found.imported == {"urn:x::a": "id-a"}
    assert said == ["id-a exists already: the next update would create it again as urn:x::a"]
    assert pulumi.calls == ["stack export"]
    broken(pulumi, monkeypatch, {"a": "id-a"}).search(take=True)
    assert [each["id"] for each in pulumi.state["deployment"]["resources"]] == ["id-a"]
    assert pulumi.calls[-2:] == ["stack import", "refresh --yes"]


def test_a_second_one_is_named_and_never_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    pulumi, said = Looking(state(there=[note("twice", "first-vpc")["resource"]])), list[str]()
    found = broken(pulumi, monkeypatch).search(said.append, take=True)
    assert (found.imported, found.duplicates) == ({}, {"urn:x::twice": ("second-vpc",)})
    assert said == ["second-vpc: same as urn:x::twice, but not in the stack; delete what is not in use"]
    assert "stack import" not in pulumi.calls
