from __future__ import annotations

import json
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from allocation.adapters.pulumi.stack_outputs import NotDeployedError
from allocation.engine import rulebook as rules
from allocation.prices import price_book as pricing
from allocation.report.preview.document import document
from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.adapters.pulumi.test_preview import steps
from tests.allocation.previews import changed, comparison_of
from tests.allocation.previews import preview_of as expected_of
from tests.portfolios import LOCAL, local_plan
from tests.repositories import git
from tiers.facts.every_fact import Labour
from tiers.inventory import exported

WHAT_IF = ("--portfolio", str(LOCAL), "--tenant", "cobalt", "--tier", "ha-postgresql")
MONTH = ("--period", "2026-11")


def run(*arguments: str, code: int = Exit.OK) -> Result:
    result = CliRunner().invoke(app, ["preview", *arguments, *MONTH])
    assert result.exit_code == code, result.output
    return result


def told(*arguments: str, code: int = Exit.OK) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "-o", "json", code=code).stdout)
    return found


def test_a_what_if_needs_no_stack() -> None:
    expected = document(expected_of(comparison_of("cobalt", "ha-postgresql")))
    assert told(*WHAT_IF) == json.loads(json.dumps(expected))


def test_a_stack_that_was_never_deployed_costs_all_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(*_: object) -> None:
        raise NotDeployedError("stack 'mine': it has no output 'inventory'")

    monkeypatch.setattr("allocation.runs.before_and_after.inventory_of_all", nothing)
    found = told("--stack", "mine", "--portfolio", str(LOCAL))
    assert found["bill"]["before"] == "0.00"
    assert {each["kind"] for each in found["tenants"]} == {"new"}


def test_an_inventory_is_compared_with_the_working_tree(tmp_path: Path) -> None:
    inventory = tmp_path / "inventory.json"
    inventory.write_text(json.dumps(exported(changed("cobalt", "ha-postgresql"), {})), encoding="utf-8")
    back = told("--inventory", str(inventory), "--portfolio", str(LOCAL))
    there = told(*WHAT_IF)
    assert back["bill"]["before"] == there["bill"]["after"]
    # A server's storage never shrinks: what was made with 100 GiB goes on costing 50 more at 0.115.
    kept = Decimal(back["bill"]["after"]) - Decimal(there["bill"]["before"])
    assert kept == Decimal("5.75")
    assert any("cobalt/server: keeps its 100 GiB" in note for note in back["notes"])


def test_a_pulumi_preview_gives_the_same_numbers(tmp_path: Path) -> None:
    plan = tmp_path / "preview.json"
    plan.write_text(json.dumps({"steps": steps(local_plan(), changed("cobalt", "ha-postgresql"))}), "utf-8")
    assert told("--plan", str(plan)) == told(*WHAT_IF)


@pytest.fixture
def branch(tmp_path: Path) -> Path:
    """A repository with the committed portfolio; in its working tree cobalt is on another tier."""
    portfolio = tmp_path / "portfolios" / "local"
    (portfolio / "tenants").mkdir(parents=True)
    for path in (LOCAL / "platform.yaml", *(LOCAL / "tenants").glob("*.yaml")):
        (portfolio / path.relative_to(LOCAL)).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "first")
    file = portfolio / "tenants" / "cobalt.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("dedicated-db", "ha-postgresql"), encoding="utf-8"
    )
    return portfolio


def test_a_branch_is_compared_with_another(branch: Path) -> None:
    there = told("--portfolio", str(branch), "--base", "main")
    assert {**there, "notes": [], "base": None} == {**told(*WHAT_IF), "notes": []}
    assert there["base"] == {
        "kind": "merge-base",
        "name": "main",
        "commit": git(branch, "rev-parse", "main"),
        "day": "2026-11-27",
        "merge_bases": 1,
        "shallow": False,
    }


def test_what_main_gained_meanwhile_is_not_this_changes_saving(branch: Path) -> None:
    """Main gains tenants, the pull request makes one dearer: the merge base shows a rise, the tip a fall."""
    git(branch, "switch", "-q", "-c", "change")
    git(branch, "commit", "-q", "-a", "-m", "cobalt pays for more")
    first = git(branch, "rev-parse", "main")
    git(branch, "switch", "-q", "main")
    text = (branch / "tenants" / "acme.yaml").read_text(encoding="utf-8")
    for name in ("delta", "echo", "foxtrot", "golf"):
        other = text.replace("acme", name).replace("shared-namespace", "ha-postgresql")
        (branch / "tenants" / f"{name}.yaml").write_text(other, encoding="utf-8")
    git(branch, "add", ".")
    git(branch, "commit", "-q", "-m", "four new tenants")
    git(branch, "switch", "-q", "change")
    gate = ("--portfolio", str(branch), "--fail-over", "10%")
    against_base = told(*gate, "--base", "main", code=Exit.POLICY)
    assert against_base["base"]["commit"] == first
    assert {**against_base, "notes": [], "base": None, "gates_failed": []} == {**told(*WHAT_IF), "notes": []}
    assert Decimal(against_base["bill"]["difference"]) > 0
    against_tip = told(*gate, "--base-tip", "main", code=Exit.POLICY)
    assert against_tip["base"]["kind"] == "tip"
    assert Decimal(against_tip["bill"]["difference"]) < 0
    # The tip has four tenants that this branch does not have yet; no gate on money would have failed.
    assert [each.partition(":")[0] for each in against_tip["gates_failed"]] == [
        "delta",
        "echo",
        "foxtrot",
        "golf",
    ]


@pytest.mark.whole("one form says it in the tests around this one")
def test_every_form_says_which_commit_was_taken(branch: Path) -> None:
    words = f"commit {git(branch, 'rev-parse', 'main')[:12]} of 2026-11-27, the merge base of HEAD and main"
    for form in ("table", "markdown", "github-comment", "html"):
        shown = run("--portfolio", str(branch), "--base", "main", "-o", form).stdout
        assert words in " ".join(shown.split()), form
    shown = run("--portfolio", str(branch), "--base-tip", "main", "-o", "markdown").stdout
    assert "of 2026-11-27, the tip of main." in shown
    shown = run("--portfolio", str(branch), "--base-folder", str(LOCAL), "-o", "markdown").stdout
    assert "Compared with the folder " in shown
    assert "ompared with" not in run(*WHAT_IF, "-o", "markdown").stdout


def test_what_is_not_committed_belongs_to_after(branch: Path) -> None:
    changed_only = told("--portfolio", str(branch), "--base", "main")
    git(branch, "commit", "-q", "-a", "-m", "the same, committed")
    git(branch, "branch", "-q", "-f", "before", "main~1")
    assert told("--portfolio", str(branch), "--base", "before")["bill"] == changed_only["bill"]


def test_a_folder_is_compared_with_another(branch: Path) -> None:
    there = told("--portfolio", str(branch), "--base-folder", str(LOCAL))
    assert there["bill"] == told(*WHAT_IF)["bill"]


@pytest.mark.whole("tests/allocation/adapters/test_git_revision tells them apart")
def test_a_folder_named_like_the_revision_is_not_the_base(
    branch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pull request may bring such a folder: a copy of what it changes, so that nothing would change."""
    git(branch, "update-ref", "refs/remotes/origin/main", "main")
    monkeypatch.chdir(tmp_path)
    expected = told("--portfolio", "portfolios/local", "--base", "origin/main")
    assert expected["bill"]["difference"] == told(*WHAT_IF)["bill"]["difference"]
    shutil.copytree(branch, tmp_path / "origin" / "main")
    for option in ("--base", "--base-tip"):
        found = told("--portfolio", "portfolios/local", option, "origin/main")
        assert found["bill"] == expected["bill"]
        assert found["base"]["commit"] == expected["base"]["commit"]
    folder = told("--portfolio", "portfolios/local", "--base-folder", "origin/main")
    assert folder["base"]["kind"] == "folder"
    assert folder["bill"]["difference"] == "0.00"


def test_a_branch_named_like_a_folder_is_not_that_folder(
    branch: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(branch, "branch", "portfolios/local")
    monkeypatch.chdir(tmp_path)
    given = ("--portfolio", "portfolios/local")
    by_name = {option: told(*given, option, "portfolios/local") for option in ("--base", "--base-folder")}
    assert by_name["--base"]["base"]["kind"] == "merge-base"
    assert by_name["--base"]["bill"]["difference"] == told(*WHAT_IF)["bill"]["difference"]
    assert by_name["--base-folder"]["base"]["kind"] == "folder"
    assert by_name["--base-folder"]["bill"]["difference"] == "0.00"


def test_what_is_no_revision_or_no_folder_is_told_the_other_option(
    branch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(branch.parent.parent)
    given = ("--portfolio", "portfolios/local")
    said = run(*given, "--base", "portfolios", code=Exit.CONFIGURATION).stderr
    assert "'portfolios' is no revision that git knows" in said
    assert "to compare with the folder: --base-folder portfolios" in said
    said = run(*given, "--base-folder", "main", code=Exit.CONFIGURATION).stderr
    assert "--base-folder: main: no such folder; a git revision is named with --base" in said


def test_the_only_portfolio_is_found(branch: Path) -> None:
    assert told("-C", str(branch.parent.parent), "--base", "main")["portfolio"] == "local"


def test_a_portfolio_that_is_new_costs_all_it_costs(branch: Path) -> None:
    other = branch.with_name("other")
    branch.rename(other)
    edited(other, "platform.yaml", "portfolio: local", "portfolio: other")
    assert told("--portfolio", str(other), "--base", "main")["bill"]["before"] == "0.00"


def test_a_fleet_moves_in_one_command() -> None:
    found = told("--portfolio", str(LOCAL), "--move", "shared-namespace=dedicated-db", "--add-capacity")
    moved = [each["tenant"] for each in found["tenants"] if each["kind"] == "moved"]
    assert moved == ["acme", "acme-staging", "borealis", "borealis-migration"]


def test_more_tenants_share_what_is_there() -> None:
    found = told("--portfolio", str(LOCAL), "--more", "20:shared-namespace", "--add-capacity")
    kinds = [each["kind"] for each in found["tenants"]]
    assert kinds.count("new") == 20
    acme = next(each for each in found["tenants"] if each["tenant"] == "acme")
    assert float(acme["cost"]["difference"]) < 0
    assert any("more nodes of general" in note for note in found["notes"])


@pytest.mark.whole("test_preview_yardstick changes prices and rules")
def test_prices_and_rules_can_be_what_changes(tmp_path: Path) -> None:
    prices, rulebooks = tmp_path / "prices", tmp_path / "rules"
    prices.mkdir()
    rulebooks.mkdir()
    for path in pricing.DIRECTORY.glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        if path.name == "house.yaml":
            assert 'item: support hour, unit: hour, price: "60"' in text
            text = text.replace(
                'item: support hour, unit: hour, price: "60"', 'item: support hour, unit: hour, price: "90"'
            )
        (prices / path.name).write_text(text, encoding="utf-8")
    dearer = told("--portfolio", str(LOCAL), "--prices", str(prices))
    labour = (fact for fact in local_plan().all_facts() if isinstance(fact, Labour))
    hours = sum(fact.hours_per_month for fact in labour if fact.activity == "support")
    assert dearer["bill"]["difference"] == f"{hours * 30}.00"

    book = rules.DIRECTORY / "2026-11.yaml"  # in force in the month of these previews
    text = book.read_text(encoding="utf-8")
    assert text.count("{measure: users}") == 1
    (rulebooks / book.name).write_text(text.replace("{measure: users}", "{measure: fee}"), encoding="utf-8")
    ruled = told("--portfolio", str(LOCAL), "--rulebook", str(rulebooks))
    assert ruled["bill"]["difference"] == "0.00"
    assert any(each["cost"]["difference"] != "0.00" for each in ruled["tenants"])


@pytest.mark.whole("test_preview_yardstick measures both sides")
def test_use_that_is_known_better_changes_both_sides(tmp_path: Path) -> None:
    usage = tmp_path / "usage.yaml"
    usage.write_text(
        'usage:\n  - {fact: cobalt/traffic, line: internet, quantity: "1000", source: measured}\n', "utf-8"
    )
    with_usage, without = told(*WHAT_IF, "--usage", str(usage)), told(*WHAT_IF)
    assert float(with_usage["bill"]["before"]) > float(without["bill"]["before"])
    usage.write_text('usage:\n  - {fact: cobalt/traffic, line: warp, quantity: "1"}\n', "utf-8")
    assert "usage.yaml:2: " in run(*WHAT_IF, "--usage", str(usage), code=Exit.CONFIGURATION).stderr


def test_a_gate_is_one_sentence_and_exit_5_after_the_preview_is_shown() -> None:
    result = run(*WHAT_IF, "--fail-over", "50/mo", code=Exit.POLICY)
    assert "cobalt" in result.stdout
    assert result.stderr.startswith("the bill rises by ")
    assert result.stderr.count("\n") == 1
    run(*WHAT_IF, "--fail-over", "50%")
    run(*WHAT_IF, "--expect-no-changes", code=Exit.POLICY)
    run(*WHAT_IF, "--margin-floor", "30%", code=Exit.POLICY)
    run("--portfolio", str(LOCAL), "--tenant", "cobalt", "--tier", "dedicated-db", "--expect-no-changes")


@pytest.mark.whole("tests/allocation/preview/test_break_even works it out, this command prints it")
def test_break_even_is_said_when_it_is_asked_for() -> None:
    assert "break-even of cobalt in users: ha-postgresql" in run(*WHAT_IF, "--break-even").stdout


@pytest.mark.sample(6)
@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "nothing to compare: name what to compare with (--stack"),
        (("--base", "main", "--base-tip", "main"), "not both --base and --base-tip"),
        (("--base", "main", "--base-folder", "x"), "not both --base and --base-folder"),
        (("--stack", "s", "--base", "main"), "name one thing to compare with, not both --stack and --base"),
        (("--tier", "ha-postgresql", "--base", "main"), "--tier needs --tenant NAME"),
        (("--plan", "p.json", "--tenant", "acme"), "--plan is the whole change"),
        (("--set", "database.class=m"), "platform.yaml has no setting 'database.class' with a value"),
        ((*WHAT_IF, "--set", "users"), "--set: 'users': expected a value such as users=80"),
        ((*WHAT_IF, "--set", "users=1", "--set", "users=2"), "--set: 'users' is given twice"),
        ((*WHAT_IF, "--move", "all="), "--move: 'all=': expected a value such as"),
        ((*WHAT_IF, "--more", "some:x"), "--more: 'some:x': expected a number and a tier"),
        ((*WHAT_IF, "--fail-over", "much"), "--fail-over: 'much': expected an amount per month"),
        (
            (*WHAT_IF, "--margin-floor", "30"),
            "--margin-floor: '30': expected a percentage of the fee such as 30%",
        ),
        ((*WHAT_IF, "--margin-floor", "nan%"), "--margin-floor: 'nan%': expected a percentage"),
        (("--portfolio", "nowhere", "--base", "main"), "nowhere: no such portfolio directory"),
        (("--portfolio", str(LOCAL), "--tenant", "acme", "--break-even"), "name another with --tier"),
        (
            ("--portfolio", str(LOCAL), "--more", "1:ha-postgresql", "--break-even"),
            "--break-even needs --tenant",
        ),
    ],
)
def test_a_mistake_is_one_sentence_and_exit_2(arguments: tuple[str, ...], sentence: str) -> None:
    result = run(*arguments, code=Exit.CONFIGURATION)
    assert sentence in result.stderr
    assert result.stdout == ""


@pytest.mark.whole("tests/allocation/estimate has usage at its most")
def test_scaled_out_pods_move_shares_and_not_the_bill() -> None:
    least, most = (told(*WHAT_IF, "--at-hpa", scale) for scale in ("min", "max"))
    assert least["bill"] == most["bill"]
    assert least["tenants"] != most["tenants"]


@pytest.mark.whole("tests/allocation/estimate/quantities/test_support has the days")
def test_support_that_ends_is_paid_from_its_day_on() -> None:
    now, later = (told(*WHAT_IF, "--as-of", day) for day in ("2026-11-30", "2028-06-30"))
    assert float(later["bill"]["before"]) > float(now["bill"]["before"])


def edited(branch: Path, file: str, old: str, new: str) -> None:
    """Change one file of the working tree."""
    path = branch / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture
def clean(branch: Path) -> Path:
    """The repository of `branch` without a change in its working tree."""
    git(branch, "checkout", "-q", "--", ".")
    return branch


@pytest.mark.whole("tests/tiers/change names each effect")
@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (
            "platform.yaml",
            '"17"',
            '"18.1"',
            "major: platform/database, cobalt/server, halcyon/server, meridian/",
        ),
        ("platform.yaml", 'version: "18.0"', 'version: "19.0"', "Odoo 18.0 → 19.0"),
    ],
)
def test_what_costs_nothing_and_stops_everybody_is_said_and_can_fail(
    clean: Path, file: str, old: str, new: str, words: str
) -> None:
    edited(clean, file, old, new)
    found = told("--portfolio", str(clean), "--base", "main")
    assert found["bill"]["difference"] == "0.00"
    for form in ("table", "markdown", "github-comment", "html"):
        shown = run("--portfolio", str(clean), "--base", "main", "-o", form).stdout
        assert words in " ".join(shown.split()), form
        assert "7 tenants at once" in " ".join(shown.split()), form
    failed = told("--portfolio", str(clean), "--base", "main", "--fail-on", "major", code=Exit.POLICY)
    assert [each.partition(":")[0] for each in failed["gates_failed"]] == ["major"]
    told("--portfolio", str(clean), "--base", "main", "--fail-on", "data")


def test_a_file_that_is_lost_fails_by_itself(clean: Path) -> None:
    (clean / "tenants" / "acme.yaml").unlink()
    found = told("--portfolio", str(clean), "--base", "main", code=Exit.POLICY)
    assert [each.partition(":")[0] for each in found["gates_failed"]] == ["acme"]
    (lost,) = (each for each in found["effects"] if each["kind"] == "data")
    assert "left behind and nobody's: database odoo_acme and role t_acme on platform/database" in lost["what"]
    told("--portfolio", str(clean), "--base", "main", "--gone", "acme")
    result = run("--portfolio", str(clean), "--base", "main", "--gone", "cobalt", code=Exit.CONFIGURATION)
    assert "--gone: 'cobalt' is not gone; gone: acme" in result.stderr


def test_a_rename_is_said_and_fails(clean: Path) -> None:
    edited(clean, "tenants/acme.yaml", "tenant: acme", "tenant: apex")
    (clean / "tenants" / "acme.yaml").rename(clean / "tenants" / "apex.yaml")
    found = told("--portfolio", str(clean), "--base", "main", code=Exit.POLICY)
    (lost,) = found["effects"]
    assert "looks renamed, apex has its client and host name and begins empty" in lost["what"]
    assert found["bill"]["difference"] == "0.00"


def test_a_tier_changed_alone_is_refused_and_a_supposed_one_is_not(clean: Path) -> None:
    edited(clean, "tenants/acme.yaml", "tier: shared-namespace", "tier: dedicated-db")
    found = told("--portfolio", str(clean), "--base", "main", code=Exit.POLICY)
    (refused,) = found["gates_failed"]
    assert "run `costack move acme --to dedicated-db`, which takes the data along" in refused
    supposed = told("--portfolio", str(LOCAL), "--tenant", "acme", "--tier", "dedicated-db")
    assert supposed["gates_failed"] == []


def test_an_unknown_word_of_fail_on_lists_the_known_ones() -> None:
    result = run(*WHAT_IF, "--fail-on", "restart,reboot", code=Exit.CONFIGURATION)
    assert (
        "--fail-on: 'reboot': expected restart, downtime, major, data, separated by commas" in result.stderr
    )


def test_what_runs_and_does_not_change_is_said_too() -> None:
    shown = run("--portfolio", str(LOCAL), "--tenant", "acme", "--set", "users=9").stdout
    assert "what it does: changes nothing that runs" in shown
