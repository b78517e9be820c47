"""Objects of Kubernetes that are insecure in one way each, with the rule that refuses them."""

from __future__ import annotations

from typing import Any, Final

from tests.policies.insecure import OFFICE, WORLD, Insecure, Props, changed

POD, CLUSTER = "pod-security", "cluster-access"
CONTAINER: Final[Props] = {
    "name": "web",
    "image": f"registry.example.com/odoo@sha256:{'0' * 64}",
    "resources": {kind: {"cpu": "1", "memory": "1Gi"} for kind in ("requests", "limits")},
    "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
}
SPEC: Final[Props] = {
    "automountServiceAccountToken": False,
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [CONTAINER],
}
DEPLOYMENT, ROLLOUT = "kubernetes:apps/v1:Deployment", "kubernetes:argoproj.io/v1alpha1:Rollout"


def pod(what: str, type_token: str = DEPLOYMENT, **change: Any) -> Insecure:
    """A deployment whose pod is changed; None leaves a field out."""
    spec = {key: value for key, value in {**SPEC, **change}.items() if value is not None}
    good = {"spec": {"template": {"spec": SPEC}}}
    return changed(what, type_token, good, POD, spec={"template": {"spec": spec}})


def container(what: str, **change: Any) -> Insecure:
    """A deployment whose container has another security context."""
    context = {**CONTAINER["securityContext"], **change}
    return pod(what, containers=[{**CONTAINER, "securityContext": context}])


def obj(what: str, kind: str, good: Props, **change: Any) -> Insecure:
    """An object with one change."""
    return changed(what, f"kubernetes:{kind}", good, CLUSTER, **change)


PODS = (
    container("privileged container", privileged=True),
    container("container that may gain rights", allowPrivilegeEscalation=None),
    container("container as root", runAsUser=0),
    container("container that may be root", runAsNonRoot=False),
    container("container with a capability", capabilities={"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    container("container that keeps capabilities", capabilities=None),
    container("container without seccomp", seccompProfile={"type": "Unconfined"}),
    pod("pod in the node's network", hostNetwork=True),
    pod("pod among the node's processes", hostPID=True),
    pod("pod with a directory of the node", volumes=[{"name": "x", "hostPath": {"path": "/var"}}]),
    pod("port of the node", containers=[{**CONTAINER, "ports": [{"containerPort": 1, "hostPort": 1}]}]),
    pod("pod with a token", automountServiceAccountToken=None),
    pod("privileged container of a kind nobody knows", ROLLOUT, hostIPC=True),
    pod(
        "privileged container at the start",
        initContainers=[
            {**CONTAINER, "securityContext": {**CONTAINER["securityContext"], "privileged": True}}
        ],
    ),
    changed(
        "service account with a token",
        "kubernetes:core/v1:ServiceAccount",
        {"automountServiceAccountToken": False},
        POD,
        automountServiceAccountToken=None,
    ),
    changed(
        "Secret with a token that never ends",
        "kubernetes:core/v1:Secret",
        {"type": "Opaque"},
        POD,
        type="kubernetes.io/service-account-token",
    ),
    changed(
        "volume of the node",
        "kubernetes:core/v1:PersistentVolume",
        {"spec": {"csi": {"driver": "efs.csi.aws.com"}}},
        POD,
        spec={"hostPath": {"path": "/data"}},
    ),
)

BALANCER = {"spec": {"type": "LoadBalancer", "loadBalancerSourceRanges": [OFFICE]}}
TRAEFIK = {"app.kubernetes.io/name": "traefik"}
WAY_IN: Final[Props] = {
    "type": "LoadBalancer",
    "loadBalancerSourceRanges": [WORLD[0]],
    "selector": TRAEFIK,
    "ports": [{"port": 80}, {"port": 443}],
}
ENTERED: Final[Props] = {
    "podSelector": {"matchLabels": TRAEFIK},
    "ingress": [{"from": [{"ipBlock": {"cidr": WORLD[0]}}], "ports": [{"port": 8000}, {"port": 8443}]}],
}
BINDING = "rbac.authorization.k8s.io/v1:ClusterRoleBinding"
BOUND = {"roleRef": {"kind": "ClusterRole", "name": "view"}, "subjects": [{"kind": "User", "name": "ann"}]}
RULES = {"rules": [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]}
INGRESS = {"spec": {"tls": [{"hosts": ["a.example.com"]}], "rules": [{"host": "a.example.com"}]}}
PEERS: Final[Props] = {"spec": {"podSelector": {}, "ingress": [{"from": [{"podSelector": {}}]}]}}
NET, ROLE = "networking.k8s.io/v1:NetworkPolicy", "rbac.authorization.k8s.io/v1:Role"


def netpol(what: str, **spec: Any) -> Insecure:
    """A network policy with these rules."""
    return obj(what, NET, PEERS, spec={"podSelector": {}, **spec})


def role(what: str, kind: str = ROLE, **rule: Any) -> Insecure:
    """A role with one rule changed."""
    return obj(what, kind, RULES, rules=[{**RULES["rules"][0], **rule}])


ACCESS = (
    obj("Service on the internet", "core/v1:Service", BALANCER, spec={"type": "LoadBalancer"}),
    obj(
        "Service for the whole internet",
        "core/v1:Service",
        BALANCER,
        spec={"type": "LoadBalancer", "loadBalancerSourceRanges": [WORLD[0]]},
    ),
    # The good ones of these four are open to the internet: the ingress controller is there for that.
    obj(
        "port of the ingress controller besides the web's",
        "core/v1:Service",
        {"spec": WAY_IN},
        spec={**WAY_IN, "ports": [{"port": 443}, {"port": 9100}]},
    ),
    obj(
        "ports of the web to other pods",
        "core/v1:Service",
        {"spec": WAY_IN},
        spec={**WAY_IN, "selector": {"app.kubernetes.io/name": "odoo"}},
    ),
    obj(
        "policy that opens another port of the ingress controller",
        NET,
        {"spec": ENTERED},
        spec={**ENTERED, "ingress": [{**ENTERED["ingress"][0], "ports": [{"port": 9100}]}]},
    ),
    obj(
        "policy that opens all ports of the ingress controller",
        NET,
        {"spec": ENTERED},
        spec={**ENTERED, "ingress": [{"from": ENTERED["ingress"][0]["from"]}]},
    ),
    obj("Service on every node", "core/v1:Service", BALANCER, spec={"type": "NodePort"}),
    obj(
        "Ingress without TLS",
        "networking.k8s.io/v1:Ingress",
        INGRESS,
        spec={"rules": INGRESS["spec"]["rules"]},
    ),
    obj(
        "Ingress with TLS for another name",
        "networking.k8s.io/v1:Ingress",
        INGRESS,
        spec={**INGRESS["spec"], "rules": [{"host": "b.example.com"}]},
    ),
    netpol("policy that lets everything in", ingress=[{}]),
    netpol("policy that lets the internet in", ingress=[{"from": [{"ipBlock": {"cidr": WORLD[0]}}]}]),
    netpol("policy that lets every namespace in", ingress=[{"from": [{"namespaceSelector": {}}]}]),
    netpol(
        "policy that lets every namespace in, in more words",
        ingress=[{"from": [{"namespaceSelector": {"matchLabels": {}}}]}],
    ),
    netpol(
        "policy that lets out to private ranges of IPv6",
        egress=[{"to": [{"ipBlock": {"cidr": WORLD[1]}}], "ports": [{"port": 443}]}],
    ),
    netpol("policy that lets everything out", egress=[{}]),
    netpol(
        "policy that lets out to private ranges with the internet",
        egress=[{"to": [{"ipBlock": {"cidr": WORLD[0]}}], "ports": [{"port": 443}]}],
    ),
    obj("administrator", BINDING, BOUND, roleRef={"kind": "ClusterRole", "name": "cluster-admin"}),
    obj("rights for whoever asks", BINDING, BOUND, subjects=[{"kind": "User", "name": "system:anonymous"}]),
    role("role with every verb", verbs=["*"]),
    role("role with every resource", resources=["*"]),
    role("role that takes on rights", verbs=["get", "escalate"]),
    role("every Secret of the cluster", "rbac.authorization.k8s.io/v1:ClusterRole", resources=["secrets"]),
    obj(
        "namespace without Pod Security",
        "core/v1:Namespace",
        {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "restricted"}}},
        metadata={"labels": {"pod-security.kubernetes.io/enforce": "privileged"}},
    ),
    obj(
        "password in a ConfigMap", "core/v1:ConfigMap", {"data": {"a": "b"}}, data={"DB_PASSWORD": "made-up"}
    ),
    obj(
        "password in a file of a ConfigMap",
        "core/v1:ConfigMap",
        {"data": {"odoo.conf": "workers = 2"}},
        data={"odoo.conf": "workers = 2\nadmin_passwd = made-up\n"},
    ),
    obj(
        "password in a variable",
        "apps/v1:Deployment",
        {"spec": {"template": {"spec": SPEC}}},
        spec={
            "template": {
                "spec": {
                    **SPEC,
                    "containers": [{**CONTAINER, "env": [{"name": "PGPASSWORD", "value": "made-up"}]}],
                }
            }
        },
    ),
    obj(
        "password in a list of ConfigMaps",
        "core/v1:ConfigMapList",
        {"items": [{"data": {"a": "b"}}]},
        items=[{"data": {"api-token": "made-up"}}],
    ),
)
OBJECTS = (*PODS, *ACCESS)
