from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import typer

from cli.actions.change.recover import Request, recover_stack
from cli.commands.change.recover import recover
from cli.console.exit_codes import Exit
from lifecycle.errors import RefusedError
from lifecycle.recover.repair import BrokenStack, Recovered


def test_it_says_what_it_did_and_what_to_do_next(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def done(stack: BrokenStack, told: Callable[[str], None], *, owner_is_dead: bool) -> Recovered:
        assert (stack.name, stack.project, owner_is_dead) == ("local", Path("here"), True)
        told("vpc-1 was made")
        return Recovered({"urn:a": "vpc-1"}, ("urn:b", "urn:c"))

    monkeypatch.setattr(BrokenStack, "recover", done)
    recover_stack(Request("local", owner_is_dead=True, cwd=Path("here")))
    assert capsys.readouterr().out.splitlines() == [
        "vpc-1 was made",
        "1 resource added to the state, 2 had not been created; now run the killed command again",
    ]


@pytest.mark.parametrize("take", [False, True])
def test_a_search_says_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, take: bool
) -> None:
    def looked(_stack: BrokenStack, told: Callable[[str], None], *, take: bool) -> Recovered:
        told(f"{take}")
        return Recovered({"urn:a": "role"}, duplicates={"urn:b": ("vpc-1", "vpc-2")})

    monkeypatch.setattr(BrokenStack, "search", looked)
    recover_stack(Request("local", search=True, take=take))
    what = "added to the state" if take else "found; check them, then add them with --search --take"
    assert capsys.readouterr().out.splitlines() == [
        f"{take}",
        f"1 resource {what}; 2 resources untracked and unexplained",
    ]


def test_nothing_is_taken_in_that_was_not_looked_for() -> None:
    with pytest.raises(typer.Exit) as error:
        recover("local", take=True)
    assert error.value.exit_code == Exit.CONFIGURATION


def test_a_lock_of_the_living_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> Recovered:
        raise RefusedError("it is at work")

    monkeypatch.setattr(BrokenStack, "recover", refused)
    with pytest.raises(typer.Exit) as error:
        recover("local")
    assert error.value.exit_code == Exit.POLICY
