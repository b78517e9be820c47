"""Holds each fact of a plan against what was registered for it: nothing may be written down twice."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from components.tenant.rotation import second_role
from tests.route_declarations import cdn_pairs, maintenance_pairs, record_pairs, route_pairs
from tiers.facts import every_fact as facts
from tiers.facts.archive import Archive
from tiers.facts.every_fact import ComputeRequest, FactRecord, Origin
from tiers.facts.names import (
    COPY_DATABASE,
    CUT_OVER,
    DROP_OLD_DATABASE,
    FINAL_DUMP,
    MAKE_SIDE,
    OTHER_DATABASE,
    SIDE_DATABASE,
    SWITCH_SIDE,
)
from tiers.plan.plan import Plan

Pairs = dict[str, tuple[Any, Any]]
"""What is compared -> (what the fact says, what was registered)."""


@dataclass(frozen=True)
class Registration:
    """A resource as the engine registered it."""

    type: str
    name: str
    props: Mapping[str, Any]


class Registrations:
    """All that was registered, to be asked by type and name."""

    def __init__(self, portfolio: str, registered: Iterable[Registration]) -> None:
        self.portfolio = portfolio
        self._by_key = {(each.type, each.name): each.props for each in registered}

    def find(self, type_token: str, name: str) -> Mapping[str, Any]:
        """The properties of one resource."""
        return self._by_key[type_token, name]

    def items(self) -> Iterable[tuple[tuple[str, str], Mapping[str, Any]]]:
        """All resources, each with its type and name."""
        return self._by_key.items()

    def all(self, type_token: str, name: str) -> list[Mapping[str, Any]]:
        """The properties of one resource, where it is there."""
        return [self._by_key[type_token, name]] if (type_token, name) in self._by_key else []


def differences(plan: Plan, registered: Registrations) -> list[str]:
    """Every value of a fact that is not what was registered for it."""
    found = []
    for fact in plan.all_facts():
        if fact.origin is Origin.ADOPTED or type(fact) in NOT_A_RESOURCE:
            continue
        for what, (said, built) in COMPARED[type(fact)](fact, registered).items():
            if said != built:
                found.append(f"{fact.id}: {what}: the fact says {said!r}, registered was {built!r}")
    return found


SECOND_REGION = ("$costack:index:SecondCluster$", "$costack:index:SecondRegionPart$")
"""The components of what is in a second region, within the URNs of what they declare."""


def differences_in_both(plan: Plan, declared: Iterable[Any]) -> list[str]:
    """The differences in both regions; *declared* has URNs besides, by which they are told apart."""
    here: list[Registration] = []
    there: list[Registration] = []
    for each in declared:
        side = there if any(word in each.urn for word in SECOND_REGION) else here
        side.append(Registration(each.type, each.name, each.props))
    alone = tuple(each.model_copy(update={"second_region": None}) for each in plan.tenants)
    first = plan.model_copy(update={"second_regions": (), "tenants": alone})
    return [
        *differences(first, Registrations(plan.portfolio, here)),
        *differences_there(plan, Registrations(plan.portfolio, there)),
    ]


def differences_there(plan: Plan, registered: Registrations) -> list[str]:
    """The same of the facts of second regions; *registered* has what was declared in these."""
    of_tenants = [each.second_region for each in plan.tenants if each.second_region]
    return [
        difference
        for part in (*plan.second_regions, *of_tenants)
        for fact in part.facts
        if fact.origin is not Origin.ADOPTED and type(fact) in COMPARED_THERE
        for difference in _different(fact, registered)
    ]


def _different(fact: Any, registered: Registrations) -> Iterator[str]:
    owner, _, name = fact.id.partition(f"/{fact.region}/")
    here = fact.model_copy(
        update={"id": f"{owner}/{name}"}
    )  # what is declared is called as in the first region
    for what, (said, built) in COMPARED[type(fact)](here, registered).items():
        if said != built:
            yield f"{fact.id}: {what}: the fact says {said!r}, registered was {built!r}"


def _owner(fact: FactRecord, registered: Registrations) -> str:
    """What the names of a server begin with: the portfolio, and the tenant when it is a tenant's own."""
    return f"{registered.portfolio}-{fact.tenant}" if fact.tenant else registered.portfolio


def _database(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("aws:rds/instance:Instance", f"{_owner(fact, registered)}-postgresql")
    return {
        "instance_class": (fact.instance_class, props["instanceClass"]),
        "engine_version": (fact.engine_version, props["engineVersion"]),
        "multi_az": (fact.multi_az, props["multiAz"]),
        "storage_gib": (fact.storage_gib, props["allocatedStorage"]),
        "max_storage_gib": (fact.max_storage_gib, props["maxAllocatedStorage"]),
        "backup_retention_days": (fact.backup_retention_days, props["backupRetentionPeriod"]),
        "backup_window": (fact.backup_window, props["backupWindow"]),
        "maintenance_window": (fact.maintenance_window, props["maintenanceWindow"]),
        "deletion_protection": (fact.deletion_protection, props["deletionProtection"]),
        "performance_insights": (fact.performance_insights, props["performanceInsightsEnabled"]),
        "audited": (fact.audited, _is_audited(fact, registered)),
        "temp_file_limit_gib": (fact.temp_file_limit_gib, _temporary_gib(fact, registered)),
        "storage type": ("gp3", props["storageType"]),
    }


def _parameters(fact: Any, registered: Registrations) -> dict[str, str]:
    group = "aws:rds/parameterGroup:ParameterGroup"
    name = f"{_owner(fact, registered)}-postgresql-parameters-postgres{fact.engine_version.partition('.')[0]}"
    found = registered.find(group, name)["parameters"]
    return {each["name"]: each["value"] for each in found}


def _is_audited(fact: Any, registered: Registrations) -> bool:
    return _parameters(fact, registered).get("pgaudit.log", "none") != "none"


def _temporary_gib(fact: Any, registered: Registrations) -> int | None:
    kib = _parameters(fact, registered).get("temp_file_limit")
    return None if kib is None else int(kib) // 1024**2


def _secret(fact: Any, registered: Registrations) -> Pairs:
    server = f"{_owner(fact, registered)}-postgresql"
    named = f"{server}-restored-server" if fact.name.startswith("restored-server") else server
    props = registered.find("aws:rds/instance:Instance", named)
    kept = "password" in props and registered.find(
        "aws:secretsmanager/secretVersion:SecretVersion", f"{_owner(fact, registered)}-postgresql-master"
    )
    return {"kept": (True, bool(props.get("manageMasterUserPassword") or kept))}


def _cache(fact: Any, registered: Registrations) -> Pairs:
    group = "aws:elasticache/replicationGroup:ReplicationGroup"
    props = registered.find(group, f"{_owner(fact, registered)}-sessions")
    return {
        "engine": (fact.engine, props["engine"]),
        "engine_version": (fact.engine_version, props["engineVersion"]),
        "node_type": (fact.node_type, props["nodeType"]),
        "nodes": (fact.nodes, props["numCacheClusters"]),
        "multi_az": (fact.multi_az, props["multiAzEnabled"]),
        "snapshot_retention_days": (fact.snapshot_retention_days, props["snapshotRetentionLimit"]),
        "maintenance_window": (fact.maintenance_window, props["maintenanceWindow"]),
        **_logins(fact, props, registered),
        "tokens": ({fact.rotation_number, fact.replaced_number} - {None}, _tokens(fact, registered)),
    }


def _logins(fact: Any, props: Mapping[str, Any], registered: Registrations) -> Pairs:
    if not fact.users:
        return {"rotation_update": (fact.rotation_update, props.get("authTokenUpdateStrategy"))}
    name = f"{_owner(fact, registered)}-sessions"
    default = registered.find("aws:elasticache/user:User", f"{name}-default")
    group = registered.find("aws:elasticache/userGroup:UserGroup", f"{name}-users")
    return {
        "users": ([group["userGroupId"]], props["userGroupIds"]),
        "rotation_update": ("DELETE", props["authTokenUpdateStrategy"]),
        "replaced_number": (fact.replaced_number is not None, default["accessString"].startswith("on ")),
    }


def _tokens(fact: Any, registered: Registrations) -> set[int]:
    """The numbers of the tokens that were made."""
    name = re.compile(rf"{re.escape(_owner(fact, registered))}-sessions-(?:rotation-(\d+)-)?token")
    made = (name.fullmatch(each) for kind, each in registered._by_key if kind.endswith(":RandomPassword"))
    return {int(found[1] or 0) for found in made if found}


def _file_system(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("aws:efs/fileSystem:FileSystem", f"{_owner(fact, registered)}-filestores")
    return {"throughput_mode": (fact.throughput_mode, props["throughputMode"])}


def _file_system_backup(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("aws:backup/plan:Plan", f"{_owner(fact, registered)}-filestores-plan")
    (rule,) = props["rules"]
    return {
        "schedule": (fact.schedule, rule["schedule"]),
        "retention_days": (fact.retention_days, rule["lifecycle"]["deleteAfter"]),
    }


def _bucket(fact: Any, registered: Registrations) -> Pairs:
    token = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
    copy = "-copy" if fact.name.endswith("-copy") else ""
    props = registered.find(token, f"{_owner(fact, registered)}{copy}-backups-lifecycle")
    dumps, versions = props["rules"]
    return {
        "expire_after_days": (fact.expire_after_days, dumps["expiration"]["days"]),
        "archive": (fact.archive and _moved_on(fact.archive), dumps.get("transitions")),
        "noncurrent_days": (
            fact.noncurrent_days,
            versions["noncurrentVersionExpiration"]["noncurrentDays"],
        ),
    }


def _moved_on(archive: Archive) -> list[dict[str, Any]]:
    return [{"days": archive.after_days, "storageClass": archive.storage_class}]


def _key(fact: Any, registered: Registrations) -> Pairs:
    copy = "-copy" if fact.name.startswith("copy-") else ""
    props = registered.find("aws:kms/key:Key", f"{_owner(fact, registered)}{copy}-key")
    return {"deletion_window_days": (fact.deletion_window_days, props["deletionWindowInDays"])}


def _network(fact: Any, registered: Registrations) -> Pairs:
    name = f"{registered.portfolio}-network"
    rules = [
        registered.find(
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", f"{name}-postgresql-{index}"
        )
        for index in range(len(fact.client_cidrs))
    ]
    pairs: Pairs = {"client_cidrs": (list(fact.client_cidrs), [rule["cidrIpv4"] for rule in rules])}
    if fact.vpc_id:
        group = registered.find("aws:ec2/securityGroup:SecurityGroup", f"{name}-data")
        targets = "aws:efs/mountTarget:MountTarget"
        mounted = [
            registered.find(targets, f"{registered.portfolio}-filestores-{index}")["subnetId"]
            for index in range(len(fact.zones))
        ]
        return {
            **pairs,
            "vpc_id": (fact.vpc_id, group["vpcId"]),
            "subnet_ids": (list(fact.subnet_ids), mounted),
        }
    subnets = [registered.find("aws:ec2/subnet:Subnet", f"{name}-{zone}") for zone in fact.zones]
    return {
        **pairs,
        "cidr": (fact.cidr, registered.find("aws:ec2/vpc:Vpc", f"{name}-vpc")["cidrBlock"]),
        "zones": (list(fact.zones), [subnet["availabilityZone"] for subnet in subnets]),
    }


def _readers(fact: Any, registered: Registrations) -> list[str]:
    """The namespaces of ingress controllers that read the routes of a namespace."""
    bound = registered.all("kubernetes:rbac.authorization.k8s.io/v1:RoleBinding", f"{fact.namespace}-routes")
    return [subject["namespace"] for each in bound for subject in each["subjects"]]


def _reads_middlewares(fact: Any, registered: Registrations) -> bool:
    roles = registered.all("kubernetes:rbac.authorization.k8s.io/v1:Role", f"{fact.namespace}-routes")
    return any("middlewares" in rule["resources"] for each in roles for rule in each["rules"])


def _namespace(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("kubernetes:core/v1:Namespace", fact.namespace)
    enforced = props["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    return {
        "namespace": (fact.namespace, props["metadata"]["name"]),
        "pod_security": (fact.pod_security, enforced),
        "routed_from": ([fact.routed_from] if fact.routed_from else [], _readers(fact, registered)),
        "middlewares": (fact.middlewares, _reads_middlewares(fact, registered)),
        "pod_security_version": (
            f"v{fact.pod_security_version}",
            props["metadata"]["labels"]["pod-security.kubernetes.io/enforce-version"],
        ),
        "dns_peers": (
            [(each.namespace, dict(each.pod_labels), each.cidr, each.ports) for each in fact.dns_peers],
            [*_servers_for_names(fact, registered)],
        ),
    }


def _servers_for_names(fact: Any, registered: Registrations) -> Iterator[tuple[Any, ...]]:
    policy = registered.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", f"{fact.namespace}-allow-dns")
    for rule in policy["spec"]["egress"]:
        (peer,) = rule["to"]
        ports = tuple(dict.fromkeys(each["port"] for each in rule["ports"]))
        if "ipBlock" in peer:
            yield None, {}, peer["ipBlock"]["cidr"], ports
        else:
            where = peer["namespaceSelector"]["matchLabels"]["kubernetes.io/metadata.name"]
            yield where, peer["podSelector"]["matchLabels"], None, ports


def _quota(fact: Any, registered: Registrations) -> Pairs:
    quota, defaults = (
        (f"{fact.tenant}-quota",) * 2
        if fact.tenant
        else (f"{fact.namespace}-quota", f"{fact.namespace}-defaults")
    )
    props = registered.find("kubernetes:core/v1:ResourceQuota", quota)
    hard = props["spec"]["hard"]
    limits = registered.find("kubernetes:core/v1:LimitRange", defaults)["spec"]["limits"]
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "cpu_request_millicores": (f"{fact.cpu_request_millicores}m", hard["requests.cpu"]),
        "memory_request_mib": (f"{fact.memory_request_mib}Mi", hard["requests.memory"]),
        "memory_limit_mib": (f"{fact.memory_limit_mib}Mi", hard["limits.memory"]),
        "pods": (str(fact.pods), hard["pods"]),
        "storage_gib": (f"{fact.storage_gib}Gi", hard["requests.storage"]),
        "largest_pod": (f"{fact.largest_pod.memory_limit_mib}Mi", limits[0]["max"]["memory"]),
        "tenants": (str(30 * fact.tenants), hard["count/jobs.batch"]),
    }


def _priority_class(fact: Any, registered: Registrations) -> Pairs:
    token = "kubernetes:scheduling.k8s.io/v1:PriorityClass"
    props = registered.find(token, fact.priority_class)
    return {
        "priority_class": (fact.priority_class, props["metadata"]["name"]),
        "value": (fact.value, props["value"]),
        "preempts": (fact.preempts, props["preemptionPolicy"] == "PreemptLowerPriority"),
        "default of the cluster": (False, props["globalDefault"]),
    }


def _scaling(fact: Any, registered: Registrations) -> Pairs:
    if not fact.max_replicas:
        return {}
    token = "kubernetes:autoscaling/v2:HorizontalPodAutoscaler"
    spec = registered.find(token, fact.id.replace("/", "-"))["spec"]
    return {
        "least": (fact.replicas, spec["minReplicas"]),
        "max_replicas": (fact.max_replicas, spec["maxReplicas"]),
    }


def _workload(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("kubernetes:apps/v1:Deployment", fact.id.replace("/", "-"))
    spec = props["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    arguments = container["args"]
    zones, _ = spec["topologySpreadConstraints"]
    return {
        "zones": (
            fact.replicas > 1 and fact.spread.zones > 1,
            zones["whenUnsatisfiable"] == "DoNotSchedule",
        ),
        "by_rollout": (fact.spread.by_rollout, zones.get("matchLabelKeys") == ["pod-template-hash"]),
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "replicas": (fact.replicas, props["spec"]["replicas"]),
        "web_workers": (f"--workers={fact.odoo.web_workers}", arguments[1]),
        "cron_threads": (f"--max-cron-threads={fact.odoo.cron_threads}", arguments[2]),
        "neutralised": (fact.odoo.neutralised, "initContainers" in spec),
        "image": (fact.odoo.image, container["image"]),
        "update_number": (
            str(fact.odoo.update_number or ""),
            props["spec"]["template"]["metadata"]["annotations"].get("costack/odoo-update", ""),
        ),
        **_user(fact.odoo, spec),
        **_compute(fact.compute, container),
        **_held_to(fact, spec),
        "priority_class": (fact.priority_class, spec.get("priorityClassName")),
        **_scaling(fact, registered),
    }


def _job(fact: Any, registered: Registrations) -> Pairs:
    owner = fact.tenant or registered.portfolio
    props = registered.find("kubernetes:batch/v1:Job", f"{owner}-{fact.name}")
    spec = props["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    given = {each["name"]: each.get("value") for each in container.get("env", [])}
    return {
        "neutralises": (fact.neutralises, given.get("NEUTRALISE") == "yes"),
        **_update(fact, given),
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "image": (fact.image, container["image"]),
        **_user(fact, spec),
        **_compute(fact.compute, container),
        **_held_to(fact, spec),
        "priority_class": (fact.priority_class, spec.get("priorityClassName")),
    }


def _update(fact: Any, given: dict[str, Any]) -> Pairs:
    if "NUMBER" not in given:
        return {}
    return {
        "number": (str(fact.update.number), given["NUMBER"]),
        "modules": (",".join(fact.update.modules), given["MODULES"]),
        "minutes": (str(60 * fact.update.minutes), given["MOST_SECONDS"]),
    }


def _scheduled_job(fact: Any, registered: Registrations) -> Pairs:
    label = f"{fact.tenant}-restore-test" if fact.restore_test else fact.id.replace("/", "-")
    props = registered.find("kubernetes:batch/v1:CronJob", label)
    job = props["spec"]["jobTemplate"]["spec"]
    spec = job["template"]["spec"]
    containers = [*spec.get("initContainers", ()), *spec["containers"]]
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "schedule": (fact.schedule, props["spec"]["schedule"]),
        "timezone": (fact.timezone, props["spec"]["timeZone"]),
        "image": ({fact.image}, {each["image"] for each in containers}),
        **_user(fact, spec),
        **{
            f"{name} of {each['name']}": pair
            for each in containers
            for name, pair in _compute(fact.compute, each).items()
        },
        **_held_to(fact, spec),
        "priority_class": (fact.priority_class, spec.get("priorityClassName")),
        "restore_test": (_restore_room(fact.restore_test), _declared_room(job) if fact.restore_test else {}),
    }


def _restore_room(room: Any) -> dict[str, Any]:
    if room is None:
        return {}
    return {
        "gib": [f"{room.fetched_gib}Gi", f"{room.restored_gib}Gi"],
        "storage_class": room.storage_class,
        "deadline": room.deadline_minutes * 60,
        "kept": room.kept_minutes * 60 or None,
    }


def _declared_room(job: Any) -> dict[str, Any]:
    volumes = [each for each in job["template"]["spec"]["volumes"] if each["name"] in ("fetched", "restored")]
    claims = [each["ephemeral"]["volumeClaimTemplate"]["spec"] for each in volumes if "ephemeral" in each]
    classes = [each["storageClassName"] for each in claims]
    return {
        "gib": [each["resources"]["requests"]["storage"] for each in claims]
        or [each["emptyDir"]["sizeLimit"] for each in volumes],
        "storage_class": classes[0] if classes else None,
        "deadline": job["activeDeadlineSeconds"],
        "kept": job.get("ttlSecondsAfterFinished"),
    }


def _sleep_schedule(fact: Any, registered: Registrations) -> Pairs:
    clocks = {
        name: registered.find("kubernetes:batch/v1:CronJob", f"{fact.tenant}-{name}")["spec"]
        for name in ("sleep", "wake")
    }
    token = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    policy = registered.find(token, f"{fact.tenant}-sleep-to-api")
    (rule,) = policy["spec"]["egress"]
    return {
        "namespace": (fact.namespace, policy["metadata"]["namespace"]),
        "api_cidrs": (list(fact.api_cidrs), [peer["ipBlock"]["cidr"] for peer in rule["to"]]),
        "wakes": (fact.wakes, clocks["wake"]["schedule"]),
        "sleeps": (fact.sleeps, clocks["sleep"]["schedule"]),
        "timezone": ([fact.timezone] * 2, [each["timeZone"] for each in clocks.values()]),
        **_server_sleep(fact, registered),
    }


def _server_sleep(fact: Any, registered: Registrations) -> Pairs:
    token = "aws:scheduler/schedule:Schedule"
    names = ("sleep", "sleep-again", "wake")
    labels = [f"{registered.portfolio}-{fact.tenant}-{name}" for name in names]
    if fact.server is None:
        return {"server": ([], [label for label in labels if (token, label) in registered._by_key])}
    made = [registered.find(token, label) for label in labels]
    crons = [each["scheduleExpression"].removeprefix("cron(").removesuffix(" *)") for each in made]
    wanted = (fact.sleeps, fact.stops_again, fact.wakes)
    return {
        "server": (wanted, tuple(cron.replace(" ? ", " * ") for cron in crons)),
        "server timezone": (
            [fact.timezone] * len(made),
            [each["scheduleExpressionTimezone"] for each in made],
        ),
    }


def _egress(fact: Any, registered: Registrations) -> Pairs:
    token = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
    is_open = (token, f"{fact.tenant}-to-internet") in registered._by_key
    named = registered._by_key.get((token, f"{fact.tenant}-to-named-networks"), {})
    rules = named.get("spec", {}).get("egress", [])
    opened = [peer["ipBlock"]["cidr"] for rule in rules for peer in rule["to"]]
    pairs: Pairs = {"internet": (fact.internet, is_open), "cidrs": (list(fact.cidrs), opened)}
    for purpose in ("to-internet", "to-named-networks"):
        if spec := registered._by_key.get((token, f"{fact.tenant}-{purpose}"), {}).get("spec"):
            ports = [port["port"] for rule in spec["egress"] for port in rule["ports"]]
            pairs[f"{purpose}: ports"] = ([443, *fact.mail_ports], ports)
    return pairs


def _pod_group(fact: Any, registered: Registrations) -> Pairs:
    policy = "kubernetes:vpcresources.k8s.aws/v1beta1:SecurityGroupPolicy"
    pods, jobs, elsewhere = (
        registered.find(policy, f"{where}-{fact.tenant}-{what}")
        for where, what in ((fact.namespace, "pods"), (fact.namespace, "jobs"), (fact.operations, "jobs"))
    )
    (lasting,) = jobs["spec"]["podSelector"]["matchExpressions"]
    return {
        "namespace": (fact.namespace, pods["metadata"]["namespace"]),
        "operations": (fact.operations, elsewhere["metadata"]["namespace"]),
        "lasting": (list(fact.lasting), lasting["values"]),
        "jobs": (jobs["spec"], elsewhere["spec"]),
    }


def _other_database(fact: Any, registered: Registrations) -> Pairs:
    """Of a database where no work goes on only the jobs of the move know."""
    pairs: Pairs = {}
    for job in (COPY_DATABASE, CUT_OVER, DROP_OLD_DATABASE):
        for props in registered.all("kubernetes:batch/v1:Job", f"{fact.tenant}-{job}"):
            (container,) = props["spec"]["template"]["spec"]["containers"]
            given = {each["name"]: each["value"] for each in container["env"]}
            pairs[f"{job}: database"] = (fact.database, given["TENANT_DATABASE"])
            pairs[f"{job}: role"] = (fact.role, given["TENANT_ROLE"])
            if job == COPY_DATABASE:
                pairs[f"{job}: limit"] = (str(fact.connection_limit), given["CONNECTION_LIMIT"])
    return pairs


def _side_database(fact: Any, registered: Registrations) -> Pairs:
    """Of the database beside the one in use only the jobs of a restore know; later there may be none."""
    pairs: Pairs = {}
    for job in (MAKE_SIDE, SWITCH_SIDE):
        for props in registered.all("kubernetes:batch/v1:Job", f"{fact.tenant}-{job}"):
            (container,) = props["spec"]["template"]["spec"]["containers"]
            given = {each["name"]: each["value"] for each in container["env"]}
            called = "KEPT_DATABASE" if given.get("ACTION") == "switch" else "SIDE_DATABASE"
            pairs[f"{job}: database"] = (fact.database, given[called])
            pairs[f"{job}: role"] = (fact.role, given["TENANT_ROLE"])
    return pairs


def _tenant_database(fact: Any, registered: Registrations) -> Pairs:
    if fact.name == SIDE_DATABASE:
        return _side_database(fact, registered)
    if fact.name == OTHER_DATABASE:
        return _other_database(fact, registered)
    job = registered.find("kubernetes:batch/v1:Job", f"{fact.tenant}-database-setup")
    (container,) = job["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    conf = registered.find("kubernetes:core/v1:Secret", f"{fact.tenant}-odoo")["stringData"]["odoo.conf"]
    options = dict(line.split(" = ", 1) for line in conf.splitlines() if " = " in line)
    login = second_role(fact.role) if given["ROTATION"] == "second-login" else fact.role
    return {
        "database": ([fact.database] * 2, [given["TENANT_DATABASE"], options["db_name"]]),
        "role": ([fact.role, login], [given["TENANT_ROLE"], options["db_user"]]),
        "connection_limit": (str(fact.connection_limit), given["CONNECTION_LIMIT"]),
        "connections_per_process": (str(fact.connections_per_process), options["db_maxconn"]),
        "reader_connections": (str(fact.reader_connections), given["READER_CONNECTIONS"]),
        "connections_evented": (str(fact.connections_evented), options.get("db_maxconn_gevent", "0")),
    }


def _cache_space(fact: Any, registered: Registrations) -> Pairs:
    web = registered.find("kubernetes:apps/v1:Deployment", f"{fact.tenant}-web")
    (container,) = web["spec"]["template"]["spec"]["containers"]
    given = {each["name"]: each.get("value") for each in container["env"]}
    user = registered.all("aws:elasticache/user:User", f"{fact.tenant}-sessions")
    return {
        "prefix": (fact.prefix, given["ODOO_SESSION_REDIS_PREFIX"]),
        "user": ([fact.user] if fact.user else [], [each["userName"] for each in user]),
    }


def _file_share(fact: Any, registered: Registrations) -> Pairs:
    name = f"{fact.tenant}-{fact.name}"
    props = registered.find("aws:efs/accessPoint:AccessPoint", name)
    claimed = {}
    if fact.mounted:
        volume = registered.find("kubernetes:core/v1:PersistentVolume", name)
        claim = registered.find("kubernetes:core/v1:PersistentVolumeClaim", name)
        claimed = {
            "namespace": (fact.namespace, claim["metadata"]["namespace"]),
            "claim": ("1Gi", claim["spec"]["resources"]["requests"]["storage"]),
            "volume": (fact.volume or name, volume["metadata"]["name"].rpartition("-")[0]),
        }
    return {
        **claimed,
        "path": (fact.path, props["rootDirectory"]["path"]),
        "owner_user": (fact.owner_user, props["posixUser"]["uid"]),
        "owner_group": (fact.owner_group, props["posixUser"]["gid"]),
    }


def _logical_backup(fact: Any, registered: Registrations) -> Pairs:
    if fact.name == FINAL_DUMP:
        spec = registered.find("kubernetes:batch/v1:Job", f"{fact.tenant}-final-backup")["spec"]
    else:
        nightly = registered.all("kubernetes:batch/v1:CronJob", f"{fact.tenant}-backup")
        if not nightly:
            return {}  # of what is left in a region that a tenant works in no longer
        spec = nightly[0]["spec"]["jobTemplate"]["spec"]
    (container,) = spec["template"]["spec"]["containers"]
    given = {each["name"]: each["value"] for each in container["env"]}
    return {
        "prefix": (fact.prefix, given["PREFIX"]),
        "retention_days": (str(fact.retention_days), given["RETENTION_DAYS"]),
    }


def _logs(fact: Any, registered: Registrations) -> Pairs:
    standby = "-standby" if fact.name.startswith("standby") else ""
    server = f"{_owner(fact, registered)}-postgresql{standby}"
    of_the_server = [f"{server}-{log}-log" for log in ("postgresql", "upgrade")]
    names = [f"{fact.tenant}-logs"] if fact.name == "logs" else of_the_server
    groups = [registered.find("aws:cloudwatch/logGroup:LogGroup", name) for name in names]
    kept = [group["retentionInDays"] for group in groups]
    return {"retention_days": ([fact.retention_days] * len(groups), kept)}


def _nodes(fact: Any, registered: Registrations) -> Pairs:
    name = f"{_owner(fact, registered)}-{fact.name}"
    group = registered.find("aws:eks/nodeGroup:NodeGroup", name)
    template = registered.find("aws:ec2/launchTemplate:LaunchTemplate", f"{name}-template")
    (disk,) = template["blockDeviceMappings"]
    taints = [taint["value"] for taint in group.get("taints", [])]
    labelled = list(group.get("labels", {}).values())
    return {
        "instance_type": ([fact.instance_type], group["instanceTypes"]),
        "nodes": (fact.nodes, group["scalingConfig"]["desiredSize"]),
        "volume_gib": (fact.volume_gib, disk["ebs"]["volumeSize"]),
        "whose": ([[fact.tenant] if fact.tenant else []] * 2, [taints, labelled]),
    }


def _control_plane(fact: Any, registered: Registrations) -> Pairs:
    name = f"{registered.portfolio}-cluster"
    props = registered.find("aws:eks/cluster:Cluster", name)
    addons = {
        addon: registered.find("aws:eks/addon:Addon", f"{name}-{addon}")["addonVersion"]
        for addon in fact.addons
    }
    return {
        "cluster": (fact.cluster, props["name"]),
        "version": (fact.version, props["version"]),
        "admin_cidrs": (list(fact.admin_cidrs), props["vpcConfig"]["publicAccessCidrs"]),
        "addons": (dict(fact.addons), addons),
    }


def _nat(fact: Any, registered: Registrations) -> Pairs:
    made = [key for key in registered._by_key if key[0] == "aws:ec2/natGateway:NatGateway"]
    return {"gateways": (fact.gateways, len(made))}


def _usage_exporter(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("kubernetes:apps/v1:Deployment", fact.id.replace("/", "-"))
    spec = props["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    told = {each["name"]: each["value"] for each in container["env"]}
    places = {True: "shared", False: "own"}
    policy = registered.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", fact.id.replace("/", "-"))
    (peer,) = policy["spec"]["ingress"][0]["from"]
    (watching,) = peer["namespaceSelector"]["matchLabels"].values()
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "replicas": (fact.replicas, props["spec"]["replicas"]),
        "image": (fact.image, container["image"]),
        "every_hours": (str(3600 * fact.every_hours), told["EVERY_SECONDS"]),
        "cache_mib": (str(fact.cache_mib), told["CACHE_MIB"]),
        "shares_database": (places[fact.shares_database], told["DATABASE_PLACE"]),
        "shares_files": (places[fact.shares_files], told["FILES_PLACE"]),
        "shares_backups": (places[fact.shares_backups], told["BACKUPS_PLACE"]),
        "shares_cache": (places[fact.shares_cache], told["CACHE_PLACE"]),
        "bucket": (fact.bucket is not None, bool(told["BUCKET"])),
        "prefix": (fact.prefix, told["PREFIX"]),
        "scraped_from": (fact.scraped_from, watching),
        **_user(fact, spec),
        **_compute(fact.compute, container),
        **_held_to(fact, spec),
    }


def _state_exporter(fact: Any, registered: Registrations) -> Pairs:
    policy = registered.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", _part_name(fact, registered))
    return {
        **_part(fact, registered),
        "api_cidrs": (
            list(fact.api_cidrs),
            [to["ipBlock"]["cidr"] for to in policy["spec"]["egress"][0]["to"]],
        ),
    }


def _postgres_exporter(fact: Any, registered: Registrations) -> Pairs:
    given = _variables(fact, registered)
    return {
        **_part(fact, registered),
        "server": (fact.server == "platform/database", given["DATA_SOURCE_URI"].startswith("local-postgres")),
        "role": (fact.role, given["DATA_SOURCE_USER"]),
    }


def _redis_exporter(fact: Any, registered: Registrations) -> Pairs:
    user = registered.find("aws:elasticache/user:User", _part_name(fact, registered))
    given = _variables(fact, registered)
    return {
        **_part(fact, registered),
        "group": (fact.group == "platform/cache", "local-sessions" in given["REDIS_ADDR"]),
        "user": ([fact.user] * 2, [user["userName"], given["REDIS_USER"]]),
    }


def _ingress_controller(fact: Any, registered: Registrations) -> Pairs:
    name = _part_name(fact, registered)
    service = registered.find("kubernetes:core/v1:Service", name)
    policy = registered.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", "traefik")["spec"]
    props = registered.find("kubernetes:apps/v1:Deployment", name)
    spec = props["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (peer,) = policy["ingress"][1]["from"]
    (watching,) = peer["namespaceSelector"]["matchLabels"].values()
    entered = [each["ipBlock"]["cidr"] for each in policy["ingress"][0]["from"]]
    (served,) = (each for each in container["args"] if each.startswith("--providers.kubernetesingress.names"))
    zones = spec["topologySpreadConstraints"][0]
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "replicas": (fact.replicas, props["spec"]["replicas"]),
        "image": (fact.image, container["image"]),
        "scraped_from": (fact.scraped_from, watching),
        "middlewares": (fact.middlewares, "--providers.kubernetescrd=true" in container["args"]),
        "maintenance": (fact.maintenance, "'maintenance'" in str(policy["egress"])),
        "source_ranges": (
            [list(fact.source_ranges)] * 2,
            [service["spec"]["loadBalancerSourceRanges"], entered],
        ),
        "annotations": (
            True,
            fact.annotations.items() <= service["metadata"]["annotations"].items(),
        ),
        "namespaces": (",".join(fact.namespaces), served.partition("=")[2]),
        "api_cidrs": (list(fact.api_cidrs), [to["ipBlock"]["cidr"] for to in policy["egress"][0]["to"]]),
        "spread": (
            (fact.spread.zones > 1, fact.spread.by_rollout),
            (zones["whenUnsatisfiable"] == "DoNotSchedule", "matchLabelKeys" in zones),
        ),
        "priority_class": (fact.priority_class, spec["priorityClassName"]),
        **_user(fact, spec),
        **_compute(fact.compute, container),
        **_held_to(fact, spec),
    }


def _part_name(fact: Any, registered: Registrations) -> str:
    return f"{registered.portfolio}-{fact.name}"


def _variables(fact: Any, registered: Registrations) -> Mapping[str, Any]:
    props = registered.find("kubernetes:apps/v1:Deployment", _part_name(fact, registered))
    (container,) = props["spec"]["template"]["spec"]["containers"]
    return {each["name"]: each.get("value") for each in container["env"]}


def _part(fact: Any, registered: Registrations) -> Pairs:
    """What every platform part has that is no tenant's."""
    name = _part_name(fact, registered)
    props = registered.find("kubernetes:apps/v1:Deployment", name)
    policy = registered.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", name)["spec"]
    spec = props["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (peer,) = policy["ingress"][0]["from"]
    (watching,) = peer["namespaceSelector"]["matchLabels"].values()
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "replicas": (fact.replicas, props["spec"]["replicas"]),
        "image": (fact.image, container["image"]),
        "scraped_from": (fact.scraped_from, watching),
        **_user(fact, spec),
        **_compute(fact.compute, container),
        **_held_to(fact, spec),
    }


def _log_shipper(fact: Any, registered: Registrations) -> Pairs:
    name = f"{registered.portfolio}-{fact.name}"
    props = registered.find("kubernetes:apps/v1:DaemonSet", name)
    policy = registered.find("kubernetes:networking.k8s.io/v1:NetworkPolicy", name)["spec"]
    configuration = registered.find("kubernetes:core/v1:ConfigMap", name)["data"]["fluent-bit.yaml"]
    spec = props["spec"]["template"]["spec"]
    (container,) = spec["containers"]
    (peer,) = policy["ingress"][0]["from"]
    (watching,) = peer["namespaceSelector"]["matchLabels"].values()
    (source,), (sink,) = (yaml.safe_load(configuration)["pipeline"][each] for each in ("inputs", "outputs"))
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "image": (fact.image, container["image"]),
        "scraped_from": (fact.scraped_from, watching),
        "api_cidrs": (list(fact.api_cidrs), [to["ipBlock"]["cidr"] for to in policy["egress"][0]["to"]]),
        "namespaces": (f"/var/log/containers/*_{fact.namespaces}*_*.log", source["path"]),
        "log_groups": (f"{fact.log_groups}/$kubernetes['labels']['cost/tenant']", sink["log_group_template"]),
        **_user(fact, spec),
        **_compute(fact.compute, container),
        "nodes": (None, fact.nodes),
        "tolerations": ([{"operator": "Exists"}], spec["tolerations"]),
    }


def _held_to(fact: Any, spec: Mapping[str, Any]) -> Pairs:
    """Whether the pods of *fact* run on the tenant's own nodes, and tolerate them."""
    wanted = [fact.tenant] if fact.nodes else []
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    terms = (affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}).get("nodeSelectorTerms")
    held = [value for term in terms or [] for each in term["matchExpressions"] for value in each["values"]]
    tolerated = [each["value"] for each in spec.get("tolerations") or []]
    return {"nodes": ([wanted] * 2, [held, tolerated])}


def _user(said: Any, spec: Mapping[str, Any]) -> Pairs:
    context = spec["securityContext"]
    return {
        "run_as_user": (said.run_as_user, context["runAsUser"]),
        "run_as_group": (said.run_as_group, context["runAsGroup"]),
    }


def _compute(compute: ComputeRequest, container: Mapping[str, Any]) -> Pairs:
    requests, limits = container["resources"]["requests"], container["resources"]["limits"]
    return {
        "cpu_request_millicores": (f"{compute.cpu_request_millicores}m", requests["cpu"]),
        "memory_request_mib": (f"{compute.memory_request_mib}Mi", requests["memory"]),
        "cpu_limit_millicores": (f"{compute.cpu_limit_millicores}m", limits["cpu"]),
        "memory_limit_mib": (f"{compute.memory_limit_mib}Mi", limits["memory"]),
    }


def _database_backup_copy(fact: Any, registered: Registrations) -> Pairs:
    token = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
    props = registered.find(token, f"{_owner(fact, registered)}-postgresql-copy")
    return {
        "region": (fact.region, props["region"]),
        "retention_days": (fact.retention_days, props["retentionPeriod"]),
    }


def _standby(fact: Any, registered: Registrations) -> Pairs:
    name = f"{_owner(fact, registered)}-postgresql-standby"
    props = registered.find("aws:rds/instance:Instance", name)
    family = f"postgres{fact.engine_version.partition('.')[0]}"
    group = registered.find("aws:rds/parameterGroup:ParameterGroup", f"{name}-parameters-{family}")
    audits = {each["name"]: each["value"] for each in group["parameters"]}["pgaudit.log"]
    return {
        "region": (fact.region, props["region"]),
        "instance_class": (fact.instance_class, props["instanceClass"]),
        "engine_version": (fact.engine_version, props["engineVersion"]),
        "max_storage_gib": (fact.max_storage_gib, props["maxAllocatedStorage"]),
        "maintenance_window": (fact.maintenance_window, props["maintenanceWindow"]),
        "security_group_id": ([fact.security_group_id], props["vpcSecurityGroupIds"]),
        "deletion_protection": (fact.deletion_protection, props["deletionProtection"]),
        "performance_insights": (fact.performance_insights, props["performanceInsightsEnabled"]),
        "audited": (fact.audited, audits != "none"),
    }


def _restored_server(fact: Any, registered: Registrations) -> Pairs:
    beside = f"{_owner(fact, registered)}-postgresql"
    props = registered.find("aws:rds/instance:Instance", f"{beside}-restored-server")
    of, at = (props["restoreToPointInTime"][key] for key in ("sourceDbInstanceIdentifier", "restoreTime"))
    return {
        "server": (beside, of),
        "at": (fact.at.strftime("%Y-%m-%dT%H:%M:%SZ"), at),
        "instance_class": (fact.instance_class, props["instanceClass"]),
        "max_storage_gib": (fact.max_storage_gib, props["maxAllocatedStorage"]),
    }


def _file_system_replica(fact: Any, registered: Registrations) -> Pairs:
    token = "aws:efs/replicationConfiguration:ReplicationConfiguration"
    regions = [
        props["destination"]["region"]
        for props in registered.all(token, f"{_owner(fact, registered)}-filestores-copy")
    ]
    return {"region": ([] if fact.writable else [fact.region], regions)}


def _bucket_replication(fact: Any, registered: Registrations) -> Pairs:
    token = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
    (rule,) = registered.find(token, f"{_owner(fact, registered)}-backups-copy")["rules"]
    return {"deletions": ("Disabled", rule["deleteMarkerReplication"]["status"])}


def _vault_copy(fact: Any, registered: Registrations) -> Pairs:
    (rule,) = registered.find("aws:backup/plan:Plan", f"{_owner(fact, registered)}-filestores-plan")["rules"]
    (action,) = rule["copyActions"]
    return {"retention_days": (fact.retention_days, action["lifecycle"]["deleteAfter"])}


def _restore_test(fact: Any, registered: Registrations) -> Pairs:
    name = f"{_owner(fact, registered)}-restore-test"
    plan = registered.find("aws:backup/restoreTestingPlan:RestoreTestingPlan", f"{name}-plan")
    token = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
    selection = registered.find(token, f"{name}-selection")
    return {
        "region": (fact.region, plan["region"]),
        "schedule": (fact.schedule, plan["scheduleExpression"]),
        "validation_hours": (fact.validation_hours, selection["validationWindowHours"]),
    }


def _rehearsal(fact: Any, registered: Registrations) -> Pairs:
    name = f"{_owner(fact, registered)}-rehearsal"
    pods = registered.find("aws:eks/podIdentityAssociation:PodIdentityAssociation", f"{name}-pods")
    policy = json.loads(registered.find("aws:iam/rolePolicy:RolePolicy", f"{name}-policy")["policy"])
    writes = [each["Resource"] for each in policy["Statement"] if each["Action"] == "s3:PutObject"]
    return {
        "namespace": (fact.namespace, pods["namespace"]),
        "service_account": (fact.service_account, pods["serviceAccount"]),
        "prefix": (f"manifests/{fact.prefix}/rehearsals/*", writes[0].partition("/")[2]),
    }


def _dashboards(fact: Any, registered: Registrations) -> Pairs:
    props = registered.find("kubernetes:core/v1:ConfigMap", f"{registered.portfolio}-dashboards")
    return {"namespace": (fact.namespace, props["metadata"]["namespace"])}


def _alerts(fact: Any, registered: Registrations) -> Pairs:
    token = "kubernetes:monitoring.coreos.com/v1:PrometheusRule"
    props = registered.find(token, fact.tenant)
    (group,) = props["spec"]["groups"]
    rules = {rule["alert"]: rule["expr"] for rule in group["rules"]}
    minutes, days = fact.backup_age_minutes, fact.restore_test_age_days
    return {
        "namespace": (fact.namespace, props["metadata"]["namespace"]),
        "rule_labels": (fact.rule_labels.items() - props["metadata"]["labels"].items(), set()),
        "backup_age_minutes": (
            f"{minutes * 60}" if minutes else "",
            rules.get("TenantBackupLate", "").rpartition("> ")[2],
        ),
        "restore_test_age_days": (
            bool(days),
            f"[{days}d:1h]" in rules.get("TenantRestoreTestOverdue", ""),
        ),
    }


COMPARED: Mapping[type[FactRecord], Callable[[Any, Registrations], Pairs]] = {
    facts.Alerts: _alerts,
    facts.Bucket: _bucket,
    facts.BucketReplication: _bucket_replication,
    facts.Dashboards: _dashboards,
    facts.DatabaseBackupCopy: _database_backup_copy,
    facts.FileSystemReplica: _file_system_replica,
    facts.Rehearsal: _rehearsal,
    facts.RestoreTest: _restore_test,
    facts.RestoredServer: _restored_server,
    facts.VaultCopy: _vault_copy,
    facts.CacheGroup: _cache,
    facts.CacheSpace: _cache_space,
    facts.ClusterControlPlane: _control_plane,
    facts.NatGateway: _nat,
    facts.DatabaseInstance: _database,
    facts.DatabaseStandby: _standby,
    facts.Egress: _egress,
    facts.FileShare: _file_share,
    facts.FileSystem: _file_system,
    facts.FileSystemBackup: _file_system_backup,
    facts.Job: _job,
    facts.Key: _key,
    facts.LogGroup: _logs,
    facts.LogShipper: _log_shipper,
    facts.LogicalBackup: _logical_backup,
    facts.ManagedSecret: _secret,
    facts.Namespace: _namespace,
    facts.NamespaceQuota: _quota,
    facts.Network: _network,
    facts.NodeGroup: _nodes,
    facts.PodGroup: _pod_group,
    facts.IngressController: _ingress_controller,
    facts.PostgresExporter: _postgres_exporter,
    facts.Cdn: cdn_pairs,
    facts.DnsRecords: record_pairs,
    facts.MaintenancePage: maintenance_pairs,
    facts.PriorityClass: _priority_class,
    facts.RedisExporter: _redis_exporter,
    facts.Route: route_pairs,
    facts.ScheduledJob: _scheduled_job,
    facts.SleepSchedule: _sleep_schedule,
    facts.StateExporter: _state_exporter,
    facts.TenantDatabase: _tenant_database,
    facts.UsageExporter: _usage_exporter,
    facts.Workload: _workload,
}

COMPARED_THERE = frozenset(
    {
        facts.CacheGroup,
        facts.Egress,
        facts.FileShare,
        facts.Job,
        facts.Namespace,
        facts.NamespaceQuota,
        facts.PriorityClass,
        facts.Route,
        facts.Workload,
    }
)
"""The kinds of facts that a second region's part declares by itself; the others say where these are."""

NOT_A_RESOURCE: frozenset[type[FactRecord]] = frozenset({facts.Labour, facts.Traffic})
ONLY_ADOPTED: frozenset[type[FactRecord]] = frozenset(
    {
        facts.LoadBalancer,
        facts.Metrics,
        facts.SecurityService,
    }
)
