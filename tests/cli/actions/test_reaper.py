"""The commands of a scheduled job: plans for all that is due, approvals, warnings, and what is refused."""

from __future__ import annotations

import http.server
import json
import shutil
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from cli.actions.decommission import decommission, plan_all, plans, warn
from cli.console.exit_codes import Exit
from cli.main import app
from lifecycle import evidence
from lifecycle.adapters.pulumi_cli import Stack
from lifecycle.adapters.webhook import post
from lifecycle.decommission.plan import DecommissionPlan, read_plan, write_plan
from lifecycle.errors import LifecycleError
from tests.cli.actions.test_decommission import STATE
from tests.portfolios import LOCAL, local_plan
from tiers.errors import CatalogError
from tiers.inventory import Inventory, exported

SANDBOX: Final = "borealis-migration"
NOW: Final = datetime(2027, 2, 1, 9, tzinfo=UTC)
TERMS: Final = "reaper: {enabled: true, allowed_signers: ../../approvers, most_per_run: 2}\n"


@pytest.fixture(autouse=True)
def deployed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The committed tenants, as deployed in the stack `mine`, a day after the end of the sandbox."""
    inventory = Inventory.model_validate_json(json.dumps(exported(local_plan(), {})))
    for module in (plans, plan_all, warn):
        monkeypatch.setattr(module, "deployed_inventory", lambda *_: inventory)
    monkeypatch.setattr(plans, "Account", lambda _: SimpleNamespace(id="123456789012"))
    monkeypatch.setattr(Stack, "state", lambda _: STATE)
    for command in ("decommission", "approve", "expire"):
        clock = SimpleNamespace(now=lambda _: NOW)
        monkeypatch.setattr(f"cli.commands.decommission.{command}.datetime", clock)
    shutil.copytree(LOCAL, tmp_path / "portfolios" / "local")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def terms(tmp_path: Path) -> Path:
    """The platform with a reaper, and one person who may approve; her key."""
    platform = tmp_path / "portfolios" / "local" / "platform.yaml"
    platform.write_text(platform.read_text(encoding="utf-8") + TERMS, encoding="utf-8")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    public = key.with_suffix(".pub").read_text(encoding="utf-8")
    (tmp_path / "approvers").write_text(f"dana@example.com {public}", encoding="utf-8")
    return key


def run(*arguments: object) -> Any:
    return CliRunner().invoke(app, [str(each) for each in arguments])


def planned(out: str = "plans") -> Path:
    done = run("expire", "--plan-all", "--stack", "mine", "--out", out)
    assert done.exit_code == Exit.OK, done.output
    (path,) = Path(out).glob("*.json")
    return path


def test_a_plan_and_its_text_are_written_for_what_is_due_and_a_second_run_changes_nothing() -> None:
    path = planned()
    plan = read_plan(path)
    assert (plan.tenant, plan.final_dump, plan.requested_dump) == (SANDBOX, True, True)
    text = path.with_suffix(".md").read_text(encoding="utf-8")
    assert text.startswith(f"# Decommission {SANDBOX}\n")
    assert "It is due: its end was 2027-01-31 00:00 UTC. Nothing was changed yet." in text
    assert "- 1 bucket\n- 0 resources that hold no data; 1 in all\n" in text
    assert "who pays the other " in text
    assert f"costack approve {path} --by YOU --key KEY" in text
    assert f"costack decommission --apply {path} --approved {path.with_suffix('.approval.json')}" in text
    before = {each: each.read_bytes() for each in Path("plans").iterdir()}
    again = run("expire", "--plan-all", "--stack", "mine", "--out", "plans")
    assert f"its plan is in {path} already" in again.stdout
    assert {each: each.read_bytes() for each in Path("plans").iterdir()} == before


def test_nothing_that_is_due_is_said() -> None:
    done = run("expire", "--plan-all", "--stack", "mine", "--out", "plans", "--as-of", "2026-12-01")
    assert (done.exit_code, done.stdout) == (Exit.OK, "no environment is due\n")
    assert list(Path("plans").iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("--plan-all", "--stack", "mine"),
        ("--plan-all", "--out", "x"),
        ("--plan-all", "--warn", "--out", "x", "--stack", "mine"),
    ],
)
def test_what_is_missing_is_named(arguments: tuple[str, ...]) -> None:
    done = run("expire", *arguments)
    assert done.exit_code == Exit.CONFIGURATION
    assert "give either --plan-all or --warn, with --out FOLDER and --stack NAME" in done.stderr
    assert not Path("x").exists()


def test_the_plan_says_beforehand_that_there_will_be_no_dump() -> None:
    done = run("decommission", SANDBOX, "--stack", "mine", "--out", "a.json", "--no-final-dump")
    assert done.exit_code == Exit.OK, done.output
    lines = done.stdout.splitlines()
    (said,) = [
        number for number, line in enumerate(lines) if "final backup: no dump: this offer has none" in line
    ]
    assert said < next(number for number, line in enumerate(lines) if "--phrase" in line)
    assert "retained afterwards: nothing" in lines
    assert not read_plan(Path("a.json")).final_dump
    default = run("decommission", SANDBOX, "--stack", "mine", "--out", "b.json")
    assert "final backup: a last dump is made, although its offer has none" in default.stdout
    assert "the bill falls by " in default.stdout


def test_a_dump_that_was_bought_cannot_be_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    state = json.loads(json.dumps(STATE).replace(SANDBOX, "acme-staging"))
    monkeypatch.setattr(Stack, "state", lambda _: state)
    done = run("decommission", "acme-staging", "--stack", "mine", "--no-final-dump")
    assert done.exit_code == Exit.CONFIGURATION
    assert "its offer has dumps, and the last one is always made" in done.stderr


def test_an_approval_is_written_signed_and_never_overwritten(terms: Path) -> None:
    path = planned()
    done = run("approve", path, "--by", "dana@example.com", "--key", terms)
    assert done.exit_code == Exit.OK, done.output
    said = json.loads(path.with_suffix(".approval.json").read_text(encoding="utf-8"))
    assert (said["plan_sha256"], said["approved_at"]) == (read_plan(path).sha256, "2027-02-01T09:00:00Z")
    again = run("approve", path, "--by", "dana@example.com", "--key", terms)
    assert again.exit_code == Exit.CONFIGURATION
    assert "an approval is never overwritten" in again.stderr
    listed = run("approve", path, "--by", "dana,erin", "--key", terms, "--out", "x.json")
    assert (listed.exit_code, Path("x.json").exists()) == (Exit.CONFIGURATION, False)


@pytest.mark.parametrize(
    "changes", [{"environment": "production"}, {"final_dump": False}, {"early_because": "called off"}]
)
def test_what_no_approval_ends_is_not_signed(changes: dict[str, Any], terms: Path) -> None:
    plan = read_plan(planned())
    other = DecommissionPlan.model_validate({**plan.model_dump(mode="json"), **changes})
    write_plan(other, Path("other.json"))
    done = run("approve", "other.json", "--by", "dana@example.com", "--key", terms)
    assert done.exit_code == Exit.POLICY
    assert "no approval carries this plan out" in done.stderr
    assert not Path("other.approval.json").exists()


def apply(*files: Path) -> Any:
    given = [
        word for file in files for word in ("--apply", file, "--approved", file.with_suffix(".approval.json"))
    ]
    return run("decommission", "--stack", "mine", *given)


def several(count: int, key: Path) -> list[Path]:
    """Plans of several tenants, each approved."""
    plan, files = read_plan(planned()), []
    for number in range(count):
        files.append(Path(f"{number}.json"))
        write_plan(plan.model_copy(update={"tenant": f"borealis-{number}"}), files[-1])
        assert run("approve", files[-1], "--by", "dana@example.com", "--key", key).exit_code == Exit.OK
    return files


def test_without_terms_no_approved_plan_is_carried_out(tmp_path: Path) -> None:
    path = planned()
    path.with_suffix(".approval.json").write_text("{}", encoding="utf-8")
    done = apply(path)
    assert done.exit_code == Exit.POLICY
    assert "platform.yaml has no `reaper`" in done.stderr
    assert not list(tmp_path.rglob("*.evidence.jsonl"))


def test_more_than_the_platform_allows_a_run_are_not_begun(terms: Path, tmp_path: Path) -> None:
    done = apply(*several(3, terms))
    assert done.exit_code == Exit.POLICY
    assert "3 plans, and platform.yaml says reaper.most_per_run: 2; nothing was done" in done.stderr
    assert not list(tmp_path.rglob("*.evidence.jsonl"))


def test_the_switch_stops_the_run_before_it_begins(terms: Path, tmp_path: Path) -> None:
    files = several(1, terms)
    platform = tmp_path / "portfolios" / "local" / "platform.yaml"
    text = platform.read_text(encoding="utf-8")
    platform.write_text(text.replace("enabled: true", "enabled: false"), encoding="utf-8")
    done = apply(*files)
    assert done.exit_code == Exit.POLICY
    assert "platform.yaml says reaper.enabled: false" in done.stderr


def test_an_approval_that_was_edited_is_refused(terms: Path, tmp_path: Path) -> None:
    (file,) = several(1, terms)
    approval = file.with_suffix(".approval.json")
    text = approval.read_text(encoding="utf-8")
    approval.write_text(text.replace("2027-02-01", "2027-01-31"), encoding="utf-8")
    done = apply(file)
    assert done.exit_code == Exit.POLICY
    assert "is not signed by dana@example.com" in done.stderr
    assert not list(tmp_path.rglob("*.evidence.jsonl"))


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--phrase", "x"), "--approved takes no --phrase"),
        (("--final-dump",), "leave --final-dump out with --apply"),
        (("--apply", "0.json"), "and one for each tenant"),
    ],
)
def test_options_that_do_not_go_together(more: tuple[str, ...], said: str, terms: Path) -> None:
    (file,) = several(1, terms)
    approval = file.with_suffix(".approval.json")
    done = run("decommission", "--stack", "mine", "--apply", file, "--approved", approval, *more)
    assert done.exit_code == Exit.CONFIGURATION
    assert said in done.stderr


class Chat(http.server.BaseHTTPRequestHandler):
    """A webhook that answers what it is told to."""

    status = 200
    got: Final[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        self.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.status)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing."""


@pytest.fixture
def webhook(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(Chat, "status", 200)
    Chat.got.clear()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Chat) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/T0/secret"
        server.shutdown()


def warned(webhook: str, *more: str, day: str = "2027-01-20") -> Any:
    words = ("--warn", "--stack", "mine", "--out", "warnings", "--webhook", webhook, "--as-of", day)
    return run("expire", *words, *more)


def test_a_warning_is_posted_once_and_its_address_is_nowhere(webhook: str) -> None:
    done = warned(webhook)
    assert done.exit_code == Exit.OK, done.output
    assert len(Chat.got) == 1
    assert warned(webhook).stdout == "no warning is due that was not given\n"
    assert len(Chat.got) == 1
    files = {each.name: each.read_text(encoding="utf-8") for each in Path("warnings").iterdir()}
    assert set(files) == {
        f"{SANDBOX}-2027-01-31-14-days.md",
        f"{SANDBOX}-2027-01-31-14-days.json",
        "warned.jsonl",
        "warned.jsonl.head",
    }
    assert "95.02 USD a month" in files[f"{SANDBOX}-2027-01-31-14-days.md"]
    assert not any("secret" in text for text in (*files.values(), done.output))
    assert json.loads(files[f"{SANDBOX}-2027-01-31-14-days.json"]) == Chat.got[0]


def test_what_was_not_taken_is_tried_again(webhook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Chat, "status", 500)
    done = warned(webhook)
    assert done.exit_code == Exit.ERROR
    assert "webhook at 127.0.0.1: answered 500" in done.stderr
    assert "secret" not in done.output
    assert not Path("warnings/warned.jsonl").exists()
    monkeypatch.setattr(Chat, "status", 200)
    assert warned(webhook, "--webhook-format", "teams").exit_code == Exit.OK
    assert Chat.got[-1]["type"] == "message"
    assert [line["days"] for line in evidence.read(Path("warnings/warned.jsonl"))] == [14]


@pytest.mark.parametrize(
    "url", ["", "hooks.example.com/secret", "file:///secret", "https:///secret", "http://[secret"]
)
def test_what_is_no_address_is_told_without_it(url: str) -> None:
    with pytest.raises(CatalogError, match="--webhook: is no address") as error:
        post(url, {})
    assert "secret" not in str(error.value)


def test_who_does_not_answer_is_named_by_the_host_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with pytest.raises(LifecycleError, match=r"webhook at 127\.0\.0\.1: no answer") as error:
        post("http://127.0.0.1:9/T0/secret", {})
    assert "secret" not in str(error.value)


@pytest.mark.sample(1)
@pytest.mark.parametrize(("hours", "code"), [(1, Exit.POLICY), (21, Exit.OK)])
def test_the_command_repeated_in_a_job_is_one_run(
    hours: int, code: int, terms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two were begun by the commands before it; on the next morning they count no more."""
    files = several(3, terms)
    for file in files[:2]:
        at = f"{NOW - timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"
        line = {"at": at, "step": "guard", "result": "ok", "plan_sha256": read_plan(file).sha256}
        evidence.append(file.with_suffix(".evidence.jsonl"), {**line, "inputs": {"approved_by": "dana"}})
    carried: list[Path] = []
    monkeypatch.setattr(decommission, "_carry_out", lambda _, __, path, *___: carried.append(path))
    done = apply(files[2])
    assert (done.exit_code, carried) == (code, files[2:] if code == Exit.OK else [])
    if code:
        assert "1 plans and 2 begun in the last 20 hours" in done.stderr
    assert apply(*files[:2]).exit_code == Exit.OK
