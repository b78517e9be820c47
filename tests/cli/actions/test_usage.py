from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.adapters.usage.server import Answer, answering, asks_for_presence, asks_for_use, vector
from tests.allocation.adapters.usage.test_opencost import allocation, reply
from tests.allocation.adapters.usage.test_split_cost import month, written


def usage(*arguments: object, **environment: str) -> Any:
    return CliRunner().invoke(app, ["usage", *map(str, arguments)], env=environment)


def measured(path: str, query: dict[str, str]) -> Answer:
    assert path == "/api/v1/query"
    if asks_for_presence(query["query"]):
        return 200, vector(({}, "288"))
    if not asks_for_use(query["query"]):
        return 200, vector()
    return 200, vector(({"label_cost_tenant": "acme"}, "288"))


def test_a_month_of_prometheus_is_a_file_that_allocate_reads(tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    with answering(measured) as server:
        said = usage(
            "prometheus", "--url", server.url, "--period", "2026-10", "--out", out, "--driver", "cpu-used"
        )
    assert (said.exit_code, said.stdout) == (Exit.OK, "")
    header, first, *rest = out.read_text(encoding="utf-8").splitlines()
    assert (header, len(rest)) == ("tenant,driver,start,end,quantity", 30)
    assert first.startswith("acme,cpu-used,2026-10-01")


@pytest.mark.whole("tests/allocation/adapters/usage writes every query")
def test_a_cluster_label_that_is_given_is_in_every_join(tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"

    def answer(path: str, query: dict[str, str]) -> Answer:
        if query["query"].startswith("group by (site) (last_over_time("):
            return 200, vector(({"site": "east"}, "1"))
        return measured(path, query)

    with answering(answer) as server:
        arguments = ("--url", server.url, "--period", "2026-10", "--out", out, "--driver", "cpu-used")
        said = usage("prometheus", *arguments, "--cluster-label", "site")
    assert (said.exit_code, said.stderr) == (Exit.OK, f"{out}: 31 rows\n")
    queries = {query["query"] for _, query, _ in server.asked}
    joins = [each for each in queries if "on (" in each]
    assert joins
    assert all("on (site, namespace, pod" in each for each in joins)


def test_what_is_refused_on_the_last_day_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    out.write_text("as it was", encoding="utf-8")

    def answer(path: str, query: dict[str, str]) -> Answer:
        if query["time"].startswith("2026-10-31") and "unless" in query["query"]:
            return 200, vector(({"namespace": "odoo-acme", "pod": "web-0"}, "288"))
        return measured(path, query)

    with answering(answer) as server:
        arguments = ("--url", server.url, "--period", "2026-10", "--out", out, "--driver", "cpu-used")
        said = usage("prometheus", *arguments)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (Exit.ERROR, "", 1)
    asked = "asked for driver cpu-used on 2026-10-31 (query pods-undated of promql.yaml)"
    assert f"{asked}, answered with pods without kube_pod_created: " in said.stderr
    assert (out.read_text(encoding="utf-8"), list(tmp_path.iterdir())) == ("as it was", [out])


def test_opencosts_hours_are_taken(tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    with answering(lambda _path, _query: (200, reply(acme=allocation()))) as server:
        said = usage("opencost", "--url", server.url, "--period", "2026-10", "--out", out)
    assert said.exit_code == Exit.OK, said.stderr
    assert "cpu-billable" in out.read_text(encoding="utf-8")


def test_a_month_that_runs_is_not_fetched(tmp_path: Path) -> None:
    said = usage(
        "opencost", "--url", "http://127.0.0.1:1", "--period", "9000-01", "--out", tmp_path / "u.csv"
    )
    assert (said.exit_code, said.stdout) == (Exit.CONFIGURATION, "")
    assert said.stderr.startswith("--period '9000-01': runs until 9000-02-01")


@pytest.mark.whole("tests/allocation/adapters/usage/test_prometheus has every failure of a server")
def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    said = usage("opencost", "--url", "http://127.0.0.1:1", "--period", "2026-10", "--out", out)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (Exit.ERROR, "", 1)
    assert not out.exists()


def test_a_token_is_named_never_shown(tmp_path: Path) -> None:
    out = tmp_path / "usage.csv"
    arguments = ("opencost", "--period", "2026-10", "--out", out, "--token-env", "SECRET")
    missing = usage(*arguments, "--url", "http://127.0.0.1:1")
    assert missing.exit_code == Exit.ERROR
    assert "environment variable SECRET: is not set" in missing.stderr
    with answering(lambda _path, _query: (403, json.dumps({"error": "no"}))) as server:
        refused = usage(*arguments, "--url", server.url, SECRET="hunter2")
    assert refused.exit_code == Exit.ERROR
    assert "hunter2" not in refused.output


def test_backups_say_how_many_users_odoo_had_and_of_whom_they_do_not(tmp_path: Path) -> None:
    for tenant, first in (("acme", 1), ("late", 3)):
        (tmp_path / "manifests" / tenant).mkdir(parents=True)
        for day in range(first, 32):
            started = f"2026-10-{day:02}T02:00:00Z"
            told = json.dumps({"tenant": tenant, "started": started, "active_users": 7})
            (tmp_path / "manifests" / tenant / f"{started}.json").write_text(told, encoding="utf-8")
    out = tmp_path / "users.csv"
    said = usage("backups", tmp_path / "manifests", "--period", "2026-10", "--out", out)
    assert (said.exit_code, said.stdout) == (Exit.OK, "")
    assert said.stderr.splitlines() == [
        "late: no backup counted its users before 2026-10-03; these days have no row",
        f"{out}: 60 rows",
    ]
    lines = out.read_text(encoding="utf-8").splitlines()
    assert lines[1] == "acme,users,2026-10-01T00:00:00Z,2026-10-02T00:00:00Z,168"
    assert len(lines) == 61


def test_a_folder_without_backups_writes_no_file(tmp_path: Path) -> None:
    said = usage("backups", tmp_path, "--period", "2026-10", "--out", tmp_path / "users.csv")
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (Exit.CONFIGURATION, "", 1)
    assert not (tmp_path / "users.csv").exists()


def test_aws_split_cost_allocation_data_is_a_file_and_is_compared(tmp_path: Path) -> None:
    report = written(
        tmp_path, [*month("odoo-production", resource_tags='{"user:cost/tenant": "acme"}'), *month("kube")]
    )
    out = tmp_path / "usage.csv"
    inventory = "tests/golden/small-firm-shared/inventory.json"
    arguments = ("split-cost", report, "--period", "2026-10", "--inventory", inventory)
    said = usage(*arguments, "--unlabelled", "platform", "--out", out)
    assert (said.exit_code, said.stdout, said.stderr) == (Exit.OK, "", f"{out}: 186 rows\n")
    mine = tmp_path / "mine.csv"
    mine.write_text(
        "tenant,driver,start,end,quantity\nacme,cpu-requests,2026-10-01,2026-11-01,15.5\n"
        "platform,cpu-requests,2026-10-01,2026-11-01,31\n",
        encoding="utf-8",
    )
    said = usage(*arguments, "--unlabelled", "platform", "--out", out, "--against", mine)
    assert said.exit_code == Exit.OK, said.stderr
    assert said.stderr.splitlines()[:2] == [
        "cpu-requests of platform: 15.500 here, 31.000 in the other file",
        f"1 of 2 quantities differ by 5 % at most from {mine}",
    ]


def test_a_shared_namespace_without_tags_writes_nothing(tmp_path: Path) -> None:
    report, out = written(tmp_path, month("odoo-production")), tmp_path / "usage.csv"
    inventory = "tests/golden/small-firm-shared/inventory.json"
    said = usage("split-cost", report, "--period", "2026-10", "--inventory", inventory, "--out", out)
    assert (said.exit_code, said.stdout, said.stderr.count("\n")) == (Exit.CONFIGURATION, "", 1)
    assert said.stderr.startswith("namespace odoo-production: several tenants share it")
    assert not out.exists()


@pytest.mark.parametrize(
    "command", ["prometheus --url", "opencost --url", "backups manifests", "split-cost cur/"]
)
def test_each_shows_an_example(command: str) -> None:
    said = usage(command.split(maxsplit=1)[0], "--help")
    assert f"Example: costack usage {command}" in said.stdout
