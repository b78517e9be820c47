"""Objects of Kubernetes: their kind, the pods in them, and what each pod and container may do to its node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.clauses import Clause, Finding, NotYet
from policies.properties import NOT_KNOWN, Path, Properties, all_known, is_on, label, walk

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
    "set runAsNonRoot to true, and runAsUser to a number above 0 if you set it",
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
    "every volume, in whatever object", "mounts a directory of the node", "use a claim or an emptyDir"
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
    for path, pod in pods(type_token, props):
        yield from _pod(path, pod)
    for kind, content in objects(type_token, props):
        if kind == "ServiceAccount":
            yield from _token((), content)
        if kind == "Secret" and content.get("type") == "kubernetes.io/service-account-token":
            yield LASTING_TOKEN.at("type")
    for path, value in walk(props):
        if path[-1:] == ("hostPath",) and isinstance(value, Mapping):
            yield HOST_PATH.at(label(path), value.get("path"))


def _pod(path: Path, pod: Mapping[str, Any]) -> Iterator[Finding]:
    yield from (HOST.at(label((*path, name))) for name in sorted(_HOST) if is_on(pod.get(name)))
    yield from _token(path, pod)
    for inner, each in containers(pod):
        yield from _container((*path, *inner), pod, each)


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
