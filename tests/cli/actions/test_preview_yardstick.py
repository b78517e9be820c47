"""What a pull request changes of the prices, fees, rules and limits that it is measured by."""

from __future__ import annotations

import json
import re
import shutil
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from allocation.engine import rulebook as rules
from allocation.estimate.folders import Folders
from allocation.prices import price_book as pricing
from cli.console.exit_codes import Exit
from cli.main import app
from tests.portfolios import LOCAL, ROOT
from tests.repositories import git
from tiers.catalog.loading import CATALOG_DIRECTORY

PAGE = ROOT / "docs" / "preview.md"
INSTANCE = "RDS PostgreSQL db.t4g.medium Single-AZ"
RULEBOOK = "2026-11.yaml"


class Branch:
    """A repository with portfolio, catalog, prices and rules on `main`; a change is in the working tree."""

    def __init__(self, top: Path) -> None:
        self.top, self.portfolio = top, top / "portfolios" / "local"
        for source, target in (
            (LOCAL, self.portfolio),
            (CATALOG_DIRECTORY, top / "catalog"),
            (pricing.DIRECTORY, top / "pricebook"),
            (rules.DIRECTORY, top / "rulebook"),
        ):
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
        self.edit("portfolios/local/tenants/acme.yaml", r"\Z", "budget_per_month: 700.00\n")
        git(top, "init", "-q", "-b", "main", ".")
        git(top, "add", ".")
        git(top, "commit", "-q", "-m", "base")

    @property
    def folders(self) -> Folders:
        return Folders(*(self.top / name for name in ("catalog", "pricebook", "rulebook")))

    def edit(self, file: str, old: str, new: str) -> None:
        path = self.top / file
        text, count = re.subn(old, new, path.read_text(encoding="utf-8"), count=1)
        assert count == 1, (file, old)
        path.write_text(text, encoding="utf-8")

    def price(self, item: str, price: str | None, file: str = "pricebook/aws-us-east-1.yaml") -> None:
        """Give *item* another price, or none."""
        quoted = r"['\"][^'\"]*['\"]"
        line = rf"(  - {{service: [^\n]*item: '?{re.escape(item)}'?, unit: [^,]+, price: ){quoted}([^\n]*)\n"
        self.edit(file, line, "" if price is None else rf"\g<1>'{price}'\2\n")

    def add(self, tenant: str, like: str) -> None:
        """A new tenant with its own server: what makes the bill rise."""
        source = self.portfolio / "tenants" / f"{like}.yaml"
        text = source.read_text(encoding="utf-8").replace(like, tenant)
        source.with_name(f"{tenant}.yaml").write_text(text, encoding="utf-8")

    def run(self, *options: str, code: int, base: str = "--base") -> Result:
        given = ("--portfolio", str(self.portfolio), base, "main", "--period", "2026-11")
        result = CliRunner().invoke(app, ["preview", *given, *options])
        assert result.exit_code == code, result.output
        return result

    def told(self, *options: str, code: int = Exit.POLICY, base: str = "--base") -> dict[str, Any]:
        shown = self.run(*options, "-o", "json", code=code, base=base).stdout
        found: dict[str, Any] = json.loads(shown)
        return found


@pytest.fixture
def branch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Branch:
    found = Branch(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("allocation.runs.before_and_after.OURS", found.folders)
    return found


def amount(found: dict[str, Any], *names: str) -> Decimal:
    for name in names:
        found = found[name]
    return Decimal(str(found))


@pytest.mark.whole("no change is the least of the changes above")
def test_a_change_that_leaves_all_alone_is_measured_as_it_is(branch: Branch) -> None:
    branch.add("delta", "cobalt")
    found = branch.told(code=Exit.OK)
    assert found["bill_by"] == {"portfolio": found["bill"]["difference"], "prices": "0.00"}
    assert amount(found, "bill", "difference") > 0
    assert found["gates_failed"] == []
    assert "what changes the" not in branch.run(code=Exit.OK).stdout


@pytest.mark.sample(1)
@pytest.mark.parametrize("base", ["--base", "--base-tip"])
def test_a_cheaper_price_list_does_not_hide_a_rise(branch: Branch, base: str) -> None:
    branch.add("delta", "cobalt")
    risen = amount(branch.told(code=Exit.OK, base=base), "bill", "difference")
    for item in (INSTANCE, "RDS PostgreSQL db.r7g.large Multi-AZ", "RDS PostgreSQL db.t4g.large Single-AZ"):
        branch.price(item, "0.0001")
    found = branch.told("--fail-over", "1%", base=base)
    assert amount(found, "bill", "difference") < 0  # what the bill alone would say
    assert amount(found, "bill_by", "portfolio") == risen
    parts = amount(found, "bill_by", "portfolio") + amount(found, "bill_by", "prices")
    assert parts == amount(found, "bill", "difference")
    changed, rise = found["gates_failed"]
    assert changed.startswith("pricebook/aws-us-east-1.yaml: prices of what is built here change: AmazonRDS ")
    assert f"AmazonRDS '{INSTANCE}' 0.065 → 0.0001 per hour" in changed
    assert changed.endswith("; say that it may with --accept prices")
    assert rise.startswith("the bill rises by ")
    assert " a month at the base's prices, from " in rise
    shown = branch.run("--fail-over", "1%", "-o", "markdown", code=Exit.POLICY, base=base).stdout
    (documented,) = re.findall(r"^What changes the bill: .*$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert f"**{documented}**" in shown
    # The price list may change; what is built is still counted by the base's.
    assert branch.told("--fail-over", "1%", "--accept", "prices", base=base)["gates_failed"] == [rise]
    assert branch.told("--accept", "prices", base=base, code=Exit.OK)["gates_failed"] == []


@pytest.mark.whole("tests/allocation/report/preview has each form")
def test_every_form_shows_both_parts(branch: Branch) -> None:
    branch.add("delta", "cobalt")
    branch.price(INSTANCE, "0.0001")
    words = r"hat changes the bill: portfolio \+[\d,.]+ \(\+\d+\.\d %\), price list -[\d,.]+ \(-\d+\.\d %\)"
    for form in ("table", "markdown", "github-comment", "html"):
        shown = branch.run("-o", form, code=Exit.POLICY).stdout
        assert re.search(words, " ".join(shown.replace("\\", "").split())), form


@pytest.mark.sample(1)
@pytest.mark.parametrize("folder", ["catalog", "pricebook", "rulebook"])
def test_a_link_to_other_prices_is_no_price_list(branch: Branch, folder: str) -> None:
    """The base has no folder where the link points to, so the change would be measured by its own."""
    (branch.top / folder).rename(branch.top / "mine")
    (branch.top / folder).symlink_to("mine")
    said = branch.run(code=Exit.CONFIGURATION).stderr
    assert f"/{folder}: lies behind a link; expected a folder of the working tree" in said


def test_a_price_that_nobody_pays_here_may_change(branch: Branch) -> None:
    branch.price("RDS PostgreSQL db.r7g.4xlarge Multi-AZ", "0.0001")
    assert branch.told(code=Exit.OK)["gates_failed"] == []


@pytest.mark.whole("a cheaper one hides no rise above")
def test_a_dearer_price_list_is_no_rise_of_what_is_built(branch: Branch) -> None:
    branch.price(INSTANCE, "9.9")
    (changed,) = branch.told("--fail-over", "1%")["gates_failed"]
    assert "0.065 → 9.9 per hour" in changed
    found = branch.told("--fail-over", "1%", "--accept", "prices", code=Exit.OK)
    assert amount(found, "bill", "difference") > 1000
    assert found["bill_by"]["portfolio"] == "0.00"


@pytest.mark.whole("a cheaper price list does not hide a rise: tried here")
def test_a_deleted_price_is_unknown_and_not_nothing(branch: Branch) -> None:
    branch.add("delta", "cobalt")
    risen = amount(branch.told(code=Exit.OK), "bill", "difference")
    branch.price(INSTANCE, None)
    found = branch.told("--fail-over", "1%")
    unknown, rise = found["gates_failed"]
    assert unknown == (
        f"pricebook/aws-us-east-1.yaml: AmazonRDS '{INSTANCE}' of cobalt/server and 1 more was 0.065 "
        "per hour and is now unknown; say that it may with --accept unpriced"
    )
    assert rise.startswith("the bill rises by ")
    assert amount(found, "bill_by", "portfolio") == risen
    # To accept other prices is not to accept that one is unknown.
    assert branch.told("--accept", "prices")["gates_failed"] == [unknown]
    branch.told("--accept", "unpriced", code=Exit.OK)


def test_a_new_line_without_a_price_anywhere_fails(branch: Branch) -> None:
    branch.price(INSTANCE, None)
    git(branch.top, "commit", "-q", "-a", "-m", "unknown before as after")
    assert branch.told(code=Exit.OK)["gates_failed"] == []
    branch.add("delta", "cobalt")
    (unknown,) = branch.told("--fail-over", "50%")["gates_failed"]
    assert unknown == (
        f"the price book: AmazonRDS '{INSTANCE}' of delta/server has no known price (us-east-1: in no price "
        "file); say that it may with --accept unpriced"
    )


@pytest.mark.whole("a new line without a price fails above")
def test_a_price_that_comes_with_what_it_prices_is_named(branch: Branch) -> None:
    """The base does not know it: it is counted as the change says, and somebody must have looked at it."""
    branch.price(INSTANCE, None)
    git(branch.top, "commit", "-q", "-a", "-m", "unknown")
    git(branch.top, "show", "HEAD~1:pricebook/aws-us-east-1.yaml")
    shutil.copy(pricing.DIRECTORY / "aws-us-east-1.yaml", branch.top / "pricebook" / "aws-us-east-1.yaml")
    branch.price(INSTANCE, "0.0001")
    (named,) = branch.told()["gates_failed"]
    assert f"'{INSTANCE}' unknown → 0.0001 per hour; say that it may with --accept prices" in named


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("new", "after"), [("", "none"), ("budget_per_month: 900.00\n", "900.00"), ("# 700\n", "none")]
)
def test_a_budget_that_is_raised_or_deleted_is_named(branch: Branch, new: str, after: str) -> None:
    branch.edit("portfolios/local/tenants/acme.yaml", r"budget_per_month: 700.00\n", new)
    (named,) = branch.told()["gates_failed"]
    assert named == (
        f"tenants/acme.yaml: budget_per_month 700.00 → {after}; say that it may with --accept budgets"
    )
    branch.told("--accept", "budgets", code=Exit.OK)


@pytest.mark.whole("a budget that is raised is named above")
def test_a_tighter_budget_is_nobodys_question(branch: Branch) -> None:
    branch.edit("portfolios/local/tenants/acme.yaml", "700.00", "699.00")
    assert branch.told(code=Exit.OK)["gates_failed"] == []


@pytest.mark.whole("each side is tried alone in tests/allocation/preview/test_gates")
def test_a_budget_holds_at_the_bases_prices_and_at_the_changes(branch: Branch) -> None:
    branch.edit("portfolios/local/tenants/acme.yaml", "700.00", "100.00")
    (over,) = branch.told()["gates_failed"]
    assert over.startswith("acme: costs ")
    branch.price("support hour", "0.01", "pricebook/house.yaml")
    assert over in branch.told("--accept", "prices")["gates_failed"]
    git(branch.top, "checkout", "-q", "--", ".")
    branch.price("support hour", "900", "pricebook/house.yaml")
    (over,) = branch.told("--accept", "prices")["gates_failed"]
    assert over.startswith("acme: costs ")


@pytest.mark.whole("a cheaper price list hides no rise above")
def test_a_dearer_fee_does_not_hide_a_margin_that_falls(branch: Branch) -> None:
    branch.edit("portfolios/local/tenants/acme.yaml", r"users: \d+", "users: 60")
    (falls,) = branch.told("--margin-floor", "30%")["gates_failed"]
    assert falls.startswith("acme: the margin falls to ")
    branch.edit("catalog/shared-namespace.yaml", "fee_per_month: 249.00", "fee_per_month: 2490.00")
    found = branch.told("--margin-floor", "30%")
    named, still = found["gates_failed"]
    assert named == (
        "catalog/shared-namespace.yaml: fee_per_month of production 249.00 → 2490.00 for acme, borealis; "
        "say that it may with --accept fees"
    )
    assert still == falls
    assert found["fee_by"] == {"portfolio": "0.00", "fees": "4482.00"}
    branch.told("--margin-floor", "30%", "--accept", "fees", code=Exit.OK)


@pytest.mark.whole("a deleted price is told in the same list")
def test_less_usage_that_nobody_measured_is_named(branch: Branch) -> None:
    branch.edit("catalog/shared-namespace.yaml", "internet_gib: 5,", "internet_gib: 0,")
    branch.edit("catalog/shared-namespace.yaml", "support_hours_per_month: 2", "support_hours_per_month: 1")
    found = branch.told()
    assert amount(found, "bill", "difference") < 0
    (named,) = found["gates_failed"]
    assert named == (
        "catalog/shared-namespace.yaml: production: expected_use.internet_gib 5 → 0, "
        "support_hours_per_month 2 → 1; say that it may with --accept usage"
    )
    branch.told("--accept", "usage", code=Exit.OK)


def test_another_rulebook_is_named_and_measures_nothing_yet(branch: Branch) -> None:
    """By its own rule the change would push its cost to others, and their margin would carry it."""
    branch.edit(f"rulebook/{RULEBOOK}", r"\{measure: users\}", "{measure: fee}")
    found = branch.told("--margin-floor", "1%")
    (named,) = (each for each in found["gates_failed"] if each.startswith("rulebook/"))
    assert re.fullmatch(
        rf"rulebook/{RULEBOOK}: pool '[a-z-]+' changes; say that it may with --accept rules", named
    )
    assert any(each["kind"] == "neighbour" for each in found["tenants"])
    assert found["bill_by"] == {"portfolio": "0.00", "prices": "0.00"}


def test_a_new_rulebook_and_a_deleted_one_are_named(branch: Branch) -> None:
    text = (branch.top / "rulebook" / RULEBOOK).read_text(encoding="utf-8")
    later = text.replace('version: "2026-11"', 'version: "2027-01"').replace("2026-11-01", "2027-01-01")
    (branch.top / "rulebook" / "2027-01.yaml").write_text(later, encoding="utf-8")
    assert branch.told()["gates_failed"] == [
        "rulebook/2027-01.yaml: is new; say that it may with --accept rules"
    ]
    git(branch.top, "add", ".")
    git(branch.top, "commit", "-q", "-m", "a rulebook for January")
    (branch.top / "rulebook" / "2027-01.yaml").unlink()
    assert branch.told()["gates_failed"] == [
        "rulebook/2027-01.yaml: is gone; say that it may with --accept rules"
    ]


@pytest.mark.whole("another rulebook is named above")
def test_accounts_and_virtual_tags_are_rules(branch: Branch) -> None:
    virtual = "{tag: reports, when: {regions: [eu-west-1]}, pool: platform}"
    more = f'accounts: {{foreign: ["111122223333"]}}\nvirtual_tags: [{virtual}]\n'
    branch.edit(f"rulebook/{RULEBOOK}", r"\Z", more)
    changes = "virtual tag 'reports' is new, accounts changes"
    assert branch.told()["gates_failed"] == [
        f"rulebook/{RULEBOOK}: {changes}; say that it may with --accept rules"
    ]


@pytest.mark.whole("tests/allocation/preview/test_gates has each limit")
def test_looser_limits_are_named_by_their_own_word(branch: Branch) -> None:
    branch.edit(f"rulebook/{RULEBOOK}", r"\Z", "readiness: {unallocated_percent: 50}\n")
    assert branch.told("--accept", "prices,unpriced,fees,usage,rules,budgets")["gates_failed"] == [
        f"rulebook/{RULEBOOK}: readiness.unallocated_percent 1 → 50; say that it may with --accept gates"
    ]
    branch.told("--accept", "gates", code=Exit.OK)


WORKFLOW = ".github/workflows/cost-preview.yml"


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("file", "text"),
    [
        (WORKFLOW, "run: costack preview --base x --fail-over 20%\n"),
        (".gitlab-ci.yml", "script: [costack preview --base x --fail-over 20%]\n"),
        ("gitlab-preview.yml", "script: [costack preview --base x --fail-over 20%]\n"),
    ],
)
def test_a_pipeline_that_loosens_its_own_limits_is_named(branch: Branch, file: str, text: str) -> None:
    path = branch.top / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.with_name("other.yml").write_text("run: make test\n", encoding="utf-8")
    git(branch.top, "add", ".")
    git(branch.top, "commit", "-q", "-m", "a gate")
    path.write_bytes(text.replace("\n", "\r\n").encode())  # as git writes it on Windows
    path.with_name("other.yml").write_text("run: make lint\n", encoding="utf-8")
    assert branch.told(code=Exit.OK)["gates_failed"] == []
    named = [
        f"{file}: runs `costack preview`, and changes or is gone; say that it may with --accept gates",
    ]
    path.write_text(text.replace("20%", "900%"), encoding="utf-8")
    assert branch.told("--fail-over", "900%")["gates_failed"] == named
    branch.told("--accept", "gates", code=Exit.OK)
    path.unlink()
    assert branch.told()["gates_failed"] == named
    path.symlink_to("other.yml")
    assert branch.told()["gates_failed"] == named


def test_what_the_command_line_supposes_is_no_change_of_the_base(branch: Branch, tmp_path: Path) -> None:
    supposed = tmp_path / "supposed"
    shutil.copytree(branch.top / "pricebook", supposed)
    git(branch.top, "add", "pricebook")
    branch.price(INSTANCE, "9.9")
    shutil.copy(branch.top / "pricebook" / "aws-us-east-1.yaml", supposed)
    (rise,) = branch.told("--prices", str(supposed), "--fail-over", "10%")["gates_failed"]
    assert rise.startswith("the bill rises by ")


def test_an_unknown_word_lists_the_known_ones(branch: Branch) -> None:
    result = branch.run("--accept", "prices,all", code=Exit.CONFIGURATION)
    assert (
        "--accept: 'all': expected prices, unpriced, fees, usage, rules, budgets, gates, separated by commas"
        in result.stderr
    )
