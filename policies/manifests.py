"""Objects of Kubernetes: their kind, the pods in them, and what each pod and container may do to its node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.clauses import Clause, Finding, NotYet, Violation
from policies.properties import NOT_KNOWN, Path, Properties, all_known, at, is_on, label, walk
from tiers.facts.names import LOG_SHIPPER, LOGS_NAMESPACE, NODE_LOGS

KUBERNETES: Final = "kubernetes:"
PRIVILEGED: Final = Clause(
    "every container, in whatever object",
    "gives the container the node's rights",
    "set privileged and hostProcess to false, procMount to Default",
)
ESCALATION: Final = Clause(
    "every container, in whatever object", "is not false: a program could gain rights", "set it to false"
)
ROOT: Final = Clause(
    "every container, in whatever object",
    "may run as root",
    "set runAsNonRoot to true, and runAsUser to a number above 0 if you set it; only the log shipper of a "
    "platform may be root, as it comes",
)
CAPABILITIES: Final = Clause(
    "every container, in whatever object",
    "keeps or adds capabilities of the kernel",
    "drop ALL and add none but NET_BIND_SERVICE",
)
SECCOMP: Final = Clause(
    "every container, in whatever object",
    "does not limit calls of the kernel",
    "set seccompProfile.type to RuntimeDefault or Localhost",
)
HOST: Final = Clause(
    "every pod, in whatever object",
    "shares the node's network, processes or memory",
    "leave hostNetwork, hostPID, hostIPC and hostPort out",
)
HOST_PATH: Final = Clause(
    "every volume, in whatever object",
    "mounts a directory of the node",
    "use a claim or an emptyDir; only the log shipper of a platform mounts two with logs, "
    "and writes to neither",
)
TOKEN: Final = Clause(
    "automountServiceAccountToken of every pod and service account",
    "is not false: each container gets a token for the Kubernetes API",
    "set it to false, and project a token into the pods that need one",
)
LASTING_TOKEN: Final = Clause(
    "Secrets",
    "keeps a token for the Kubernetes API that never ends",
    "project a token into the pods that need one",
)
CLAUSES: Final = (LASTING_TOKEN, PRIVILEGED, ESCALATION, ROOT, CAPABILITIES, SECCOMP, HOST, HOST_PATH, TOKEN)

_CONTAINERS: Final = ("containers", "initContainers", "ephemeralContainers")
_HOST: Final = frozenset({"hostNetwork", "hostPID", "hostIPC"})
_ALLOWED_CAPABILITY: Final = "NET_BIND_SERVICE"
_PROFILES: Final = frozenset({"RuntimeDefault", "Localhost"})

_NAME: Final = "app.kubernetes.io/name"
_DAEMON_SET: Final = "kubernetes:apps/v1:DaemonSet"
_TEMPLATE: Final[Path] = ("spec", "template", "spec")
_READ: Final = (True, NOT_KNOWN)
_POD: Final = ".".join(str(part) for part in _TEMPLATE)


def objects(type_token: str, props: Properties) -> Iterator[tuple[str, Properties]]:
    """Kind and content of the objects of a resource: one, or each in a list; a patch counts as its object."""
    if not type_token.startswith(KUBERNETES):
        return
    kind = type_token.rpartition(":")[2].removesuffix("Patch")
    items = props.get("items")
    if kind.endswith("List") and isinstance(items, list):
        named = kind.removesuffix("List")
        yield from ((each.get("kind") or named, each) for each in items if isinstance(each, Mapping))
    else:
        yield kind, props


def pods(type_token: str, props: Properties) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """Every record with containers, wherever it lies: templates of kinds that nobody has heard of, too."""
    if type_token.startswith(KUBERNETES):
        for path, value in walk(props):
            if isinstance(value, Mapping) and isinstance(value.get("containers"), list):
                yield path, value


def containers(pod: Mapping[str, Any]) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    """The containers of a pod, those of its start and of debugging included."""
    for name in _CONTAINERS:
        listed = pod.get(name)
        for index, each in enumerate(listed if isinstance(listed, list) else ()):
            if isinstance(each, Mapping):
                yield (name, index), each


def pod_security(type_token: str, props: Properties) -> Iterator[Finding]:
    """Pods run as the Pod Security Standard `restricted` says, without a token of the Kubernetes API."""
    if not type_token.startswith(KUBERNETES):
        return
    excepted = set(_read_as_root(type_token, props))
    for path, pod in pods(type_token, props):
        yield from _pod(path, pod, may_be_root=path in excepted)
    for kind, content in objects(type_token, props):
        if kind == "ServiceAccount":
            yield from _token((), content)
        if kind == "Secret" and content.get("type") == "kubernetes.io/service-account-token":
            yield LASTING_TOKEN.at("type")
    for path, value in walk(props):
        if path[-1:] == ("hostPath",) and isinstance(value, Mapping) and path not in excepted:
            yield HOST_PATH.at(label(path), value.get("path"))


def _pod(path: Path, pod: Mapping[str, Any], *, may_be_root: bool) -> Iterator[Finding]:
    yield from (HOST.at(label((*path, name))) for name in sorted(_HOST) if is_on(pod.get(name)))
    yield from _token(path, pod)
    for inner, each in containers(pod):
        found = _container((*path, *inner), pod, each)
        yield from (each for each in found if not (may_be_root and _is_about(each, ROOT)))


def _is_about(finding: Finding, clause: Clause) -> bool:
    return isinstance(finding, Violation) and finding.clause is clause


def _token(path: Path, holder: Mapping[str, Any]) -> Iterator[Finding]:
    where, value = (
        label((*path, "automountServiceAccountToken")),
        holder.get("automountServiceAccountToken"),
    )
    if value is NOT_KNOWN:
        yield NotYet(where)
    elif value is not False:
        yield TOKEN.at(where)


def _container(path: Path, pod: Mapping[str, Any], container: Mapping[str, Any]) -> Iterator[Finding]:
    own, shared = container.get("securityContext") or {}, pod.get("securityContext") or {}
    where = label((*path, "securityContext"))
    if own is NOT_KNOWN or shared is NOT_KNOWN:
        return  # `known-values` tells what is not known
    yield from _rights(where, own, shared)
    # What the pod says counts for every container that says nothing else.
    both = {**shared, **{key: value for key, value in own.items() if value is not None}}
    if both.get("runAsNonRoot") not in {True, NOT_KNOWN} or both.get("runAsUser") == 0:
        yield ROOT.at(where)
    if (both.get("seccompProfile") or {}).get("type") not in {*_PROFILES, NOT_KNOWN}:
        yield SECCOMP.at(f"{where}.seccompProfile")
    for index, port in enumerate(container.get("ports") or ()):
        if isinstance(port.get("hostPort"), int):
            yield HOST.at(label((*path, "ports", index, "hostPort")), port["hostPort"])


def _rights(where: str, own: Mapping[str, Any], shared: Mapping[str, Any]) -> Iterator[Finding]:
    windows = own.get("windowsOptions") or shared.get("windowsOptions") or {}
    odd_proc = own.get("procMount") not in {None, "Default", NOT_KNOWN}
    if is_on(own.get("privileged")) or is_on(windows.get("hostProcess")) or odd_proc:
        yield PRIVILEGED.at(where)
    if own.get("allowPrivilegeEscalation") not in {False, NOT_KNOWN}:
        yield ESCALATION.at(f"{where}.allowPrivilegeEscalation")
    capabilities = own.get("capabilities") or {}
    if not all_known(capabilities):
        return
    added = [str(each) for each in capabilities.get("add") or () if each != _ALLOWED_CAPABILITY]
    if added or "ALL" not in (capabilities.get("drop") or ()):
        yield CAPABILITIES.at(f"{where}.capabilities", ", ".join(added) or None)


def may_be_privileged(namespace: Properties) -> bool:
    """Whether a namespace is the log shipper's, by name and by label."""
    return _is_place(at(namespace, "metadata.name")) and _is_named(at(namespace, "metadata.labels"))


def _read_as_root(type_token: str, props: Properties) -> Iterator[Path]:
    """The one exception, by its exact shape: the paths of a log shipper's pod and of its volumes of the node.

    It reads two directories of the node as root, without a capability and without writing anything; whatever
    it does besides is judged as for every other pod. There are no paths unless all of its volumes of the node
    are logs, and every container only reads them, and its own root. What is not known yet may be so.
    """
    labels = at(props, "spec.template.metadata.labels")
    if type_token != _DAEMON_SET or not _is_place(at(props, "metadata.namespace")) or not _is_named(labels):
        return
    pod = at(props, _POD)
    volumes = _list(pod, "volumes")
    named = {at(each, "name"): at(each, "hostPath.path") for each in volumes if at(each, "hostPath")}
    inside = [each for kind in ("containers", "initContainers") for each in _list(pod, kind)]
    mounts = [mount for container in inside for mount in _list(container, "volumeMounts")]
    if any(at(each, "securityContext.readOnlyRootFilesystem") not in _READ for each in inside):
        return
    written = [each for each in mounts if at(each, "name") in named and at(each, "readOnly") not in _READ]
    if set(named.values()) <= {*NODE_LOGS, NOT_KNOWN} and not written:
        yield _TEMPLATE
        for index, each in enumerate(volumes):
            if at(each, "name") in named:
                yield (*_TEMPLATE, "volumes", index, "hostPath")


def _is_place(namespace: Any) -> bool:
    """Its namespace, with or without the prefix of a portfolio that shares its cluster."""
    return namespace is NOT_KNOWN or f"-{namespace}".endswith(f"-{LOGS_NAMESPACE}")


def _is_named(labels: Any) -> bool:
    name = labels.get(_NAME) if isinstance(labels, Mapping) else labels
    return name is NOT_KNOWN or name == LOG_SHIPPER


def _list(holder: Any, name: str) -> list[Any]:
    found = holder.get(name) if isinstance(holder, Mapping) else None
    return found if isinstance(found, list) else []
