"""Every figure of every page of a billed month is the run's, from the bill to the page in its folder."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from allocation.adapters.pulumi.stack_outputs import inventory_of_file
from allocation.charges import ChargePeriod
from allocation.preview.cost_estimate import Conditions, cost_estimate
from allocation.preview.off_hours import savings
from cli.actions.costs.allocate import print_allocation
from lifecycle import evidence
from tests.allocation.metrics import of_cache, of_server
from tests.allocation.offers import CACHES, PLANS, SERVERS, YEAR, reserved_node, reserved_server, savings_plan
from tests.allocation.recomputed.documents import Documents, Option, Saving, Written, tiers
from tests.allocation.recomputed.paper import Printed, read_folder
from tests.allocation.recomputed.walk import EVERYTHING, agree, met, problems
from tests.allocation.report.showback.test_against_the_statement import month_of, printed
from tests.allocation.showbacks import moved
from tests.allocation.test_golden import AFTERWARDS, GOLDEN, request
from tests.cli.reporting import said
from tests.lifecycle.rehearsal.results import line
from tests.portfolios import ROOT, catalog, plan_of
from tests.portfolios import tenant as made_tenant

MONTHS = (
    "small-firm-shared",
    "mid-market-hybrid",
    "enterprise-dedicated",
    "idle-cluster",
    "credit-and-refund",
    "untagged-charge",
)
LOCAL = ROOT / "portfolios" / "local"
Read = tuple[list[Printed], list[str], Documents]


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def later(path: Path, folder: Path) -> Path:
    """The same rows of November, a month later."""
    moved_on = folder / f"december.{path.name}"
    text = (
        path.read_text(encoding="utf-8").replace("2026-12-01", "2027-01-01").replace("2026-11-", "2026-12-")
    )
    moved_on.write_text(text, encoding="utf-8")
    return moved_on


def written(statement: Path, items: Path) -> Written:
    """What lies in two files; the items need not be there."""
    told = json.loads(items.read_text(encoding="utf-8"))["items"] if items.is_file() else ()
    return Written(json.loads(statement.read_text(encoding="utf-8")), tuple(told))


def left_in(folder: Path) -> Written:
    """What a run or a report left in *folder*."""
    return written(folder / "statement.json", folder / "items.json")


@cache
def unit_costs(tier: str, month: str) -> tuple[dict[str, Any], ...]:
    told = said(
        "unit-costs",
        "--portfolio",
        LOCAL,
        "--tier",
        tier,
        "--more",
        "0,10,100",
        "--period",
        month,
        "-o",
        "json",
    )
    return tuple(json.loads(told))


def curve_of(month: Written) -> tuple[str, tuple[dict[str, Any], ...]]:
    """Of the shared tier with the most production tenants, the first by name of those with as many."""
    sold = [line["tier"] for line in month.tenants if line["environment"] == "production"]
    shared = sorted({tier for tier in sold if tiers()[tier]["isolation"] == "shared"})
    if not shared:
        return "", ()
    tier = max(shared, key=sold.count)
    return tier, unit_costs(tier, month.month)


def options_of(plan: Mapping[str, Any]) -> dict[str, tuple[Option, ...]]:
    """Every other tier that is sold to a tenant, the smallest step of its fee first."""
    found = {}
    for tenant in plan["tenants"]:
        offers = {name: tier["offers"].get(tenant["environment"]) for name, tier in tiers().items()}
        steps = [
            Option(name, Fraction(offer["fee_per_month"]) - Fraction(tenant["fee_per_month"]))
            for name, offer in offers.items()
            if offer and name != tenant["tier"]
        ]
        found[tenant["tenant"]] = tuple(sorted(steps, key=lambda each: (abs(each.fee), each.tier)))
    return found


def savings_of(inventory: Path, month: str) -> tuple[Saving, ...]:
    """Of what is deployed, at the month's list prices; `test_sleeping.py` proves the figures."""
    plan = inventory_of_file(inventory).plan
    regions = {fact.region for fact in plan.all_facts()}
    estimate = cost_estimate(plan, Conditions.of_month(ChargePeriod.month(month), plan.currency, regions))
    units = 10**10
    return tuple(
        Saving(
            each.tenant, each.awake_hours_per_week, Fraction(each.saved, units), Fraction(each.freed, units)
        )
        for each in savings(estimate, catalog().classes.off_hours)
    )


SAID = (
    {"signal": "platform/idle-capacity-nodes", "state": "dismissed", "on": "2026-10-05", "by": "dana",
     "reason": "nodes are bought in pairs", "size": "0.5"},
    {"signal": "acme/rightsizing-memory", "state": "acknowledged", "on": "2020-01-05", "by": "dana",
     "until": "2020-02-01"},
    {"signal": "acme/declared-users-users", "state": "acknowledged", "on": "2026-11-05", "by": "ola",
     "until": "2100-02-01", "reason": "the client hires"},
    {"signal": "borealis/rightsizing-cpu", "state": "solved", "on": "2026-10-05", "by": "ola"},
    {"signal": "acme/fair-use-users", "state": "solved", "on": "2026-10-05", "by": "ola"},
)  # fmt: skip
DECISIONS = (
    {"decision": "smaller-acme", "state": "decided", "on": "2026-06-05", "by": "dana", "owner": "ola",
     "what": "a smaller class for acme", "due": "2026-07-01", "tenant": "acme",
     "saving_per_month": "40.00"},
    {"decision": "nodes", "state": "decided", "on": "2026-06-05", "by": "dana", "owner": "ola",
     "what": "one node less", "due": "2026-07-01"},
    {"decision": "smaller-acme", "state": "done", "on": "2026-11-20", "by": "ola"},
)  # fmt: skip


def with_register(portfolio: Path, folder: Path) -> Path:
    """A copy of *portfolio* in *folder* whose reviews said something of signals, and decided something."""
    made = folder / portfolio.name
    shutil.copytree(portfolio, made)
    (made / "reviews").mkdir()
    for name, entries in (("signals", SAID), ("decisions", DECISIONS)):
        (made / "reviews" / f"{name}.yaml").write_text(yaml.safe_dump({name: list(entries)}))
    return made


def grown(run: Path, folder: Path) -> tuple[Written, ...]:
    """The two months before *run* in *folder*, in which tenants used less of what pools are divided by."""
    found = []
    for month, end, percent in (("2026-09", "2026-10", 50), ("2026-10", "2026-11", 60)):
        told = json.loads((run / "statement.json").read_text(encoding="utf-8"))
        told["period"] = {"start": f"{month}-01T00:00:00Z", "end": f"{end}-01T00:00:00Z"}
        for pool in told["pools"]:
            pool["use"] = {name: f"{Decimal(use) * percent / 100}" for name, use in pool["use"].items()}
        (folder / month).mkdir(parents=True)
        (folder / month / "statement.json").write_text(json.dumps(told), encoding="utf-8")
        shutil.copy(run / "items.json", folder / month)
        found.append(left_in(folder / month))
    return tuple(found)


def reported(
    run: Path,
    inventory: Path,
    usage: tuple[Path, ...],
    *more: object,
    portfolio: Path = LOCAL,
    **known: Any,
) -> Read:
    """The pages of *run*, and the documents that they were made from; what is *known* besides."""
    month, out = left_in(run), run.with_name(f"{run.name}.pages")
    given = [word for path in usage for word in ("--usage", path)]
    said(
        "report", "--inventory", inventory, "--period", month.month, "--run", run, "--previews", 0,
        "--portfolio", portfolio, *given, *more, "--out", out,
    )  # fmt: skip
    pages, otherwise = [], []
    for page, differs in read_folder(out):
        pages.append(page)
        otherwise += differs
    plan = json.loads(inventory.read_text(encoding="utf-8"))["plan"]
    gates = json.loads((run / "manifest.json").read_text(encoding="utf-8"))["readiness"]
    tier, points = curve_of(month)
    documents = Documents(
        month,
        plan,
        usage=tuple(row for path in usage for row in rows(path)),
        gates=tuple(gates),
        options=options_of(plan),
        savings=savings_of(inventory, month.month),
        curve_tier=tier,
        curve=points,
    )
    return pages, otherwise, replace(documents, **known)


def allocated(inventory: Path, bill: Path, usage: Path, out: Path, *more: object) -> None:
    said(
        "allocate", "--bill", bill, "--usage", usage, "--inventory", inventory, "--out", out,
        "--period", "2026-12" if bill.name.startswith("december.") else "2026-11", *more,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("walked")


@pytest.fixture(scope="module")
def walked() -> list[Printed]:
    """All pages that were walked: the last test asks whether anything was on none of them."""
    return list(printed(moved())[0])


@pytest.fixture(scope="module", params=MONTHS)
def billed(request: pytest.FixtureRequest, folder: Path) -> Read:
    """A golden month, from its bill to its pages."""
    files, run = GOLDEN / request.param, folder / request.param
    allocated(files / "inventory.json", files / "bill.csv", files / "usage.csv", run)
    return reported(run, files / "inventory.json", (files / "usage.csv",))


@pytest.mark.sample(1)
def test_every_figure_of_a_bill(billed: Read, walked: list[Printed]) -> None:
    pages, otherwise, documents = billed
    walked += pages
    agree([*otherwise, *problems(pages, documents)])


def measured(path: Path) -> Path:
    """Use beyond what fees cover for a week, sizes that do not fit, and a day's peak that is no breach."""
    lines = ["tenant,driver,start,end,quantity"]
    for day in range(1, 31):
        for driver, quantity in (
            ("users", 24 * (13 if day in range(4, 12) else 9 if day == 30 else 8)),
            ("database-gib", 240 + day),
            ("filestore-gib", 1000 if day == 9 else 120),
            ("cpu-used", 2 + day % 7),
            ("memory-used", 90 + day),
        ):
            end = f"2026-11-{day + 1:02}" if day < 30 else "2026-12-01"
            lines.append(f"acme,{driver},2026-11-{day:02},{end},{quantity}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_every_figure_of_a_month_that_was_measured_tried_and_signed(
    folder: Path, walked: list[Printed]
) -> None:
    files, run = GOLDEN / "small-firm-shared", folder / "measured"
    inventory = rehearsing(files / "inventory.json", folder / "rehearsing.json")
    allocated(inventory, files / "bill.csv", files / "usage.csv", run)
    usage = (files / "usage.csv", measured(folder / "more.csv"))
    tried = [
        {
            "at": f"2026-{at}T03:00:00Z", "tenant": tenant, "step": "restore-test", "result": result,
            "restore_seconds": 125, "taken_at": f"2026-{at}T01:15:00Z",
        }
        for at, tenant, result in (
            ("11-05", "acme", "ok"), ("11-03", "acme", "failed"), ("11-20", "borealis", "failed"),
            ("12-04", "cygnus", "ok"),
        )
    ]  # fmt: skip
    tried += [
        {
            "at": f"2026-{at}T12:03:20Z", "step": "rehearsal",
            **json.loads(line(tenant=tenant, finished_at=f"2026-{at}T12:03:20Z", rpo_seconds=rpo)),
        }
        for at, tenant, rpo in (("11-24", "acme", 20_000), ("10-24", "acme", 100), ("12-02", "borealis", 100))
    ]  # fmt: skip
    # An older version did not write whose it is; what was tried of another portfolio counts for nobody.
    tried = [{**each, "portfolio": "local", "client": f"{each['tenant']}-ltd"} for each in tried]
    del tried[0]["portfolio"], tried[0]["client"]
    tried.append({**tried[1], "at": "2026-11-22T03:00:00Z", "result": "ok", "portfolio": "elsewhere"})
    for each in tried:
        evidence.append(folder / "tried.jsonl", each)
    metrics = [*of_server("platform/database", 18, 130, 1.25), *of_cache("platform/cache", 3, 140)]
    (folder / "metrics.json").write_text(json.dumps({"MetricDataResults": metrics}), encoding="utf-8")
    offers: tuple[dict[str, Any], ...] = (
        {SERVERS: [reserved_server(), reserved_server(Duration=3 * YEAR, FixedPrice=700.25)]},
        {CACHES: [reserved_node()]},
        {PLANS: [savings_plan(), savings_plan(payment="No Upfront", rate="0.2")]},
    )
    for number, each in enumerate(offers):
        (folder / f"offers-{number}.json").write_text(json.dumps(each), encoding="utf-8")
    sign_off = {"period": "2026-11", "decisions": {"idle capacity: platform: nodes": DECIDED}}
    (folder / "signed.yaml").write_text(yaml.safe_dump(sign_off), encoding="utf-8")
    pages, otherwise, documents = reported(
        run, inventory, usage,
        "--metrics", folder / "metrics.json",
        *(word for n in range(3) for word in ("--offers", folder / f"offers-{n}.json")),
        "--evidence", folder / "tried.jsonl", "--sign-off", folder / "signed.yaml",
        "--history", folder / "grown", past=grown(run, folder / "grown"),
        evidence=tuple(tried), signed=sign_off["decisions"],
        portfolio=with_register(LOCAL, folder / "register"), said=SAID, decided=DECISIONS,
        metrics=tuple(metrics), offers=offers,
    )  # fmt: skip
    walked += pages
    agree([*otherwise, *problems(pages, documents)])


def rehearsing(inventory: Path, path: Path) -> Path:
    """*inventory* with two tenants, of two clients, that are promised a recovery in another region."""
    told = json.loads(inventory.read_text(encoding="utf-8"))
    for tenant in told["plan"]["tenants"]:
        if (name := tenant["tenant"]) in {"acme", "borealis"}:
            tenant["facts"].append(
                {
                    "kind": "rehearsal", "id": f"{name}/rehearsal", "tenant": name, "domain": "resilience",
                    "category": "resilience", "region": "eu-west-1", "bucket": f"{name}/backup-bucket-copy",
                    "prefix": name, "namespace": f"rehearsal-{name}", "service_account": f"rehearsal-{name}",
                    "rpo_minutes": 5, "rto_minutes": 60, "age_days": 100,
                }
            )  # fmt: skip
            terms = [{"measure": "users", "covered": 2, "price": "19.00"}]
            terms.append({"measure": "core_hours", "covered": 1, "price": "0.19"})
            tenant["overage"] = {"agreed": name == "acme", "terms": terms}
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


DECIDED = {"decision": "keep it for the year's end", "by": "cfo", "on": "2026-12-07"}


@pytest.fixture(scope="module")
def history(folder: Path) -> Path:
    """November: closed, then restated, so that the restatement is what counts."""
    filed, scenario = folder / "history", "month-restated"
    print_allocation(request(scenario, history=filed, close=True), AFTERWARDS)
    print_allocation(
        request(scenario, "bill.restated.csv", history=filed, restate="a late correction"), AFTERWARDS
    )
    return filed


@pytest.mark.whole("the figures of one bill, and of one after an estimate, are read here")
@pytest.mark.sample(1)
@pytest.mark.parametrize("scenario", ["month-restated", "mid-month-move", "small-firm-shared"])
def test_every_figure_of_a_bill_after_another(
    scenario: str, folder: Path, history: Path, walked: list[Printed]
) -> None:
    """December is billed like *scenario*'s November."""
    files, run = GOLDEN / scenario, folder / f"{scenario}.after"
    bill, usage = (later(files / name, folder) for name in ("bill.csv", "usage.csv"))
    inventory = max(files.glob("inventory*.json"), key=lambda path: -len(path.name))
    allocated(inventory, bill, usage, run)
    (statement, items) = (
        max((history / "2026-11").glob(f"{name}-*.json")) for name in ("statement", "items")
    )
    restated = written(statement, items)
    pages, otherwise, documents = reported(run, inventory, (usage,), "--history", history, past=(restated,))
    walked += pages
    agree([*otherwise, *problems(pages, documents)])


@pytest.mark.whole("the figures of a month are read here, and of what changed in tests/allocation/report")
@pytest.mark.sample(1)
@pytest.mark.parametrize("before", ["an estimate", "a bill without items"])
def test_every_figure_of_a_bill_after(before: str, folder: Path, walked: list[Printed]) -> None:
    """Reports and runs are history, too; months of an earlier version have no items."""
    files, named = GOLDEN / "month-restated", before.replace(" ", "-")
    inventory, run = files / "inventory.json", folder / f"after.{named}"
    filed = folder / named / "2026-11"
    filed.parent.mkdir()
    if before == "an estimate":
        said("report", "--inventory", inventory, "--period", filed.name, "--out", filed, "--previews", 0)
    else:
        allocated(inventory, files / "bill.restated.csv", files / "usage.csv", filed)
        (filed / "items.json").unlink()
    bill, usage = (later(files / name, folder) for name in ("bill.csv", "usage.csv"))
    allocated(inventory, bill, usage, run)
    history = ("--history", filed.parent)
    pages, otherwise, documents = reported(run, inventory, (usage,), *history, past=(left_in(filed),))
    walked += pages
    agree([*otherwise, *problems(pages, documents)])


@pytest.mark.whole("the list of all tenants is long enough for these to be named")
def test_the_smallest_margins_of_a_dozen_tenants(walked: list[Printed]) -> None:
    sold = ("shared-namespace", "dedicated-db")
    dozen = [made_tenant(f"t{n}", tier=sold[n % 2], options={"users": 5 + n}) for n in range(12)]
    showback, documents = month_of([plan_of(*dozen)])
    pages, otherwise = printed(showback)
    walked += pages
    found = [*otherwise, *problems(pages, documents)]
    # Sums of many tenants by domain may be a cent off for each of them (ADR 32), and other tables have them.
    agree(each for each in found if "'margins'" in each)
    (index,) = (page for page in pages if page.kind == "index")
    assert "margins" in {table.name for table in index.tables}


@pytest.mark.sample(1)
def test_the_parts_of_a_bill_add_up_to_it_as_they_are_shown(billed: Read) -> None:
    """On the first page, too, whose parts have no foot: they are the figures of the page for finance."""
    pages = {page.kind: page for page in billed[0]}
    (glance,) = (table for table in pages["index"].tables if table.name == "glance")
    (waterfall,) = (table for table in pages["finance"].tables if table.name == "waterfall")
    bill, *parts = (Decimal(row[1].shown.replace(",", "")) for row in glance.rows[:5])
    assert sum(parts) == bill
    assert [row[1].shown for row in glance.rows[1:5]] == [row[1].shown for row in waterfall.rows]


def test_nothing_is_made_again_that_is_on_no_page(walked: list[Printed]) -> None:
    if len(walked) < 50:
        pytest.skip("only all tests of this file together walk every kind of page")
    assert EVERYTHING - met(walked) == set()
