"""A firm with a catalog of its own, from its files to its reports: nothing of ours is in what it sees."""

from __future__ import annotations

import json
import re
import shutil
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from allocation.adapters.folders.run import sha256_of
from allocation.estimate.amounts import UNKNOWN
from allocation.estimate.estimated_month import monthly_estimates
from allocation.estimate.folders import OURS, Folders, folders_of, folders_of_plan
from cli.console.exit_codes import Exit
from policies.tagged import promises as policies
from policies.tagged.catalogs import Catalogs
from tests.cli.reporting import costack, said
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import ROOT, catalog
from tests.repositories import git
from tiers.catalog.folder import catalog_folder
from tiers.errors import CatalogError
from tiers.inventory import exported
from tiers.plan.plan import Plan
from tiers.plan.resolve import plan_of_folder
from tiers.portfolio.loading import load_catalog_and_portfolio

OF_OURS = re.compile("|".join([*catalog().tiers, *(each.title for each in catalog().tiers.values()), "USD"]))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example as a repository, and the working folder."""
    folder = Path(shutil.copytree(ROOT / "examples" / "own-catalog", tmp_path / "firm"))
    git(folder, "init", "-q", "-b", "main", ".")
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "base")
    monkeypatch.chdir(folder)
    return folder


def alpine() -> Path:
    return Path("portfolios/alpine")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


@pytest.fixture
def plan(project: Path) -> Plan:
    assert project.is_dir()
    return plan_of_folder(alpine())


@pytest.fixture
def inventory(project: Path, plan: Plan) -> Path:
    path = project / "inventory.json"
    path.write_text(json.dumps(exported(plan, {})), encoding="utf-8")
    return path


def test_the_plan_is_made_of_its_tiers_and_says_where_they_are(plan: Plan) -> None:
    assert {each.tenant: (each.tier, str(each.fee_per_month)) for each in plan.tenants} == {
        "edelweiss": ("basic", "290.00"),
        "gentian": ("premium", "1490.00"),
    }
    assert (plan.currency, plan.catalog, plan.catalog_version) == ("EUR", "../../catalog", "2026-12")


def test_everything_declared_has_its_tiers_and_none_of_ours(plan: Plan) -> None:
    declared: list[Declared] = declare_plan(plan)
    text = repr(declared)
    assert len(declared) > 100
    assert OF_OURS.search(text) is None
    assert {"basic", "premium"} <= set(re.findall(r"'cost/service-tier': '([^']+)'", text))


def test_the_estimate_of_an_update_is_in_its_currency_by_its_prices(plan: Plan) -> None:
    day = date(2026, 11, 30)
    found = monthly_estimates(plan, day, folders_of(alpine()))
    assert set(found) == {"edelweiss", "gentian", "(idle)", "(unallocated)"}, found
    assert all(each.endswith(" EUR") for each in found.values())
    assert Decimal(found["gentian"].split()[0]) > 400
    without = monthly_estimates(plan, day)
    assert "prices are in USD, the portfolio is in EUR" in without[UNKNOWN]


@pytest.mark.whole("fifteen seconds of four commands; what is declared shows nothing of ours above")
def test_validate_statement_preview_and_report_show_nothing_of_ours(project: Path, inventory: Path) -> None:
    (project / "bill.csv").write_text(
        "id,start,end,service,cost,currency,tags\n"
        '1,2026-11-01,2026-12-01,AmazonRDS,120.00,EUR,"{""cost/tenant"": ""gentian""}"\n'
        "2,2026-11-01,2026-12-01,AmazonEC2,300.00,EUR,{}\n",
        encoding="utf-8",
    )
    (project / "usage.csv").write_text(usage(), encoding="utf-8")
    stated = ("--inventory", inventory, "--period", "2026-11")
    shown = [
        said("validate"),
        said("allocate", *stated),
        said("allocate", "--bill", "bill.csv", "--usage", "usage.csv", *stated, "--out", "run"),
        said("preview", "--portfolio", alpine(), "--tenant", "edelweiss", "--tier", "premium"),
        said("unit-costs", "--portfolio", alpine(), "--tier", "basic", "--more", "0,10"),
        said("report", "--inventory", inventory, "--period", "2026-11", "--out", "pages"),
        said("report", "--inventory", inventory, "--period", "2026-11", "--run", "run", "--out", "billed"),
        said("expire"),
    ]
    pages = [path for path in project.rglob("*") if path.suffix in {".html", ".json", ".csv", ".md"}]
    assert len(pages) > 30
    for text in (*shown, *(path.read_text(encoding="utf-8") for path in pages)):
        assert OF_OURS.search(text) is None, OF_OURS.findall(text)
    manifest = json.loads((project / "run" / "manifest.json").read_text(encoding="utf-8"))
    assert "alpine-1" in json.dumps(manifest)
    assert manifest["rulebooks"] == {
        path.name: sha256_of(path) for path in (project / "catalog" / "rulebook").iterdir()
    }
    assert "EUR" in (project / "pages" / "index.html").read_text(encoding="utf-8")


def usage() -> str:
    hours = "2026-11-01T00:00:00Z,2026-12-01T00:00:00Z"
    return "tenant,driver,start,end,quantity\n" + "".join(
        f"{tenant},{driver},{hours},{quantity}\n"
        for tenant, quantity in (("edelweiss", 1), ("gentian", 3))
        for driver in ("cpu-requests", "memory-requests")
    )


@pytest.mark.whole("tests/cli/actions/test_preview reads each commit's files")
def test_a_preview_reads_the_catalog_of_each_commit(project: Path) -> None:
    edit(project / "catalog" / "premium.yaml", "fee_per_month: 1490.00", "fee_per_month: 1290.00")
    edit(project / "catalog" / "pricebook" / "contract.yaml", "price: '54'", "price: '60'")
    before = previewed("--accept", "prices")
    assert before["bill_by"] == {"portfolio": "0.00", "prices": "30.00"}  # five hours of support
    (fee,) = before["gates_failed"]
    assert fee.startswith("catalog/premium.yaml: fee_per_month of production 1490.00 → 1290.00 for gentian")
    # the working tree calls the folder otherwise; the commit's own name for it counts for the commit
    (project / "catalog").rename(project / "sold")
    (project / "sold" / "premium.yaml").rename(project / "sold" / "the-best.yaml")
    edit(project / alpine() / "platform.yaml", "../../catalog", "../../sold")
    after = previewed("--accept", "prices")
    same = ("bill_by", "fee_by")
    assert [after[name] for name in same] == [before[name] for name in same]
    assert after["gates_failed"] == [fee.replace("catalog/premium.yaml", "sold/the-best.yaml")]


@pytest.mark.whole("tests/tiers name the file of each change")
def test_what_changes_is_said_of_the_file_that_one_opens(project: Path) -> None:
    (project / "catalog").rename(project / "eu-offer")
    edit(project / alpine() / "platform.yaml", "../../catalog", "../../eu-offer")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "base")
    sold = project / "eu-offer"
    edit(sold / "premium.yaml", "fee_per_month: 1490.00", "fee_per_month: 1290.00")
    edit(sold / "premium.yaml", "support_hours_per_month: ", "support_hours_per_month: 1")
    edit(sold / "pricebook" / "contract.yaml", "price: '54'", "price: '60'")
    named = {line.partition(": ")[0] for line in previewed()["gates_failed"]}
    assert named == {"eu-offer/premium.yaml", "eu-offer/pricebook/contract.yaml"}
    book = (sold / "pricebook" / "contract.yaml").read_text(encoding="utf-8")
    kept = [line for line in book.splitlines() if "db.t4g.large" not in line]
    (sold / "pricebook" / "contract.yaml").write_text("\n".join(kept) + "\n", encoding="utf-8")
    shutil.move(sold / "rulebook" / "2026-11.yaml", sold / "rulebook" / "2026-12.yaml")
    lost = previewed("--period", "2026-12")["gates_failed"]
    assert {line.partition(": ")[0] for line in lost} == {
        "eu-offer/premium.yaml",
        "eu-offer/pricebook/contract.yaml",
        "eu-offer/rulebook/2026-11.yaml",
        "eu-offer/rulebook/2026-12.yaml",
    }
    assert any("is now unknown" in line for line in lost)


def test_a_size_that_the_catalog_lacks_is_looked_for_in_its_file(project: Path) -> None:
    edit(project / alpine() / "platform.yaml", "database_class: ", "database_class: no-")
    done = costack("validate")
    assert done.exit_code == Exit.CONFIGURATION
    assert "is not in catalog/classes.yaml; there are " in done.stderr


def previewed(*options: str) -> dict[str, Any]:
    done = costack("preview", "--base", "HEAD", "--output", "json", *options)
    assert done.exit_code == Exit.POLICY, done.output
    made: dict[str, Any] = json.loads(done.stdout)
    (gentian,) = (each for each in made["tenants"] if each["tenant"] == "gentian")
    assert (gentian["fee"]["before"], gentian["fee"]["after"]) == ("1490.00", "1290.00")
    return made


def test_the_policy_pack_knows_the_tiers_of_the_portfolio(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "CATALOGS", Catalogs())
    found = [
        finding for each in declare_plan(plan) for finding in policies.kept_promises(each.type, each.props)
    ]
    assert found == []
    tags = plan.tenants[0].cost_tags().as_tags() | {"cost/service-tier": "shared-namespace"}
    (refused,) = policies.kept_promises("aws:s3/bucket:Bucket", {"tags": tags})
    assert "'shared-namespace', which is not in the catalog" in refused


@pytest.mark.parametrize(
    ("named", "sentence"),
    [
        ("../../nowhere", "platform.yaml:3: catalog: {0}/nowhere: no such folder; expected tier files"),
        ("../../../elsewhere", "platform.yaml:3: catalog: expected text of the form"),
        ("/srv/catalog", "platform.yaml:3: catalog: expected text of the form"),
        ("../../away", "platform.yaml:3: catalog: {0}/away: is a link that leads out of the project"),
    ],
)
def test_a_catalog_that_is_not_there_or_outside_is_refused_at_its_line(
    project: Path, named: str, sentence: str
) -> None:
    (project / "away").symlink_to(project.parent)
    edit(project / alpine() / "platform.yaml", "../../catalog", named)
    done = costack("validate", project / alpine())
    assert done.exit_code == Exit.CONFIGURATION
    (said,) = done.stderr.splitlines()
    assert said.startswith(f"{project / alpine()}/{sentence.format(project)}")


def test_mistakes_in_tiers_prices_and_rules_are_told_with_file_and_line(project: Path) -> None:
    edit(project / "catalog" / "basic.yaml", "users: 15", "users: -15")
    done = costack("validate")
    assert done.exit_code == Exit.CONFIGURATION
    assert "catalog/basic.yaml:23: offers.production.fair_use.users: expected a number above 0" in done.stderr
    edit(project / "catalog" / "basic.yaml", "users: -15", "users: 15")
    edit(project / "catalog" / "pricebook" / "contract.yaml", "confidence: example", "confidence: guess")
    edit(project / "catalog" / "rulebook" / "2026-11.yaml", "serving: step-down", "serving: sideways")
    done = costack("validate")
    assert done.exit_code == Exit.CONFIGURATION
    assert "catalog/rulebook/2026-11.yaml:5: serving: expected 'direct', 'step-down'" in done.stderr
    assert "catalog/pricebook/contract.yaml:10: prices.0.confidence: expected 'A'" in done.stderr


@pytest.mark.parametrize("name", ["pricebook", "rulebook"])
def test_nothing_of_costack_stands_in_for_a_folder_that_is_empty_or_none(project: Path, name: str) -> None:
    folder = project / "catalog" / name
    shutil.rmtree(folder)
    folder.mkdir()
    done = costack("validate")
    assert done.exit_code == Exit.CONFIGURATION
    assert f"catalog/{name}: holds no " in done.stderr
    folder.rmdir()
    folder.symlink_to("nowhere")
    done = costack("validate")
    assert done.exit_code == Exit.CONFIGURATION
    assert done.stderr.startswith(f"catalog/{name}: expected a folder with YAML files, found a file")


def test_validate_warns_of_what_nothing_uses(project: Path) -> None:
    edit(
        project / "catalog" / "classes.yaml",
        "cache_classes:\n",
        "cache_classes:\n  spare: {node_type: cache.t4g.small, memory_mib: 1403}\n",
    )
    (project / "catalog" / "gold.yml").write_text("tier: gold\n", encoding="utf-8")
    (project / "catalog" / "prices").mkdir()
    shutil.copy(project / "catalog" / "pricebook" / "contract.yaml", project / "catalog" / "prices")
    done = costack("validate")
    assert done.exit_code == Exit.OK
    assert done.stderr.splitlines() == [
        (
            "warning: catalog/gold.yml: is read by nothing; "
            "tiers are catalog/*.yaml, prices catalog/pricebook/*.yaml, rules catalog/rulebook/*.yaml"
        ),
        (
            "warning: catalog/prices/contract.yaml: is read by nothing; "
            "tiers are catalog/*.yaml, prices catalog/pricebook/*.yaml, rules catalog/rulebook/*.yaml"
        ),
        "warning: catalog/classes.yaml: cache_classes.spare: no tier and no portfolio uses it",
    ]


def test_without_prices_of_its_own_a_portfolio_in_euro_is_told_that_it_has_no_estimates(
    project: Path,
) -> None:
    shutil.rmtree(project / "catalog" / "pricebook")
    done = costack("validate")
    assert done.exit_code == Exit.OK
    assert "warning: portfolios/alpine: no estimates: " in done.stderr
    assert "prices are in USD, the portfolio is in EUR" in done.stderr


def test_elsewhere_no_other_catalog_is_taken_for_its_own(
    inventory: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = costack("allocate", "--inventory", inventory)
    assert done.exit_code == Exit.CONFIGURATION
    assert "portfolio 'alpine' was deployed with this catalog of its own" in done.stderr
    assert said("allocate", "--inventory", inventory, "--cwd", inventory.parent)


def test_two_portfolios_of_a_project_may_have_different_catalogs(project: Path) -> None:
    beside = project / "portfolios" / "local"
    shutil.copytree(ROOT / "portfolios" / "local", beside)
    assert folders_of(beside) == OURS
    assert folders_of(alpine()) == Folders(
        *(Path("catalog") / name for name in ("", "pricebook", "rulebook"))
    )
    lines = said("validate").splitlines()
    assert [line.rpartition(" ")[2] for line in lines] == ["2026-12", "2026-11"]


def test_what_a_catalog_has_not_comes_from_costack(project: Path) -> None:
    shutil.rmtree(project / "catalog" / "rulebook")
    assert folders_of(alpine()).rules == OURS.rules
    assert catalog_folder(project / "nowhere") == OURS.catalog


def test_a_plan_without_a_catalog_of_its_own_needs_no_folder(plan: Plan) -> None:
    ours = plan.model_copy(update={"catalog": None})
    assert folders_of_plan(ours, Path("nowhere")) == OURS
    with pytest.raises(CatalogError, match="run the command in the project's folder"):
        folders_of_plan(plan, Path("elsewhere/portfolios/alpine"))


def test_the_catalog_of_a_program_without_portfolios_is_seen_from_the_program(
    project: Path, plan: Plan
) -> None:
    shutil.rmtree(project / "portfolios")
    of_program = plan.model_copy(update={"catalog": "catalog"})
    assert folders_of_plan(of_program, alpine()) == Folders(
        *(Path("catalog") / name for name in ("", "pricebook", "rulebook"))
    )


def test_the_example_is_read_as_it_is_committed() -> None:
    read, portfolio = load_catalog_and_portfolio(ROOT / "examples" / "own-catalog" / "portfolios" / "alpine")
    assert sorted(read.tiers) == ["basic", "premium"]
    assert portfolio.platform.catalog == "../../catalog"


def test_what_is_typed_badly_is_answered_without_a_tier_of_ours(project: Path) -> None:
    assert project.is_dir()
    for option, given in (("--more", "many"), ("--move", "basic"), ("--tier", "gold")):
        tenant = ("--tenant", "gentian") if option == "--tier" else ()
        done = costack("preview", "--portfolio", alpine(), *tenant, option, given)
        assert done.exit_code == Exit.CONFIGURATION
        assert given in done.stderr
        assert OF_OURS.search(done.stderr) is None, done.stderr


def test_a_preview_says_that_a_commit_lacks_its_catalog(project: Path) -> None:
    git(project, "rm", "-q", "-r", "--cached", "catalog")
    git(project, "commit", "-q", "-m", "without its catalog")
    done = costack("preview", "--base", "HEAD")
    assert done.exit_code == Exit.CONFIGURATION
    assert "--base HEAD: this version of costack cannot read it" in done.stderr
    assert "HEAD/portfolios/alpine/platform.yaml:3: catalog: HEAD/catalog: no such folder" in done.stderr


def test_going_over_to_a_catalog_of_its_own_is_compared_with_that_of_costack(tmp_path: Path) -> None:
    said("init", tmp_path)
    git(tmp_path, "init", "-q", "-b", "main", ".")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "base")
    folder, sold = tmp_path / "portfolios" / "local", tmp_path / "catalog"
    shutil.copytree(OURS.catalog, sold, ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    edit(sold / "shared-namespace.yaml", "249.00", "239.00")
    edit(folder / "platform.yaml", "portfolio: local\n", "portfolio: local\ncatalog: ../../catalog\n")
    done = costack("preview", "--portfolio", folder, "--base", "HEAD")
    assert done.exit_code == Exit.POLICY, done.output
    (refused,) = (line for line in done.stderr.splitlines() if "--accept" in line)
    assert "fee_per_month of production 249.00 → 239.00 for acme" in refused


def test_prices_are_held_against_the_classes_beside_them(project: Path) -> None:
    book = project / "catalog" / "pricebook" / "contract.yaml"
    kept = [line for line in book.read_text(encoding="utf-8").splitlines() if "db.t4g.large" not in line]
    book.write_text("\n".join(kept) + "\n", encoding="utf-8")
    edit(book, "region: everywhere", "region: eu-central-1")
    shown = costack("prices", "lint", "--prices", book.parent)
    told = shown.stdout + shown.stderr
    assert "db.t4g.large" in told  # of pg-medium, and without a price now
    assert "db.r7g.large" not in told  # a class of Costack's, and none of theirs
