from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import typer

from cli.actions.change import drift as action
from cli.actions.change.drift import Request, drift_of, print_drift
from cli.commands.change.drift import drift
from cli.console.exit_codes import Exit
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.adapters.whole_account import WholeAccount
from lifecycle.drift.untracked import Found
from lifecycle.errors import LifecycleError, RefusedError
from lifecycle.recover.rendered import UNREAD
from tests.lifecycle.drift.steps import OWN, digest, step
from tests.portfolios import local_plan
from tests.states import local_state, the
from tiers.inventory import exported

LOGS = "aws:cloudwatch/logGroup:LogGroup"
SAME = step(LOGS, "acme-logs", {"retentionInDays": 30}, {"retentionInDays": 30}, tags=OWN)
KEPT = step(LOGS, "acme-logs", {"retentionInDays": 30}, {"retentionInDays": 9}, ["retentionInDays"], tags=OWN)
PROVIDER = {
    "type": "pulumi:providers:kubernetes",
    "urn": "u::p",
    "inputs": {"renderYamlToDirectory": "files"},
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A deployed stack and its account; what they answer can be changed."""
    told: dict[str, Any] = {"refresh": digest(SAME), "found": [], "account": "123456789012", "more": []}
    state = local_state()

    def refreshed(_stack: Stack, more: Mapping[str, str] | None = None) -> str:
        told["more"].append(more)
        return str(told["refresh"])

    told["state"] = state
    monkeypatch.setattr(action, "state_of_stack", lambda *_: state)
    monkeypatch.setattr(Stack, "refreshed", refreshed)
    monkeypatch.setattr(WholeAccount, "id", property(lambda _: told["account"]))
    monkeypatch.setattr(WholeAccount, "found", lambda *_: iter(told["found"]))
    monkeypatch.setattr(WholeAccount, "rules", lambda *_: iter(()))
    return told


def request(**more: Any) -> Request:
    return Request(stack="local", today=date(2026, 12, 1), **more)


def test_nothing_differs(asked: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> None:
    print_drift(request())
    out = capsys.readouterr().out
    assert out.startswith("local is as it was deployed: 1 resources compared, none differs\n")
    assert "deployed from Costack " in out
    assert asked["more"] == [None]


@pytest.mark.sample(1)
@pytest.mark.parametrize("output", ["table", "json", "openmetrics", "html"])
def test_drift_is_printed_and_breaks_a_rule(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str], output: str
) -> None:
    asked["refresh"] = digest(KEPT)
    asked["found"] = [Found("bucket", ("stray",), "global")]
    with pytest.raises(Exception, match=r"^drift: 1 difference touches money; 1 .* data; 1 .* untracked$"):
        print_drift(request(output=output))
    out = capsys.readouterr().out
    assert "acme" in out
    assert "untracked" in out
    if output == "json":
        assert [each["owner"] for each in json.loads(out)["differences"]] == ["acme", None]


def test_of_several_stacks_none_takes_the_others_resources_for_untracked(
    asked: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    stack = the(asked["state"], "pulumi:pulumi:Stack", "costack-test")
    stack["outputs"]["inventory"] = exported(
        local_plan(), {}, one_of={"stack": "platform", "contract": "told"}
    )
    asked["found"] = [Found("bucket", ("of-another-stack",), "global")]
    assert not drift_of(request()).searched
    assert "the account is not searched: several stacks deploy this portfolio" in capsys.readouterr().err


def test_what_the_portfolio_tolerates_ends_well(asked: dict[str, Any], tmp_path: Path) -> None:
    from tests.portfolios import LOCAL  # noqa: PLC0415

    asked["refresh"] = digest(KEPT)
    folder = tmp_path / "portfolios" / "local"
    folder.mkdir(parents=True)
    text = (LOCAL / "platform.yaml").read_text(encoding="utf-8")
    (folder / "platform.yaml").write_text(text + "drift: {tolerated: [money, data]}\n", encoding="utf-8")
    (one,) = drift_of(request(cwd=tmp_path)).differences
    assert one.tolerated
    print_drift(request(cwd=tmp_path))


def test_a_pipeline_hands_over_its_refresh(asked: dict[str, Any], tmp_path: Path) -> None:
    file = tmp_path / "refresh.json"
    file.write_text(digest(KEPT), encoding="utf-8")
    assert len(drift_of(request(refresh_events=file)).differences) == 1
    assert asked["more"] == []


def test_objects_that_are_only_files_are_left_alone_and_told(asked: dict[str, Any]) -> None:
    asked["state"]["deployment"]["resources"].append(PROVIDER)
    made = step("kubernetes:core/v1:ConfigMap", "map", {"data": 1}, {"data": 1})
    asked["refresh"] = digest(SAME, made)
    found = drift_of(request())
    assert (found.files_in, found.compared, asked["more"]) == (("files",), 1, [UNREAD])


def test_credentials_of_another_account_are_refused(asked: dict[str, Any]) -> None:
    asked["account"] = "999999999999"
    with pytest.raises(RefusedError, match="the credentials are of account 999999999999"):
        drift_of(request())
    assert not drift_of(request(skip_account=True)).searched


def test_an_account_that_does_not_answer_is_no_empty_one(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def failed(*_: object) -> Iterator[Found]:
        raise LifecycleError("rds in us-east-1: describe_db_instances failed: denied")

    assert asked
    monkeypatch.setattr(WholeAccount, "found", failed)
    with pytest.raises(LifecycleError, match="denied"):
        print_drift(request())


def test_a_refresh_that_is_none_ends_with_a_sentence(
    asked: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert asked
    with pytest.raises(typer.Exit) as error:
        drift("local", refresh_events=tmp_path / "missing.json")
    assert error.value.exit_code == Exit.CONFIGURATION
    assert capsys.readouterr().err == f"{tmp_path / 'missing.json'}: no such file\n"
