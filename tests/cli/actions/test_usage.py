from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.console.exit_codes import Exit
from cli.main import app
from tests.allocation.adapters.usage.server import Answer, answering, vector
from tests.allocation.adapters.usage.test_opencost import allocation, reply


def usage(*arguments: object, **environment: str) -> Any:
    return CliRunner().invoke(app, ["usage", *map(str, arguments)], env=environment)


def measured(path: str, query: dict[str, str]) -> Answer:
    assert path == "/api/v1/query"
    if query["query"].startswith("count_over_time"):
        return 200, vector(({}, "288"))
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


@pytest.mark.parametrize("command", ["prometheus", "opencost"])
def test_each_shows_an_example(command: str) -> None:
    said = usage(command, "--help")
    assert f"Example: costack usage {command} --url" in said.stdout
