"""The rules as plain functions: from a resource's type and properties to its violations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from policies.clauses import Clause, Finding
from policies.cluster_access import CLAUSES as CLUSTER
from policies.cluster_access import cluster_access
from policies.documents import CLAUSES as DOCUMENTS
from policies.documents import documents
from policies.encryption import CLAUSES as ENCRYPTION
from policies.encryption import encryption
from policies.judged_types import HIDDEN, UNJUDGED, judged_types
from policies.manifests import CLAUSES as PODS
from policies.manifests import containers, pod_security, pods
from policies.properties import NOT_KNOWN, Path, Properties, is_on
from policies.public_access import CLAUSES as PUBLIC_ACCESS
from policies.public_access import no_public_data
from policies.services import BACKED_UP, HARDENED, backed_up, hardened, is_as_it_was
from policies.tagged.promises import kept_promises
from policies.tagged.tags import cost_tags
from policies.unknown_values import unknown_values
from policies.whole_stack import CLAUSES as COMPANION_CLAUSES

Check = Callable[[str, Properties], Iterator[Finding]]

_DATABASE: Final = "aws:rds/instance:Instance"
UNREADABLE: Final = Clause(
    "every resource",
    "cannot be judged: a property has another shape than its provider documents",
    "write the properties as the provider's documentation does",
)


class Rule(NamedTuple):
    """One rule: its name, its purpose, and the check. `advisory` rules warn, all others refuse."""

    name: str
    description: str
    check: Check
    clauses: tuple[Clause, ...] = ()
    """What exactly is refused; empty for a rule that its description says in full."""
    advisory: bool = False


def judged(rule: Rule, type_token: str, props: Properties) -> Iterator[Finding]:
    """What the rule finds, and what it would have to know; a shape that it cannot read is refused."""
    try:
        yield from rule.check(type_token, props)
    except (AttributeError, TypeError, KeyError, ValueError, RecursionError):
        yield UNREADABLE.at(rule.name)


def recoverable_data(type_token: str, props: Properties) -> Iterator[str]:
    """A deleted database leaves a snapshot and its backups; without them a destroy is final.

    Of a read replica RDS makes no final snapshot, and its data are in its source (RDS API Reference,
    DeleteDBInstance, `FinalDBSnapshotIdentifier`). One that was promoted has data of its own, and its program
    still names the source, because no update may give it another: it leaves a snapshot as any server does.
    What a restore copies from is a server at a moment, and goes for good: that server has all of it.
    """
    if type_token != _DATABASE or is_as_it_was(props):
        return
    if props.get("replicateSourceDb"):
        skipped = props.get("skipFinalSnapshot")
        if skipped not in {True, NOT_KNOWN} and not props.get("finalSnapshotIdentifier"):
            yield (
                "is a read replica, which RDS deletes only without a snapshot: set skipFinalSnapshot: true; "
                "one that was promoted needs a finalSnapshotIdentifier"
            )
    elif is_on(props.get("skipFinalSnapshot")) or not props.get("finalSnapshotIdentifier"):
        yield "needs a finalSnapshotIdentifier and skipFinalSnapshot false, or a destroy is final; set both"
    if props.get("deleteAutomatedBackups") not in {False, NOT_KNOWN}:
        yield "deleteAutomatedBackups must be false, or a destroy deletes the backups; set it to false"
    if not props.get("copyTagsToSnapshot"):
        yield "copyTagsToSnapshot must be true, or snapshots have no cost tags; set it to true"


def protected_data(type_token: str, props: Properties) -> Iterator[str]:
    """A database outside sandboxes is protected from deletion by mistake."""
    if type_token == _DATABASE and not props.get("deletionProtection") and not is_as_it_was(props):
        yield "deletionProtection is off; set deletion_protection: true in platform.yaml"


def requests_and_limits(type_token: str, props: Properties) -> Iterator[str]:
    """Every container has requests and limits; without them its cost cannot be allocated."""
    for path, container in _containers(type_token, props):
        if path[0] == "ephemeralContainers":
            continue  # Kubernetes allows them no resources
        resources = container.get("resources") or {}
        for kind in ("requests", "limits"):
            given = resources.get(kind) or {}
            if given is NOT_KNOWN:
                continue
            if missing := sorted({"cpu", "memory"} - given.keys()):
                has = f"container {container.get('name')} has no {kind} for {' and '.join(missing)}"
                yield f"{has}; name them"


def image_by_digest(type_token: str, props: Properties) -> Iterator[str]:
    """Images are the tested ones: a tag can move, a digest cannot."""
    for _, container in _containers(type_token, props):
        if container.get("image") is not NOT_KNOWN and "@sha256:" not in str(container.get("image")):
            name, image = container.get("name"), container.get("image")
            yield f"container {name} names the image {image} without a digest; add @sha256:…"


RULES: Final = (
    Rule("cost-tags", "Every taggable resource has cost tags", cost_tags),
    Rule("kept-promises", "The tier honours the recovery class", kept_promises),
    Rule("encryption", "Data is encrypted at rest and in transit", encryption, ENCRYPTION),
    Rule("no-public-data", "No data is reachable from the internet", no_public_data, PUBLIC_ACCESS),
    Rule("policy-documents", "Policies let in named callers to named actions", documents, DOCUMENTS),
    Rule("hardened", "Keys rotate, logs are kept, credentials and tags are safe", hardened, HARDENED),
    Rule("backups", "What holds data has backups", backed_up, BACKED_UP),
    Rule("recoverable-data", "A deleted database leaves a snapshot and its backups", recoverable_data),
    Rule("protected-data", "A database is protected from deletion", protected_data, advisory=True),
    Rule("pod-security", "Pods run without rights on their node and on the API", pod_security, PODS),
    Rule("cluster-access", "The cluster lets in named callers and traffic", cluster_access, CLUSTER),
    Rule("requests-and-limits", "Every container has requests and limits", requests_and_limits),
    Rule("image-by-digest", "Every image is named by digest", image_by_digest),
    Rule("known-values", "What only the update knows is judged by the update", unknown_values),
    Rule("judged-types", "The pack knows the type of every resource", judged_types, (UNJUDGED, HIDDEN)),
)
WHOLE_STACK: Final = Rule(
    "companions", "Buckets and namespaces have what protects them", lambda *_: iter(()), COMPANION_CLAUSES
)


def _containers(type_token: str, props: Properties) -> Iterator[tuple[Path, Mapping[str, Any]]]:
    for _, pod in pods(type_token, props):
        yield from containers(pod)
