"""What every deployment must consist of: each check lists what is missing or wrong."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from components.tags.cost_tags import TAGGABLE_TYPES
from tests.components.aws_names import refused_by_aws
from tests.components.kubernetes.test_pods import violations
from tests.components.monitor import Declared
from tests.components.queries import pod_specs
from tests.components.reachability import (
    INGRESS,
    NAMESPACE,
    POLICY,
    Network,
    Pod,
    Policy,
    network_of,
    pods_of,
)
from tests.components.security_groups import reach_faults
from tests.components.test_roles_apart import across
from tests.components.test_tenants_apart import INTERNET, METADATA, between_tenants
from tests.tagged import expected_keys, label_sets
from tiers.facts.compute import ScheduledJob, SleepSchedule
from tiers.facts.data import LogicalBackup
from tiers.facts.names import FINAL_DUMP, ODOO_UPDATE
from tiers.facts.network import Egress, Route
from tiers.plan.plan import Plan, TenantPlan, facts_of

Faults = Iterator[str]
_RESTRICTED: Final = ("enforce", "audit", "warn")
_NAME: Final = "app.kubernetes.io/name"
_CLAIM: Final = {"persistentVolumeClaim"}
_UNITS: Final = {"m": 1, "": 1000, "Mi": 1000 * 2**20, "Gi": 1000 * 2**30}
_READS_NODE_LOGS: Final = frozenset(
    {
        "runAsNonRoot is not true",
        "runAsUser is root",
        *(f"volume {name} is of a forbidden type" for name in ("containers", "pods")),
    }
)
_DENY_ALL: Final = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}


def faults_of(plan: Plan, declared: Sequence[Declared]) -> list[str]:
    """All that is wrong with what was declared for *plan*."""
    found = [fault for each in plan.tenants for fault in _tenant_faults(each, declared)]
    for check in (_untagged, _unbounded_pods, _open_secrets, _tight_quotas):
        found += check(declared)
    network = network_of(declared)
    found += (fault for each in plan.tenants for fault in _outward_faults(each, network))
    found += (f"{each} crosses tenants" for each in between_tenants(network))
    found += (f"{each} crosses tenants" for each in across(declared))
    found += reach_faults(plan, declared)
    return found + refused_by_aws(declared)


def _tenant_faults(plan: TenantPlan, declared: Sequence[Declared]) -> Faults:
    (route,) = facts_of(plan.facts, Route)
    here = [each for each in declared if _namespace(each) == route.namespace]
    yield from _namespace_faults(route.namespace, declared, here)
    yield from _policy_faults(plan.tenant, list(pods_of(declared)), here)
    yield from _way_in_faults(plan.tenant, route, declared)
    yield from _volume_faults(plan.tenant, declared, here)
    yield from _account_faults(plan.tenant, here)
    yield from _disruption_faults([each for each in here if each.labels.get("cost/tenant") == plan.tenant])
    for kind in ("ResourceQuota", "LimitRange"):
        if len(_of_kind(here, kind)) != 1:
            yield f"{plan.tenant}: {len(_of_kind(here, kind))} {kind} in {route.namespace}"
    yield from _sleep_faults(plan, here)
    mine = [each for each in _of_kind(here, "CronJob") if each.labels.get("cost/tenant") == plan.tenant]
    mine = [each for each in mine if each.labels[_NAME] == "odoo"]
    backups = [each for each in mine if not _is_test(each)]
    if len(backups) != len([each for each in facts_of(plan.facts, LogicalBackup) if each.name != FINAL_DUMP]):
        yield f"{plan.tenant}: {len(backups)} backup jobs"
    tested = [each for each in facts_of(plan.facts, ScheduledJob) if each.restore_test]
    if len(mine) - len(backups) != len(tested):
        yield f"{plan.tenant}: {len(mine) - len(backups)} restore tests"


def _is_test(each: Declared) -> bool:
    """Whether it is the scheduled restore test, which mounts nothing of the tenant's."""
    return each.type.endswith(":CronJob") and each.props["metadata"]["name"].endswith("-restore-test")


def _mounts_nothing(each: Declared) -> bool:
    """Whether it needs no files of the tenant: a restore test, the page of a stopped Odoo, a start."""
    return _is_test(each) or each.name.endswith(("-maintenance", "-odoo-start"))


def _namespace_faults(name: str, declared: Sequence[Declared], here: Sequence[Declared]) -> Faults:
    found = [each for each in declared if each.type == NAMESPACE and each.props["metadata"]["name"] == name]
    if len(found) != 1:
        yield f"{len(found)} namespaces called {name}"
    for each in found:
        for mode in _RESTRICTED:
            if each.labels.get(f"pod-security.kubernetes.io/{mode}") != "restricted":
                yield f"{name}: Pod Security does not {mode} restricted"
        if not each.labels.get("pod-security.kubernetes.io/enforce-version", "").startswith("v1."):
            yield f"{name}: no version of Pod Security"
    roles = [
        each.props["rules"]
        for each in here
        if each.type.endswith(":Role")
        and not _is_sleeps(each)
        and not _is_updates(each)
        and each.props["metadata"]["name"] != "routes"
    ]
    if [{verb for rule in rules for verb in rule["verbs"]} for rules in roles] != [{"get", "list", "watch"}]:
        yield f"{name}: support may do something else than look"
    specs = [each.props["spec"] for each in here if each.type == POLICY]
    if _DENY_ALL not in specs:
        yield f"{name}: nothing is denied by default"
    if not any(_is_dns(spec) for spec in specs):
        yield f"{name}: no pod can look up a name"


def _that_sleep(mine: Sequence[Declared]) -> list[Declared]:
    """Its Deployments of Odoo; files and backups are held while it sleeps, and measured."""
    found = _of_kind(mine, "Deployment")
    return [each for each in found if each.labels["app.kubernetes.io/component"] != "usage"]


def _is_sleeps(each: Declared) -> bool:
    """Whether a role, or its binding, is the one with which a tenant falls asleep."""
    return "cost/tenant" in each.labels and each.props["metadata"]["name"].endswith("-sleep")


def _is_updates(each: Declared) -> bool:
    """Whether a role is that of an update of modules: it may read and scale Deployments that it names."""
    rules = each.props.get("rules", ())
    return each.props["metadata"]["name"] == f"{each.labels.get('cost/tenant')}-update" and all(
        rule["resources"] == ["deployments/scale"] and rule["resourceNames"] for rule in rules
    )


def _sleep_faults(plan: TenantPlan, here: Sequence[Declared]) -> Faults:
    """A tenant that sleeps may scale its own Deployments, and sees the Job that updates its modules.

    Nothing else; who does not sleep may do nothing.
    """
    mine = [each for each in here if each.labels.get("cost/tenant") == plan.tenant]
    names = sorted(each.props["metadata"]["name"] for each in _that_sleep(mine))
    own = {"apiGroups": ["apps"], "resources": ["deployments/scale"], "resourceNames": names}
    updates = [
        each.props["metadata"]["name"]
        for each in _of_kind(mine, "Job")
        if each.labels["app.kubernetes.io/component"] == ODOO_UPDATE
    ]
    see = {"apiGroups": ["batch"], "resources": ["jobs"], "resourceNames": updates, "verbs": ["get"]}
    rules = [{**own, "verbs": ["patch"]}, *([see] if updates else [])]
    wanted = [rules] if facts_of(plan.facts, SleepSchedule) else []
    if [each.props["rules"] for each in mine if _is_sleeps(each) and each.type.endswith(":Role")] != wanted:
        yield f"{plan.tenant}: its role is not to scale {', '.join(names)}"
    asleep = [each.props for each in mine if _is_sleeps(each) and each.type.endswith(":RoleBinding")]
    subjects = [
        (subject["kind"], subject["name"], subject["namespace"])
        for props in asleep
        for subject in props["subjects"]
    ]
    (route,) = facts_of(plan.facts, Route)
    if subjects != [("ServiceAccount", f"{plan.tenant}-sleep", route.namespace) for _ in wanted]:
        yield f"{plan.tenant}: {subjects} may scale it"
    jobs = [each.props["metadata"]["name"] for each in _of_kind(mine, "CronJob") if _sleeps(each)]
    if sorted(jobs) != [f"{plan.tenant}-{name}" for name in (("sleep", "wake") if wanted else ())]:
        yield f"{plan.tenant}: sleeps by {jobs}"
    for each in _that_sleep(mine):
        if ("spec.replicas" in each.ignore_changes) < bool(wanted):
            yield f"{each.name}: an update would wake it"


def _sleeps(each: Declared) -> bool:
    return each.labels.get(_NAME) == "sleep"


def _is_dns(spec: Mapping[str, Any]) -> bool:
    ports = {(port["protocol"], port["port"]) for rule in spec.get("egress", ()) for port in rule["ports"]}
    return not spec["podSelector"] and ports >= {("UDP", 53), ("TCP", 53)}


def _policy_faults(tenant: str, pods: Sequence[Pod], here: Sequence[Declared]) -> Faults:
    by_name = {
        each.props["metadata"]["name"]: Policy(each.props["metadata"]["namespace"], each.props["spec"])
        for each in here
        if each.type == POLICY
    }
    namespaces = {policy.namespace for policy in by_name.values()}
    mine = [pod for pod in pods if pod.tenant == tenant and pod.namespace in namespaces]
    for purpose, selected in (("from-ingress", "web"), ("to-data", "")):
        policy = by_name.get(f"{tenant}-{purpose}")
        if policy is None:
            yield f"{tenant}: no policy {purpose}"
            continue
        if (INGRESS in policy.directions) is not (purpose == "from-ingress"):
            yield f"{tenant}: {purpose} is about {sorted(policy.directions)}"
        for pod in mine:
            if pod.labels[_NAME] != "odoo":
                if policy.selects(pod):
                    yield f"{tenant}: {purpose} and {pod.name}"
                continue
            wanted = not selected or pod.labels["app.kubernetes.io/component"] == selected
            if policy.selects(pod) is not wanted:
                yield f"{tenant}: {purpose} and {pod.name}"


def _outward_faults(plan: TenantPlan, network: Network) -> Faults:
    (egress,) = facts_of(plan.facts, Egress)
    for pod in (each for each in network.pods if each.tenant == plan.tenant):
        if any(network.egress_to_address(pod, METADATA, port) for port in (80, 443)):
            yield f"{pod.name}: reaches the metadata of its node"
        serves = pod.labels["app.kubernetes.io/component"] in ("web", "cron")
        if serves and network.egress_to_address(pod, INTERNET, 443) is not egress.internet:
            yield f"{pod.name}: the internet is to be {'open' if egress.internet else 'closed'}"
        open_to_mail = egress.mail_ports if egress.internet else ()
        for port in (25, 110, 143, 465, 587, 993, 995) if serves else ():
            if network.egress_to_address(pod, INTERNET, port) is not (port in open_to_mail):
                must = "open" if port in open_to_mail else "closed"
                yield f"{pod.name}: port {port} of mail servers is to be {must}"


def _way_in_faults(tenant: str, route: Route, declared: Sequence[Declared]) -> Faults:
    hosts = []
    for ingress in _of_kind(declared, "Ingress"):
        spec = ingress.props["spec"]
        named = [rule["host"] for rule in spec["rules"]]
        secured = [host for each in spec.get("tls", ()) if each.get("secretName") for host in each["hosts"]]
        if named != secured or any("*" in host for host in named):
            yield f"{ingress.name}: {named} with TLS for {secured}"
        if _namespace(ingress) != route.namespace and {*route.hosts, *route.redirects} & {*named}:
            yield f"{tenant}: {route.hostname} is routed in {_namespace(ingress)}"
        hosts += named
    for host in (*route.hosts, *route.redirects):
        if hosts.count(host) != 1:
            yield f"{tenant}: {host} is routed {hosts.count(host)} times"


def _volume_faults(tenant: str, declared: Sequence[Declared], here: Sequence[Declared]) -> Faults:
    claims = {
        each.props["metadata"]["name"]: each.props["spec"] for each in _of_kind(here, "PersistentVolumeClaim")
    }
    retained = {
        each.props["metadata"]["name"]
        for each in _of_kind(declared, "PersistentVolume")
        if each.props["spec"]["persistentVolumeReclaimPolicy"] == "Retain"
    }
    mine = [each for each in here if each.labels.get("cost/tenant") == tenant and not _sleeps(each)]
    for name, spec in pod_specs([each for each in mine if not _mounts_nothing(each)]):
        mounted = [
            each["persistentVolumeClaim"] for each in spec["volumes"] if "persistentVolumeClaim" in each
        ]
        if len(mounted) != (2 if name == f"{tenant}-copy-filestore" else 1):
            yield f"{name}: {len(mounted)} claims"
        for claim in mounted:
            if claims.get(claim["claimName"], {}).get("volumeName") not in retained:
                yield f"{name}: {claim['claimName']} is no claim on a volume that is retained"


def _account_faults(tenant: str, here: Sequence[Declared]) -> Faults:
    quiet = {
        each.props["metadata"]["name"]
        for each in _of_kind(here, "ServiceAccount")
        if each.props.get("automountServiceAccountToken") is False
    }
    for name, spec in pod_specs([each for each in here if each.labels.get("cost/tenant") == tenant]):
        if spec["serviceAccountName"] not in quiet:
            yield f"{name}: no account {spec['serviceAccountName']} without a token"


def _disruption_faults(mine: Sequence[Declared]) -> Faults:
    budgets = [each.props["spec"] for each in _of_kind(mine, "PodDisruptionBudget")]
    scaled = {
        each.props["spec"]["scaleTargetRef"]["name"]: each.props["spec"]["maxReplicas"]
        for each in _of_kind(mine, "HorizontalPodAutoscaler")
    }
    for each in _of_kind(mine, "Deployment"):
        spec = each.props["spec"]
        matching = [budget for budget in budgets if budget["selector"] == spec["selector"]]
        most = max(spec["replicas"], scaled.get(each.name, 0))
        wanted = [{"maxUnavailable": 1, "selector": spec["selector"]}] if most > 1 else []
        if matching != wanted:
            yield f"{each.name}: {len(matching)} disruption budgets for {spec['replicas']} replicas"


def _untagged(declared: Sequence[Declared]) -> Faults:
    for each in declared:
        taggable = each.type in TAGGABLE_TYPES or each.type.startswith("kubernetes:")
        for labels in label_sets(each.type, each.props) if each.custom and taggable else []:
            if missing := expected_keys(each.urn) - labels.keys():
                yield f"{each.name}: no {min(missing)}"


def _unbounded_pods(declared: Sequence[Declared]) -> Faults:
    of_nodes = [name for name, _ in pod_specs(_of_kind(declared, "DaemonSet"))]
    for name, spec in pod_specs(declared):
        excused = _READS_NODE_LOGS if name in of_nodes else frozenset()
        yield from (f"{name}: {violation}" for violation in violations(spec) if violation not in excused)
        if spec.get("automountServiceAccountToken") is not False:
            yield f"{name}: mounts a token"
        for container in (*spec["containers"], *spec.get("initContainers", ())):
            for kind in ("requests", "limits"):
                if not {"cpu", "memory"} <= set(container.get("resources", {}).get(kind, ())):
                    yield f"{name}: {container['name']} has no {kind}"
            if not container["securityContext"].get("readOnlyRootFilesystem"):
                yield f"{name}: {container['name']} writes to its root"


def _open_secrets(declared: Sequence[Declared]) -> Faults:
    for each in declared:
        for key, value in each.props.items():
            if "password-of-" in json.dumps(value) and key not in each.secret_props:
                yield f"{each.name}: {key} holds a secret"


def _tight_quotas(declared: Sequence[Declared]) -> Faults:
    for quota in _of_kind(declared, "ResourceQuota"):
        here = [each for each in declared if _namespace(each) == _namespace(quota)]
        limits = [limit for each in _of_kind(here, "LimitRange") for limit in each.props["spec"]["limits"]]
        needed = dict.fromkeys(("requests.cpu", "requests.memory", "limits.memory", "pods"), 0)
        for count, container in _worst_moment(here):
            resources = container["resources"]
            needed["pods"] += 1000 * count
            for name in ("requests.cpu", "requests.memory", "limits.memory"):
                kind, _, unit = name.partition(".")
                needed[name] += count * _quantity(resources.get(kind, {}).get(unit, "0"))
            for unit, most in ((unit, most) for limit in limits for unit, most in limit["max"].items()):
                if _quantity(resources.get("limits", {}).get(unit, "0")) > _quantity(most):
                    yield f"{quota.name}: {container['name']} is larger in {unit} than any pod may be"
        claims = _of_kind(here, "PersistentVolumeClaim")
        asked = [each.props["spec"]["resources"]["requests"]["storage"] for each in claims]
        needed["requests.storage"] = sum(map(_quantity, asked))
        for name, amount in needed.items():
            if _quantity(quota.props["spec"]["hard"][name]) < amount:
                yield f"{quota.name}: {name} is less than a rollout takes"


def _worst_moment(here: Sequence[Declared]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """How many pods of each container there are when everything is rolled out, scaled out and backed up."""
    largest = {
        each.props["spec"]["scaleTargetRef"]["name"]: each.props["spec"]["maxReplicas"]
        for each in _of_kind(here, "HorizontalPodAutoscaler")
    }
    for each in here:
        spec = each.props.get("spec") or {}
        for _, pod in pod_specs([each]):
            (container,) = pod["containers"]
            count = max(spec.get("replicas", 1), largest.get(each.props["metadata"]["name"], 0))
            surge = spec.get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", 0)
            # A rollout starts no pod of a Deployment that has none (kubernetes, `NewRSNewReplicas`).
            yield count + surge if count else 0, container


def _quantity(text: str) -> int:
    """A Kubernetes quantity in thousandths."""
    digits = text.rstrip("mMGi")
    return int(digits) * _UNITS[text.removeprefix(digits)]


def _of_kind(declared: Sequence[Declared], kind: str) -> list[Declared]:
    return [each for each in declared if each.custom and each.type.endswith(f":{kind}")]


def _namespace(each: Declared) -> str | None:
    in_cluster = each.custom and each.type.startswith("kubernetes:")
    return each.props["metadata"].get("namespace") if in_cluster else None
