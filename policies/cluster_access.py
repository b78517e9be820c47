"""Access in a cluster: who may use its API, what traffic is let in, and where secrets lie."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any, Final

from policies.clauses import Clause, Finding, NotYet
from policies.manifests import containers, objects, pods
from policies.properties import NOT_KNOWN, Properties, all_known, at, label, words
from policies.public_access import is_world
from tiers.vocabulary import PRIVATE_RANGES

BALANCER: Final = Clause(
    "Services",
    "opens the Service to the internet, and is not the ingress controller's (name: traefik) on 80 and 443",
    "name ranges in loadBalancerSourceRanges, or use ClusterIP behind an Ingress",
)
NODE_PORT: Final = Clause(
    "Services",
    "opens a port on every node, or takes an address from outside",
    "use ClusterIP behind an Ingress, without externalIPs",
)
NO_TLS: Final = Clause(
    "Ingresses", "is served without TLS", "name it in tls[].hosts, with the Secret of its certificate"
)
OPEN_IN: Final = Clause(
    "NetworkPolicies",
    "lets in connections from every pod, every namespace or the internet",
    "name pods and namespaces, or ranges, in from",
)
OPEN_OUT: Final = Clause(
    "NetworkPolicies",
    "lets pods connect to everything",
    "name who, in to; for the internet, name ports and except private ranges",
)
ADMIN: Final = Clause(
    "RoleBindings and ClusterRoleBindings",
    "gives the rights of an administrator",
    "bind a role with the rules that are needed",
)
ANYBODY: Final = Clause(
    "RoleBindings and ClusterRoleBindings",
    "gives rights to everybody, or to a group that no rule stops",
    "name users, groups or service accounts",
)
WILDCARD: Final = Clause("Roles and ClusterRoles", "allows everything (*)", "list what is needed")
GRANTS: Final = Clause(
    "Roles and ClusterRoles",
    "allows to take on other rights",
    "leave escalate, bind and impersonate out",
)
ALL_SECRETS: Final = Clause(
    "ClusterRoles", "reads the Secrets of every namespace", "use a Role in the namespace that needs it"
)
NAMESPACE: Final = Clause(
    "Namespaces",
    "does not enforce Pod Security",
    "set the label pod-security.kubernetes.io/enforce to restricted (or baseline)",
)
PLAIN_SECRET: Final = Clause(
    "ConfigMaps, variables of containers",
    "holds what looks like a secret",
    "keep it in a Secret and refer to it with secretKeyRef or a mount",
)
CLAUSES: Final = (
    BALANCER, NODE_PORT, NO_TLS, OPEN_IN, OPEN_OUT, ADMIN, ANYBODY, WILDCARD, GRANTS, ALL_SECRETS,
    NAMESPACE, PLAIN_SECRET,
)  # fmt: skip

_ADMINS: Final = frozenset({"cluster-admin", "admin", "system:masters"})
_ANYBODY: Final = frozenset(
    {
        "system:anonymous",
        "system:unauthenticated",
        "system:authenticated",
        "system:serviceaccounts",
        "system:masters",
    }
)
_WEB: Final = frozenset({80, 443})
_ENTRIES: Final = frozenset({8000, 8443})
_PRIVATE_V6: Final = ("fc00::/7",)
_GRANTING: Final = frozenset({"escalate", "bind", "impersonate"})
_ENFORCE: Final = "pod-security.kubernetes.io/enforce"
_PASSWORDS: Final = ("password", "passwd", "passphrase")
_SECRET_WORDS: Final = frozenset({"secret", "token", "credentials"})
_KEY_WORDS: Final = (("private", "key"), ("api", "key"), ("access", "key"), ("secret", "key"))
# The markers of keys, and passwords in addresses; a variable's name in their place is no secret.
_SECRET_TEXT: Final = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]*:(?![$<{])[^/\s@]+@")
_SECRET_SETTING: Final = re.compile(
    r"^\s*\w*passw(?:or)?d\s*[=:]\s*(?![$<{\s])\S", re.IGNORECASE | re.MULTILINE
)


def cluster_access(type_token: str, props: Properties) -> Iterator[Finding]:
    """The cluster lets in named callers and traffic, and keeps secrets in Secrets."""
    for kind, content in objects(type_token, props):
        if judge := _KINDS.get(kind):
            yield from judge(content)
    for path, pod in pods(type_token, props):
        for inner, each in containers(pod):
            yield from _variables(label((*path, *inner)), each)


def _service(props: Properties) -> Iterator[Finding]:
    spec = props.get("spec") or {}
    kind = spec.get("type")
    if kind == "NodePort" or isinstance(spec.get("externalIPs"), list):
        yield NODE_PORT.at("spec.type" if kind == "NodePort" else "spec.externalIPs")
    # The way in for everybody is the ingress controller's: the ports of the web, to its pods only.
    if kind == "LoadBalancer" and not (
        _is_ingress_controller(spec.get("selector")) and _ports(spec, "port") <= _WEB
    ):
        ranges = spec.get("loadBalancerSourceRanges")
        if not ranges or any(each is not NOT_KNOWN and is_world(str(each)) for each in ranges):
            yield BALANCER.at("spec.loadBalancerSourceRanges")


def _ingress(props: Properties) -> Iterator[Finding]:
    spec = props.get("spec") or {}
    if not all_known(spec.get("tls")):
        return  # `known-values` tells what is not known
    listed = {str(host) for each in spec.get("tls") or () for host in _record(each).get("hosts") or ()}
    rules = spec.get("rules") or [{}]
    for index, rule in enumerate(rules):
        host = _record(rule).get("host")
        if rule is not NOT_KNOWN and host is not NOT_KNOWN and not _covered(host, listed):
            yield NO_TLS.at(f"spec.rules[{index}]", host)


def _is_ingress_controller(labels: Any) -> bool:
    """Whether labels select the pods that tenants let in (`TenantBoundary`), or may: they are not known."""
    name = labels if labels is NOT_KNOWN else _record(labels).get("app.kubernetes.io/name")
    return name == "traefik" or name is NOT_KNOWN


def _ports(holder: Mapping[str, Any], name: str) -> frozenset[Any]:
    """The ports that are named, if they are known; None among them where one is not, or all are open."""
    listed = holder.get("ports") or [None]
    ports = [listed] if listed is NOT_KNOWN else listed
    return frozenset(each if each is NOT_KNOWN else _record(each).get(name) for each in ports) - {NOT_KNOWN}


def _covered(host: Any, listed: set[str]) -> bool:
    return isinstance(host, str) and (host in listed or f"*.{host.partition('.')[2]}" in listed)


def _network_policy(props: Properties) -> Iterator[Finding]:
    spec = props.get("spec") or {}
    entered = _is_ingress_controller(at(props, "spec.podSelector.matchLabels"))
    for index, rule in enumerate(spec.get("ingress") or ()):
        peers = rule.get("from")
        if entered and peers and _ports(rule, "port") <= _ENTRIES:
            continue
        if not peers or any(_everybody(peer) for peer in peers):
            yield OPEN_IN.at(f"spec.ingress[{index}].from")
    for index, rule in enumerate(spec.get("egress") or ()):
        peers, ports = rule.get("to"), rule.get("ports")
        if not peers or any(_everywhere(peer, ports) for peer in peers):
            yield OPEN_OUT.at(f"spec.egress[{index}].to")


def _everybody(peer: Any) -> bool:
    """Whether a peer is every namespace's pods, or the internet; exceptions make it no smaller."""
    cidr = at(peer, "ipBlock.cidr")
    if cidr is not None:
        return cidr is not NOT_KNOWN and is_world(str(cidr))
    if peer is NOT_KNOWN:
        return False
    selector = peer.get("namespaceSelector")
    return not peer or (isinstance(selector, Mapping) and not any(selector.values()))


def _everywhere(peer: Any, ports: Any) -> bool:
    cidr = at(peer, "ipBlock.cidr")
    if cidr is None or cidr is NOT_KNOWN or not is_world(str(cidr)):
        return cidr is None and _everybody(peer)
    excepted = at(peer, "ipBlock.except") or ()
    if not all_known(excepted):
        return False
    kept = set(excepted)
    inside = set(_PRIVATE_V6 if ":" in str(cidr) else PRIVATE_RANGES)
    return not ports or not inside <= kept


def _binding(props: Properties) -> Iterator[Finding]:
    role = at(props, "roleRef.name")
    if role is NOT_KNOWN:
        yield NotYet("roleRef.name")
    elif role in _ADMINS:
        yield ADMIN.at("roleRef.name", role)
    for index, subject in enumerate(props.get("subjects") or ()):
        name = str(_record(subject).get("name"))
        if name in _ANYBODY or name.startswith("system:serviceaccounts"):
            yield ANYBODY.at(f"subjects[{index}].name", name)


def _role(props: Properties) -> Iterator[Finding]:
    for index, rule in enumerate(props.get("rules") or ()):
        allowed = _record(rule)
        for name in ("verbs", "resources", "apiGroups", "nonResourceURLs"):
            if any("*" in str(each) for each in allowed.get(name) or ()):
                yield WILDCARD.at(f"rules[{index}].{name}")
        if granted := sorted(_GRANTING & set(allowed.get("verbs") or ())):
            yield GRANTS.at(f"rules[{index}].verbs", ", ".join(granted))


def _cluster_role(props: Properties) -> Iterator[Finding]:
    yield from _role(props)
    for index, rule in enumerate(props.get("rules") or ()):
        if "secrets" in (_record(rule).get("resources") or ()):
            yield ALL_SECRETS.at(f"rules[{index}].resources")


def _namespace(props: Properties) -> Iterator[Finding]:
    labels = at(props, "metadata.labels")
    level = labels.get(_ENFORCE) if isinstance(labels, Mapping) else labels
    if level not in {"restricted", "baseline", NOT_KNOWN}:
        yield NAMESPACE.at("metadata.labels")


def _config_map(props: Properties) -> Iterator[Finding]:
    for name in ("data", "binaryData"):
        for key, value in _record(props.get(name)).items():
            if value is NOT_KNOWN:
                yield NotYet(f"{name}.{key}")
            elif _names_secret(key) or _tells_secret(str(value)):
                yield PLAIN_SECRET.at(f"{name}.{key}")


def _tells_secret(text: str) -> bool:
    return bool(_SECRET_TEXT.search(text) or _SECRET_SETTING.search(text))


def _variables(where: str, container: Mapping[str, Any]) -> Iterator[Finding]:
    for index, each in enumerate(container.get("env") or ()):
        name, value = str(_record(each).get("name")), _record(each).get("value")
        # A reference to another variable is no secret; one that is not known may be.
        if value is NOT_KNOWN:
            yield NotYet(f"{where}.env[{index}].value")
        elif value and "$(" not in str(value) and (_names_secret(name) or _SECRET_TEXT.search(str(value))):
            yield PLAIN_SECRET.at(f"{where}.env[{index}]", name)


def _names_secret(name: str) -> bool:
    """Whether a name says that its value is a secret; a file or a name of a Secret is none."""
    said = words((name,))
    if said[-1:] and said[-1] in {"file", "path", "name", "ref", "url", "arn", "id"}:
        return False
    pairs = set(pairwise(said))
    if any(each in word for word in said for each in _PASSWORDS):
        return True
    return bool(_SECRET_WORDS & set(said)) or bool(pairs & set(_KEY_WORDS))


def _record(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


_KINDS: Final[Mapping[str, Callable[[Properties], Iterator[Finding]]]] = {
    "Service": _service,
    "Ingress": _ingress,
    "NetworkPolicy": _network_policy,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
    "Role": _role,
    "ClusterRole": _cluster_role,
    "Namespace": _namespace,
    "ConfigMap": _config_map,
}
