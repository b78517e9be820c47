"""The log shipper reads a node's logs and nothing else; each tenant's lines go into that tenant's group."""

from __future__ import annotations

import fnmatch
import json
import re
from functools import cache
from typing import Any, Final

import pytest
import yaml

from components.kubernetes.parts.log_pipeline import pipeline
from policies.rules import RULES
from tests.components.conftest import declare_plan
from tests.components.kubernetes.test_pods import violations
from tests.components.monitor import Declared
from tests.components.queries import pod_specs, the
from tests.portfolios import grouped_platform, measured, plan_of, tenant
from tiers.facts.every_fact import LogGroup, LogShipper, Namespace
from tiers.plan.plan import Plan, facts_of
from tiers.portfolio.platform import Platform

NAME: Final = "local-fluent-bit"
# Keys of Fluent Bit's manual as of 5.1 (docs.fluentbit.io/manual), by page.
DOCUMENTED: Final = {
    # administration/configuring-fluent-bit/yaml/service-section
    "service": {
        *("flush", "grace", "log_level", "http_server", "http_listen", "http_port", "scheduler.base"),
        *("scheduler.cap", "storage.path", "storage.sync", "storage.max_chunks_up", "storage.type"),
    },
    # pipeline/inputs/tail; multiline.parser below "Multiline core", storage.type in pipeline/buffering
    "tail": {
        *("name", "tag", "path", "exclude_path", "db", "db.locking", "db.sync", "read_from_head"),
        *("refresh_interval", "rotate_wait", "skip_long_lines", "multiline.parser", "storage.type"),
    },
    # pipeline/filters/kubernetes
    "kubernetes": {
        *("name", "match", "kube_url", "kube_tag_prefix", "kube_token_ttl", "tls.verify", "buffer_size"),
        *("tls.verify_hostname", "labels", "annotations", "merge_log", "keep_log"),
        *("k8s-logging.parser", "k8s-logging.exclude"),
    },
    # pipeline/filters/grep
    "grep": {"name", "match", "regex", "exclude", "logical_op"},
    # pipeline/outputs/cloudwatch; storage.total_limit_size in pipeline/buffering
    "cloudwatch_logs": {
        *("name", "match", "region", "log_group_name", "log_group_template", "log_stream_prefix", "log_key"),
        *("log_stream_template", "auto_create_group", "retry_limit", "storage.total_limit_size"),
    },
}


@cache
def plan(prefix: str = "") -> Plan:
    document: dict[str, Any] = measured(grouped_platform()).model_dump(mode="json")
    document["cluster"]["namespace_prefix"] = prefix
    return plan_of(tenant(), platform=Platform.model_validate(document))


@cache
def declared() -> tuple[Declared, ...]:
    return tuple(declare_plan(plan()))


def fact(prefix: str = "") -> LogShipper:
    (found,) = facts_of(plan(prefix).platform, LogShipper)
    return found


def configuration(prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(pipeline(fact(prefix)))
    return found


def sections() -> list[tuple[str, dict[str, Any]]]:
    made = configuration()
    plugins = [each for kind in ("inputs", "filters", "outputs") for each in made["pipeline"][kind]]
    return [("service", made["service"]), *((each["name"], each) for each in plugins)]


def test_every_key_is_one_of_the_manuals() -> None:
    assert {name for name, _ in sections()} == DOCUMENTED.keys()
    for name, section in sections():
        assert section.keys() <= DOCUMENTED[name], name


def test_a_line_goes_to_the_group_that_its_tenant_has() -> None:
    (output,) = configuration()["pipeline"]["outputs"]
    assert facts_of(plan().tenants[0].facts, LogGroup)
    groups = [each for each in declared() if each.type == "aws:cloudwatch/logGroup:LogGroup"]
    (group,) = (each.props["name"] for each in groups if each.props.get("name", "").startswith("/odoo/"))
    label = "$kubernetes['labels']['cost/tenant']"
    assert output["log_group_template"].replace(label, "acme") == group
    assert output["auto_create_group"] == "off"


def test_only_lines_of_a_pod_that_says_whose_it_is_go_on() -> None:
    """As Fluent Bit reads them: an accessor, a space, and a pattern that is found somewhere."""
    greps = [each for each in configuration()["pipeline"]["filters"] if each["name"] == "grep"]
    patterns = {
        re.findall(r"\['([^']+)'\]", each["regex"].split()[0])[-1]: each["regex"].split()[1] for each in greps
    }

    def shipped(labels: dict[str, str]) -> bool:
        return all(re.search(found, labels.get(label, "")) for label, found in patterns.items())

    mine = [each for each in declared() if each.custom and each.type.startswith("kubernetes:apps")]
    for each in mine:
        labels = each.props["spec"]["template"]["metadata"]["labels"]
        assert shipped(labels) is ("cost/tenant" in labels), each.name
    assert {shipped(each.props["spec"]["template"]["metadata"]["labels"]) for each in mine} == {True, False}
    assert not shipped({"cost/tenant": "acme", "cost/portfolio": "locally"})
    assert not shipped({"cost/tenant": "../acme", "cost/portfolio": "local"})


@pytest.mark.parametrize("prefix", ["", "north"])
def test_files_of_other_namespaces_are_not_opened(prefix: str) -> None:
    (source,) = configuration(prefix)["pipeline"]["inputs"]
    mine = [each.namespace for each in plan(prefix).all_facts() if isinstance(each, Namespace)]

    def opened(namespace: str, pod: str = "x-1", container: str = "odoo") -> bool:
        path = f"/var/log/containers/{pod}_{namespace}_{container}-{'0' * 64}.log"
        return fnmatch.fnmatch(path, source["path"]) and not fnmatch.fnmatch(path, source["exclude_path"])

    assert {each for each in mine if not opened(each)} == {fact(prefix).namespace, "traefik"}
    assert not opened("kube-system")
    assert not opened("kube-system", pod="odoo-production", container="odoo-production")
    assert not opened("south-odoo-production")


def test_it_may_ask_for_a_pod_and_write_to_the_portfolios_groups() -> None:
    role = the(declared(), "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", NAME)
    assert role.props["rules"] == [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    text = the(declared(), "aws:iam/rolePolicy:RolePolicy", f"{NAME}-policy").props["policy"]
    (statement,) = json.loads(text)["Statement"]
    assert statement["Action"] == ["logs:CreateLogStream", "logs:PutLogEvents"]
    assert statement["Resource"] == "arn:aws:logs:us-east-1:123456789012:log-group:/odoo/local/*"


def test_it_is_root_that_reads_two_directories_and_nothing_more() -> None:
    ((_, spec),) = pod_specs([the(declared(), "kubernetes:apps/v1:DaemonSet", NAME)])
    assert len(violations(spec)) == 4
    mounts = {each["mountPath"]: each.get("readOnly") for each in spec["containers"][0]["volumeMounts"]}
    assert {each["hostPath"]["path"] for each in spec["volumes"] if "hostPath" in each} <= mounts.keys()
    assert [path for path, read_only in mounts.items() if not read_only] == ["/tmp"]
    assert spec["tolerations"] == [{"operator": "Exists"}]


def test_the_policy_pack_lets_it_pass_as_it_is() -> None:
    mine = [each for each in declared() if each.custom and "fluent-bit" in str(each.props)]
    assert len(mine) >= 9
    said = {
        (each.name, rule.name): list(rule.check(each.type, each.props)) for each in mine for rule in RULES
    }
    assert {where: found for where, found in said.items() if found} == {}


@pytest.mark.whole("pods are replaced by a checksum wherever they read a file")
def test_another_configuration_needs_other_pods() -> None:
    def read(of: LogShipper) -> str:
        made = declare_plan(plan(of.namespace.removesuffix("odoo-platform-logs").rstrip("-")))
        daemons = [each for each in made if each.type == "kubernetes:apps/v1:DaemonSet"]
        return str(daemons[0].props["spec"]["template"]["metadata"]["annotations"])

    assert read(fact()) != read(fact("north"))


def test_each_node_that_is_added_runs_one_more() -> None:
    assert fact().replicas == sum(group.nodes for group in measured(grouped_platform()).cluster.node_groups)
