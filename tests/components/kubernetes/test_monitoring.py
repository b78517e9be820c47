from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from allocation.report.statement.openmetrics import as_openmetrics
from components.kubernetes import monitoring
from tests.allocation.showbacks import filed
from tests.allocation.statement.test_statement import statement_of
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.portfolios import ROOT, local_plan, local_portfolio, plan_of, tenant
from tests.promql import CADVISOR, KUBE_STATE_METRICS, POSTGRES_EXPORTER, selected
from tests.tagged import expected_keys
from tiers.plan.plan import Plan
from tiers.portfolio.cluster import MonitoringSpec

CONFIG_MAP = "kubernetes:core/v1:ConfigMap"
RULE = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
FOLDER = Path(monitoring.__file__).parent / "dashboards"
BOARDS = sorted(FOLDER.glob("*.json"))
# Grafana's own, as far as they are used here (its docs, "standard options", and valueFormats).
UNITS = {"locale", "none", "percentunit", "s", "bytes"}
# What Grafana puts in before it asks.
FILLED_IN = {"$__rate_interval": "5m"}


def plan_with(spec: MonitoringSpec | None) -> Plan:
    platform = local_portfolio().platform.model_copy(update={"monitoring": spec})
    return plan_of(tenant("acme"), tenant("cobalt", tier="dedicated-db"), platform=platform)


def made(plan: Plan) -> tuple[set[str], set[str]]:
    """URNs of all that is declared, and of what is declared for Grafana and Prometheus."""
    urns = {each.urn for each in declare_plan(plan)}
    return urns, {urn for urn in urns if re.search(r"GrafanaDashboards|TenantAlerts|PrometheusRule", urn)}


@pytest.mark.whole("tests/golden holds every URN of a platform without them")
def test_who_does_not_ask_gets_nothing_and_keeps_every_urn() -> None:
    nothing, none_of_it = made(plan_with(None))
    assert none_of_it == set()
    everything = MonitoringSpec(namespace="monitoring", dashboards=True, prometheus_operator=True)
    urns, added = made(plan_with(everything))
    assert urns - added == nothing
    assert len(added) == 2 + 2 * 2  # a component and its object: once, and for each tenant
    off, none_of_it = made(plan_with(MonitoringSpec(namespace="monitoring")))
    assert (off, none_of_it) == (nothing, set())


@pytest.mark.sample(1)
@pytest.mark.parametrize(
    ("spec", "types"),
    [
        ({"dashboards": True}, {CONFIG_MAP}),
        ({"prometheus_operator": True}, {RULE}),
    ],
)
def test_each_is_had_without_the_other(spec: dict[str, Any], types: set[str]) -> None:
    _, added = made(plan_with(MonitoringSpec(namespace="monitoring", **spec)))
    assert {urn.split("::")[2].rpartition("$")[2] for urn in added if "$kubernetes:" in urn} == types


def test_the_sidecar_finds_the_dashboards(declared: tuple[Declared, ...]) -> None:
    (found,) = [each for each in declared if each.type == CONFIG_MAP]
    metadata = found.props["metadata"]
    assert (metadata["name"], metadata["namespace"]) == ("local-dashboards", "monitoring")
    assert found.labels["grafana_dashboard"] == "1"
    assert found.labels["cost/domain"] == "shared-platform"
    assert found.props["data"].keys() == {path.name for path in BOARDS}
    assert sum(len(text) for text in found.props["data"].values()) < 2**20  # what a ConfigMap may hold


def test_the_operator_finds_the_rules_and_whose_they_are(declared: tuple[Declared, ...]) -> None:
    rules = {each.name: each for each in declared if each.type == RULE}
    assert rules.keys() == {each.tenant for each in local_plan().tenants}
    for each in rules.values():
        assert each.labels["release"] == "kube-prometheus-stack"
        assert expected_keys(each.urn) <= each.labels.keys()
        assert (each.props["apiVersion"], each.props["kind"]) == (
            "monitoring.coreos.com/v1",
            "PrometheusRule",
        )
    assert rules["acme"].props["metadata"]["namespace"] == "odoo-production"
    assert rules["cobalt"].props["metadata"]["namespace"] == "odoo-cobalt"


def test_nothing_is_scraped_where_nothing_listens(declared: tuple[Declared, ...]) -> None:
    assert {each.type.rpartition(":")[2] for each in declared} & {"ServiceMonitor", "PodMonitor"} == set()
    assert "prometheus.io/scrape" not in json.dumps([each.props for each in declared], default=str)


@cache
def board(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return loaded


def panels(path: Path) -> list[dict[str, Any]]:
    """Everything that shows something; rows only part them."""
    return [each for each in board(path)["panels"] if each["type"] != "row"]


def queries(path: Path) -> Iterator[str]:
    for panel in panels(path):
        for target in panel["targets"]:
            yield target["expr"]
    for variable in board(path)["templating"]["list"]:
        if variable["type"] == "query":
            matched = re.fullmatch(r"label_values\((.+), (\w+)\)", variable["query"]["query"])
            assert matched, variable
            yield matched[1]


def of_a_statement() -> dict[str, frozenset[str]]:
    """Each metric that a statement tells, and its labels."""
    message: dict[str, frozenset[str]] = {}
    for statement in (statement_of(local_plan()), statement_of(plan_of())):
        for line in as_openmetrics(filed(statement)).splitlines():
            if found := re.match(r"(\w+)\{(.*)\} ", line):
                message[found[1]] = frozenset(re.findall(r'(\w+)="', found[2]))
    return message


@pytest.mark.whole("each dashboard of a tenant asks the same metrics")
@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_dashboard_queries_only_metrics_that_exist(path: Path) -> None:
    known = {**of_a_statement(), **KUBE_STATE_METRICS, **CADVISOR, **POSTGRES_EXPORTER}
    asked = set()
    for query in queries(path):
        for variable, value in FILLED_IN.items():
            query = query.replace(variable, value)  # noqa: PLW2901 - what Grafana does
        for one in selected(query):
            assert {label for label, _, _ in one.matchers} <= known[one.metric], one
            asked.add(one.metric)
    assert asked >= of_a_statement().keys() - {"tenant_cost_period_start_seconds"}


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_amounts_of_two_portfolios_bases_or_currencies_are_never_added(path: Path) -> None:
    message = of_a_statement()
    for panel in panels(path):
        for target in panel["targets"]:
            for one in selected(target["expr"].replace("$__rate_interval", "5m")):
                held = {label: text for label, _, text in one.matchers}
                for label in {"portfolio", "basis", "currency"} & message.get(one.metric, frozenset()):
                    assert held[label] == f"${label}", panel["title"]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_every_panel_says_what_it_shows_and_in_what(path: Path) -> None:
    assert len(panels(path)) > 15
    titles = [panel["title"] for panel in board(path)["panels"]]
    assert len(titles) == len(set(titles))
    for panel in panels(path):
        assert panel["description"].endswith("."), panel["title"]
        assert panel["fieldConfig"]["defaults"]["unit"] in UNITS, panel["title"]
        money = panel["fieldConfig"]["defaults"]["unit"] == "locale"
        assert ("$currency" in panel["description"]) is money, panel["title"]


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_a_dashboard_is_no_instances_and_is_found_under_one_name(path: Path) -> None:
    content = board(path)
    assert "id" not in content  # the id that one Grafana gave it
    assert content["uid"] == f"costack-{path.stem}"
    assert content["schemaVersion"] == 42
    for panel in panels(path):
        sources = [panel["datasource"], *(target["datasource"] for target in panel["targets"])]
        assert all(each == {"type": "prometheus", "uid": "${datasource}"} for each in sources)
    names = [each["name"] for each in content["templating"]["list"]]
    assert names == ["datasource", "portfolio", "basis", "currency", "client"]
    used = set(re.findall(r"\$\{?([a-z_]+)", json.dumps(content))) - {"__rate_interval", "__all"}
    assert used == set(names)


@pytest.mark.parametrize("path", BOARDS, ids=lambda path: path.stem)
def test_panels_lie_beside_each_other(path: Path) -> None:
    taken: set[tuple[int, int]] = set()
    for panel in board(path)["panels"]:
        at = panel["gridPos"]
        cells = {(at["x"] + x, at["y"] + y) for x in range(at["w"]) for y in range(at["h"])}
        assert not taken & cells, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    ids = [panel["id"] for panel in board(path)["panels"]]
    assert len(ids) == len(set(ids))


def test_dashboards_are_there_and_packaged() -> None:
    assert [path.stem for path in BOARDS] == ["tenant-cost"]
    package = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert '"dashboards/*.json"' in package
