"""`costack usage cloudwatch` writes what to ask, and the report reads what the AWS CLI answered."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from cli.console.exit_codes import Exit
from tests.allocation.metrics import of_server
from tests.cli.reporting import costack
from tests.portfolios import local_plan, plan_of
from tiers.facts.data import CacheGroup, DatabaseInstance
from tiers.inventory import exported
from tiers.plan.plan import Plan


def inventory(folder: Path, plan: Plan) -> Path:
    names = {
        fact.id: f"arn:aws:rds:us-east-1:123456789012:db:{fact.id.replace('/', '-')}"
        for fact in plan.all_facts()
        if isinstance(fact, DatabaseInstance | CacheGroup)
    }
    path = folder / "inventory.json"
    path.write_text(json.dumps(exported(plan, names)), encoding="utf-8")
    return path


def test_the_printed_command_asks_about_every_server_and_node_of_the_month(tmp_path: Path) -> None:
    file, out = inventory(tmp_path, local_plan()), tmp_path / "asked"
    told = costack("usage", "cloudwatch", "--inventory", file, "--period", "2026-11", "--out", out)
    assert told.exit_code == 0
    (command,) = told.stdout.splitlines()
    words = shlex.split(command)
    assert words[:5] == ["aws", "cloudwatch", "get-metric-data", "--region", "us-east-1"]
    assert words[7:11] == ["--start-time", "2026-11-01T00:00:00Z", "--end-time", "2026-12-01T00:00:00Z"]
    assert words[-2:] == [">", str(out / "metrics-1.json")]
    queries = json.loads(Path(words[6].removeprefix("file://")).read_text(encoding="utf-8"))
    asked = {each["Label"].split(" ")[0] for each in queries}
    assert asked == set(json.loads(file.read_text(encoding="utf-8"))["cloud_ids"])


def test_nothing_to_ask_about_is_said(tmp_path: Path) -> None:
    file = tmp_path / "inventory.json"
    file.write_text(json.dumps(exported(plan_of(), {})), encoding="utf-8")
    for words, said in (
        (("--inventory", file), "the inventory has neither server nor cache that is deployed"),
        ((), "name what was deployed: either --stack NAME or --inventory FILE"),
    ):
        told = costack("usage", "cloudwatch", *words, "--period", "2026-11", "--out", tmp_path / "asked")
        assert (told.exit_code, told.stderr.strip()) == (Exit.CONFIGURATION, said)
    assert not (tmp_path / "asked").exists()


def test_an_export_that_is_none_ends_a_report_before_a_page_is_written(tmp_path: Path) -> None:
    file, out = inventory(tmp_path, local_plan()), tmp_path / "report"
    (tmp_path / "metrics.json").write_text("{}", encoding="utf-8")
    told = costack(
        "report", "--inventory", file, "--period", "2026-11", "--metrics", tmp_path / "metrics.json",
        "--previews", 0, "--out", out,
    )  # fmt: skip
    assert told.exit_code == Exit.CONFIGURATION
    assert told.stderr.splitlines()[-1].startswith(
        f"{tmp_path / 'metrics.json'}: has no list MetricDataResults"
    )
    assert not out.exists()


def test_metrics_of_what_is_not_deployed_are_named(tmp_path: Path) -> None:
    file = inventory(tmp_path, local_plan())
    answered = of_server("other/server", 5, 5, 1)
    (tmp_path / "metrics.json").write_text(json.dumps({"MetricDataResults": answered}), encoding="utf-8")
    told = costack(
        "report", "--inventory", file, "--period", "2026-11", "--metrics", tmp_path / "metrics.json",
        "--previews", 0, "--cwd", tmp_path, "--out", tmp_path / "report",
    )  # fmt: skip
    assert told.exit_code == Exit.OK
    assert "metrics of 1 that are not deployed are left out, other/server among them" in told.stderr
    assert "without the portfolio's files nobody knows which sizes could change" in told.stderr
