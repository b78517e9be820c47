"""Who may talk to whom: the semantics of Kubernetes NetworkPolicy over what was declared.

Nothing is skipped: a policy that says something this module does not know raises, because a rule that is
not understood may be the one that opens the door.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.components.monitor import Declared

POLICY: Final = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
NAMESPACE: Final = "kubernetes:core/v1:Namespace"
NAMESPACE_NAME: Final = "kubernetes.io/metadata.name"
INSTANCE: Final = "app.kubernetes.io/instance"
INGRESS: Final = "Ingress"
EGRESS: Final = "Egress"
_PROTOCOLS: Final = frozenset({"TCP", "UDP", "SCTP"})
_PEERS: Final = {INGRESS: "from", EGRESS: "to"}


class NotUnderstoodError(ValueError):
    """A policy says what this evaluator does not know."""


@dataclass(frozen=True)
class Pod:
    """Any pod of one template. Its address is not known before it runs; an `ip` may be assumed."""

    name: str
    namespace: str
    labels: Mapping[str, str]
    namespace_labels: Mapping[str, str] = field(default_factory=dict)
    ip: str | None = None

    def __post_init__(self) -> None:
        # The API server writes this label itself, over whatever was there.
        known = {**self.namespace_labels, NAMESPACE_NAME: self.namespace}
        object.__setattr__(self, "namespace_labels", known)

    @property
    def tenant(self) -> str | None:
        """The tenant it serves, by the label that policies select."""
        return self.labels.get(INSTANCE)


@dataclass(frozen=True)
class Policy:
    """One NetworkPolicy: its namespace, and its spec as declared."""

    namespace: str
    spec: Mapping[str, Any]

    def __post_init__(self) -> None:
        only(self.spec, "podSelector", "policyTypes", "ingress", "egress")
        if self.spec.get("podSelector") is None:
            raise NotUnderstoodError(f"a policy without podSelector: {self.spec}")
        if unknown := set(self.spec.get("policyTypes") or ()) - {INGRESS, EGRESS}:
            raise NotUnderstoodError(f"policyTypes {sorted(unknown)}")
        selects(self.spec["podSelector"], {})
        for direction in (INGRESS, EGRESS):
            for rule in self.rules(direction):
                _understood(rule, direction)

    @property
    def directions(self) -> frozenset[str]:
        """What it isolates; a policy that does not say isolates ingress, and egress if it has such rules."""
        stated = self.spec.get("policyTypes")
        if stated:
            return frozenset(stated)
        return frozenset({INGRESS, EGRESS} if self.spec.get("egress") else {INGRESS})

    def rules(self, direction: str) -> Sequence[Mapping[str, Any]]:
        """Its openings in one direction."""
        return self.spec.get(direction.lower()) or ()

    def selects(self, pod: Pod) -> bool:
        """Whether it is about *pod*."""
        return pod.namespace == self.namespace and selects(self.spec["podSelector"], pod.labels)

    def opens(self, direction: str, other: Pod | str, port: int, protocol: str) -> bool:
        """Whether a rule lets its pods talk in *direction* with another pod, or with an address."""
        return any(
            self._peers_include(rule.get(_PEERS[direction]), other)
            and _ports_include(rule.get("ports"), port, protocol)
            for rule in self.rules(direction)
        )

    def _peers_include(self, peers: Sequence[Mapping[str, Any]] | None, other: Pod | str) -> bool:
        return not peers or any(self._is_peer(peer, other) for peer in peers)

    def _is_peer(self, peer: Mapping[str, Any], other: Pod | str) -> bool:
        block = peer.get("ipBlock")
        if block is not None:
            address = other.ip if isinstance(other, Pod) else other
            return address is not None and _block_holds(block, address)
        if isinstance(other, str):
            return False
        namespaces, pods = peer.get("namespaceSelector"), peer.get("podSelector")
        if namespaces is None:
            inside = other.namespace == self.namespace
        else:
            inside = selects(namespaces, other.namespace_labels)
        return inside and (pods is None or selects(pods, other.labels))


@dataclass(frozen=True)
class Network:
    """All policies of a cluster, and the pods they are about."""

    policies: Sequence[Policy]
    pods: Sequence[Pod]
    _known: dict[tuple[int, str], tuple[Pod, list[Policy]]] = field(
        init=False, default_factory=dict, compare=False, repr=False
    )

    def allowed(self, source: Pod, destination: Pod, port: int, protocol: str = "TCP") -> bool:
        """Whether a connection from *source* to *destination* is let out there and let in here."""
        return self._may(source, EGRESS, destination, port, protocol) and self._may(
            destination, INGRESS, source, port, protocol
        )

    def egress_to_address(self, pod: Pod, ip: str, port: int, protocol: str = "TCP") -> bool:
        """Whether *pod* may open a connection to an address that is no pod's."""
        return self._may(pod, EGRESS, ip, port, protocol)

    def _may(self, pod: Pod, direction: str, other: Pod | str, port: int, protocol: str) -> bool:
        _known_protocol(protocol)
        isolating = self._isolating(pod, direction)
        # Policies only ever add openings, and a pod that none of them isolates is open.
        return not isolating or any(policy.opens(direction, other, port, protocol) for policy in isolating)

    def _isolating(self, pod: Pod, direction: str) -> list[Policy]:
        """The policies about *pod*, which is asked about with every other pod and port."""
        if (key := (id(pod), direction)) not in self._known:
            found = [each for each in self.policies if direction in each.directions and each.selects(pod)]
            self._known[key] = (pod, found)  # holds the pod, so that no other gets its id
        return self._known[key][1]


def network_of(declared: Sequence[Declared]) -> Network:
    """The policies and pods of what was declared."""
    policies = []
    for each in declared:
        if each.type.endswith("NetworkPolicy") and each.custom:
            if each.type != POLICY:
                raise NotUnderstoodError(f"{each.name} is a {each.type}")
            policies.append(Policy(each.props["metadata"]["namespace"], each.props["spec"]))
    return Network(policies, list(pods_of(declared)))


def pods_of(declared: Sequence[Declared]) -> Iterator[Pod]:
    """A pod for each pod template, in the namespace that was declared for it."""
    namespaces = {
        each.props["metadata"]["name"]: each.props["metadata"].get("labels") or {}
        for each in declared
        if each.type == NAMESPACE
    }
    for each in declared:
        spec = each.props.get("spec") if each.custom else None
        inner = (spec or {}).get("jobTemplate", {}).get("spec", {})
        template = (spec or {}).get("template") or inner.get("template")
        if template:
            where = each.props["metadata"]["namespace"]
            # Only the name of a namespace from elsewhere is known.
            yield Pod(each.name, where, template["metadata"]["labels"], namespaces.get(where, {}))


def _understood(rule: Mapping[str, Any], direction: str) -> None:
    peers = _PEERS[direction]
    only(rule, peers, "ports")
    for peer in rule.get(peers) or ():
        only(peer, "namespaceSelector", "podSelector", "ipBlock")
        said = [value for value in peer.values() if value is not None]
        if not said or (peer.get("ipBlock") is not None and len(said) > 1):
            raise NotUnderstoodError(f"the API server refuses such a peer: {peer}")
        if peer.get("ipBlock") is not None:
            _block_holds(peer["ipBlock"], "0.0.0.0")  # noqa: S104 - any address: the block is what is read
        else:
            for selector in said:
                selects(selector, {})
    _ports_include(rule.get("ports"), 0, "TCP")


def selects(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a label selector holds for *labels*."""
    only(selector, "matchLabels", "matchExpressions")
    wanted = selector.get("matchLabels") or {}
    # Every expression is read, so that one which is not understood cannot hide behind one that is false.
    expressed = [_holds(each, labels) for each in selector.get("matchExpressions") or ()]
    return all(labels.get(key) == value for key, value in wanted.items()) and all(expressed)


def _holds(expression: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    only(expression, "key", "operator", "values")
    key, operator = expression["key"], expression["operator"]
    values = expression.get("values") or ()
    if bool(values) is not (operator in ("In", "NotIn")):
        raise NotUnderstoodError(f"the API server refuses such an expression: {expression}")
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":  # also true of what does not have the label
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
    raise NotUnderstoodError(f"operator {operator}")


def _block_holds(block: Mapping[str, Any], address: str) -> bool:
    only(block, "cidr", "except")
    network = ipaddress.ip_network(block["cidr"])
    excepted = [ipaddress.ip_network(each) for each in block.get("except") or ()]
    for each in excepted:
        # `subnet_of` raises TypeError for another address family, which the API server refuses too.
        if each == network or not each.subnet_of(network):  # type: ignore[arg-type]
            raise NotUnderstoodError(f"except {each} lies not inside {network}")
    ip = ipaddress.ip_address(address)
    return ip in network and not any(ip in each for each in excepted)


def _ports_include(ports: Sequence[Mapping[str, Any]] | None, port: int, protocol: str) -> bool:
    matches = [_port_is(each, port, protocol) for each in ports or ()]
    return not matches or any(matches)


def _port_is(item: Mapping[str, Any], port: int, protocol: str) -> bool:
    only(item, "protocol", "port", "endPort")
    stated, first, last = item.get("protocol") or "TCP", item.get("port"), item.get("endPort")
    _known_protocol(stated)
    for number in (first, last):
        if number is not None and type(number) is not int:
            raise NotUnderstoodError(f"a port by name: {item}")
    if last is not None and (first is None or last < first):
        raise NotUnderstoodError(f"the API server refuses such a port: {item}")
    if first is None:
        return bool(stated == protocol)
    return bool(stated == protocol and first <= port <= (first if last is None else last))


def _known_protocol(protocol: str) -> None:
    if protocol not in _PROTOCOLS:
        raise NotUnderstoodError(f"protocol {protocol}")


def only(node: Mapping[str, Any], *known: str) -> None:
    """Raise for a field that is not among *known*."""
    if unknown := sorted(set(node) - set(known)):
        raise NotUnderstoodError(f"{unknown[0]!r} in {dict(node)}")
