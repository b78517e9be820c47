"""Fluent Bit on every node: it ships what tenants' pods write to the tenants' log groups."""

from __future__ import annotations

import hashlib
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.iam import PodRole
from components.kubernetes import pods
from components.kubernetes.fingerprint import ANNOTATION
from components.kubernetes.network_policies import scraped_policy, to_api
from components.kubernetes.parts.access import allowed_in_cluster
from components.kubernetes.parts.log_pipeline import PORT, pipeline
from components.naming import component_type
from components.openings import to_aws
from components.places import Text
from tiers.facts.every_fact import LogShipper
from tiers.facts.names import LOG_SHIPPER, NODE_LOGS

_CONFIGURATION: Final = "/etc/fluent-bit"
_FILE: Final = "fluent-bit.yaml"
# The entry point of its image, which an image of one's own may have changed (dockerfiles/Dockerfile).
_PROGRAM: Final = "/fluent-bit/bin/fluent-bit"


class ShippedLogs(pulumi.ComponentResource):
    """A DaemonSet that may read the logs of its node, ask whose a pod is, and write to tenants' log groups.

    Args:
        name: Its name, its account's and its role's.
        fact: What it reads, and where it ships it.
        cluster: Name of the EKS cluster.
        account_of: ARN of a resource in the account and region of the log groups.
        opts: Options of the component; its namespace must exist first.
    """

    def __init__(
        self,
        name: str,
        fact: LogShipper,
        cluster: Text,
        *,
        account_of: Text,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("ShippedLogs"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        labels = pods.identity(name, "logs", name=LOG_SHIPPER)
        account = pods.service_account(name, name, fact.namespace, child)
        before: list[pulumi.Resource] = [
            account,
            _may_ask(name, fact.namespace, child),
            PodRole(
                name,
                cluster=cluster,
                namespace=fact.namespace,
                service_account=name,
                statements=[_may_write(fact, account_of)],
                opts=child,
            ),
        ]
        openings = [to_api(fact.api_cidrs), *to_aws()]
        scraped_policy((name, fact.namespace), labels, (fact.scraped_from, PORT), openings, child)
        _daemon_set(name, fact, labels, pulumi.ResourceOptions(parent=self, depends_on=before))
        self.register_outputs({})


def _daemon_set(name: str, fact: LogShipper, labels: dict[str, str], opts: pulumi.ResourceOptions) -> None:
    """Its configuration, and a pod on every node.

    A pod reads its configuration when it starts, so another one needs other pods.
    """
    text = pipeline(fact)
    read = {ANNOTATION: hashlib.sha256(text.encode()).hexdigest()}
    metadata = {"name": name, "namespace": fact.namespace}
    made = k8s.core.v1.ConfigMap(name, metadata=metadata, data={_FILE: text}, opts=opts)
    k8s.apps.v1.DaemonSet(
        name,
        metadata={**metadata, "labels": labels},
        spec={
            "selector": {"matchLabels": labels},
            # Never two on a node: both would ship every line.
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "10%"}},
            "template": pods.pod_template(labels, _pod(fact, name), read),
        },
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[made])),
    )


def _pod(fact: LogShipper, name: str) -> pods.Manifest:
    """Root without any capability: the owner of what the kubelet writes may read it, and nobody else's."""
    directories = [
        {"name": path.rpartition("/")[2], "mountPath": path, "readOnly": True} for path in NODE_LOGS
    ]
    container = pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=[
            {"name": "access", "mountPath": pods.API_ACCESS, "readOnly": True},
            {"name": "configuration", "mountPath": _CONFIGURATION, "readOnly": True},
            *directories,
        ],
        command=[_PROGRAM],
        args=["--config", f"{_CONFIGURATION}/{_FILE}"],
        ports=[{"name": pods.METRICS_PORT, "containerPort": PORT}],
        livenessProbe={"httpGet": {"path": "/", "port": pods.METRICS_PORT}, "timeoutSeconds": 5},
    )
    volumes = [
        _access(),
        {"name": "configuration", "configMap": {"name": name}},
        *(
            {"name": mount["name"], "hostPath": {"path": mount["mountPath"], "type": "Directory"}}
            for mount in directories
        ),
    ]
    # A node without it loses lines, so no taint keeps it away.
    made = pods.pod(fact.run_as_user, fact.run_as_group, name, [container], volumes)
    as_root = {
        "runAsUser": fact.run_as_user,
        "runAsGroup": fact.run_as_group,
        "seccompProfile": made["securityContext"]["seccompProfile"],
    }
    return made | {"securityContext": as_root, "tolerations": [{"operator": "Exists"}]}


def _access() -> pods.Manifest:
    """Its token, the CA and, as Fluent Bit asks before it uses them, the name of its namespace."""
    where = [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]
    return pods.api_access("access", {"downwardAPI": {"items": where}})


def _may_ask(name: str, namespace: str, child: pulumi.ResourceOptions) -> k8s.rbac.v1.ClusterRoleBinding:
    """Whose a pod is: it asks for one by name, and lists none (plugins/filter_kubernetes/kube_meta.c)."""
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    return allowed_in_cluster(name, (name, namespace), rules, child)


def _may_write(fact: LogShipper, account_of: Text) -> dict[str, Any]:
    """Streams and lines of tenants' groups; it makes no group, and reads nothing back."""

    def groups(arn: str) -> str:
        _, partition, _, region, account, *_ = arn.split(":")
        return f"arn:{partition}:logs:{region}:{account}:log-group:{fact.log_groups}/*"

    return {
        "Effect": "Allow",
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": pulumi.Output.from_input(account_of).apply(groups),
    }
