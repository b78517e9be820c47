"""Drives kubectl: creates a Job in one cluster, waits, reads its log, deletes it, or a namespace with it.

Names come from an inventory, which may be a file: `--` ends the options before each.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lifecycle.errors import LifecycleError

_POLL_SECONDS: Final = 5.0
# Kubernetes ends a Job at its deadline; wait this long for the status.
_GRACE_SECONDS: Final = 120.0
_GONE_SECONDS: Final = 300


class KubectlError(LifecycleError):
    """A kubectl command that failed, or that the cluster refused."""


def current_context() -> str:
    """The context that kubectl uses by default.

    Raises:
        KubectlError: When there is no kubectl, or it has no such context.
    """
    done = _run(["kubectl", "config", "current-context"])
    if done.returncode:
        raise KubectlError("kubectl has no current context; name one with --context")
    return done.stdout.strip()


@dataclass(frozen=True)
class Cluster:
    """One context of kubectl's configuration, named in every call: it may be switched while a test runs."""

    context: str
    sleep: Callable[[float], None]

    def create(self, job: Mapping[str, Any]) -> None:
        """Create *job*; a job of its name must not exist yet.

        Raises:
            KubectlError: When it was not created.
        """
        self._must(job, ["create", "--filename", "-"], json.dumps(job))

    def create_all(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Create *items*, a namespace and what stands in it, one after the other; none must exist yet.

        Raises:
            KubectlError: When one was not created; those before it were.
        """
        whole = {"apiVersion": "v1", "kind": "List", "items": list(items)}
        self._must(items[0], ["create", "--filename", "-"], json.dumps(whole))

    def found(self, namespace: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The namespace of that name as the cluster has it; None when it has none.

        Raises:
            KubectlError: When nobody can tell.
        """
        asked = ["get", "namespace", "--ignore-not-found", "--output=json", "--", _name(namespace)]
        said = self._must(namespace, asked).strip()
        if said and not (there := _parsed(said)):
            raise KubectlError(f"namespace '{_name(namespace)}': kubectl answered no JSON: {said[:300]}")
        return there if said else None

    def delete_whole(self, namespace: Mapping[str, Any]) -> None:
        """Delete *namespace* with everything in it, and wait until it is gone; it need not exist.

        Raises:
            KubectlError: When some of it may still exist.
        """
        options = ["--ignore-not-found", "--wait=true", f"--timeout={_GONE_SECONDS}s"]
        self._must(namespace, ["delete", "namespace", *options, "--", _name(namespace)])

    def wait(self, job: Mapping[str, Any]) -> bool:
        """Wait until *job* has ended; whether it succeeded.

        Raises:
            KubectlError: When it has vanished, or has not ended long after its own deadline.
        """
        left = float(job["spec"]["activeDeadlineSeconds"]) + _GRACE_SECONDS
        while left > 0:
            ended = _conditions(self._must(job, ["get", "job", "--output=json", "--", _name(job)]))
            if ended & {"Complete", "Failed"}:
                return "Complete" in ended
            self.sleep(_POLL_SECONDS)
            left -= _POLL_SECONDS
        raise KubectlError(f"job '{_name(job)}' has not ended: {self.last_event(job)}")

    def log(self, job: Mapping[str, Any], container: str) -> str:
        """The log of one container of *job*'s pod; empty when it never started, or there is no pod."""
        done = self._call(job, ["logs", f"--container={container}", "--", f"job/{_name(job)}"])
        return done.stdout if done.returncode == 0 else ""

    def outcome(self, job: Mapping[str, Any], report: str, *before: str) -> str:
        """Wait until *job* has ended, and give what its container *report* said.

        The result counts from the container that makes it: what restored data ran could print one, too.

        Args:
            job: The Job.
            report: The container that makes the result.
            before: The containers before it, the last first.

        Raises:
            KubectlError: When it failed and said nothing; with the last line of the container that failed.
        """
        succeeded = self.wait(job)
        said = self.log(job, report)
        if said or succeeded:
            return said
        # The last that started is the one that failed; kubectl gives no log of all while one never started.
        others = next((log for each in before if (log := self.log(job, each).strip())), "")
        why = others.splitlines()[-1][:300] if others else self.last_event(job)
        raise KubectlError(f"job '{_name(job)}' failed: {why}")

    def succeeded_log(self, namespace: str, labels: Mapping[str, str], container: str) -> str:
        """The log of one container of the newest pod with *labels* that has ended well.

        Raises:
            KubectlError: When there is no such pod, or kubectl was refused.
        """
        selector, pods = _selected(namespace, labels)
        listed = self.listed("pods", namespace, labels, "--field-selector=status.phase=Succeeded")
        found = [each["metadata"] for each in listed]
        if not found:
            raise KubectlError(
                f"no pod with {selector} has ended well in namespace {namespace} of context "
                f"'{self.context}'; give "
                "its log with --log FILE if it is gone"
            )
        newest = max(found, key=lambda each: str(each["creationTimestamp"]))
        return self._must(pods, ["logs", f"--container={container}", "--", f"pod/{newest['name']}"])

    def listed(
        self, kind: str, namespace: str, labels: Mapping[str, str], *options: str
    ) -> list[dict[str, Any]]:
        """The objects of *kind* with *labels* in *namespace*; *options* are of `kubectl get`.

        Raises:
            KubectlError: When kubectl was refused, or answers no list.
        """
        selector, named = _selected(namespace, labels)
        said = self._must(named, ["get", kind, f"--selector={selector}", *options, "--output=json"])
        items = _parsed(said).get("items")
        if not isinstance(items, list):
            raise KubectlError(f"{kind} with {selector}: kubectl answered no list: {said[:300]}")
        return items

    def last_event(self, job: Mapping[str, Any]) -> str:
        """The last event of *job*: why it has no pod, or why Kubernetes ended it."""
        selector = f"--field-selector=involvedObject.name={_name(job)}"
        done = self._call(job, ["get", "events", selector, "--sort-by=.lastTimestamp", "--output", "json"])
        said = [str(item["message"]) for item in _parsed(done.stdout).get("items", []) if item.get("message")]
        return said[-1] if said else "Kubernetes gives no reason"

    def delete(self, job: Mapping[str, Any]) -> None:
        """Delete *job* and its pod, whether or not they exist.

        Raises:
            KubectlError: When it may still exist.
        """
        options = ["--ignore-not-found", "--cascade=background", "--wait=false"]
        self._must(job, ["delete", "job", *options, "--", _name(job)])

    def _must(self, job: Mapping[str, Any], arguments: list[str], stdin: str | None = None) -> str:
        done = self._call(job, arguments, stdin)
        if done.returncode:
            said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
            what = str(job.get("kind", "Job")).lower()
            raise KubectlError(
                f"{what} '{_name(job)}': `kubectl {arguments[0]}` failed in context '{self.context}': {said}"
            )
        return done.stdout

    def _call(
        self, job: Mapping[str, Any], arguments: list[str], stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        inside = job["metadata"].get("namespace", _name(job))
        where = ["--context", self.context, "--namespace", str(inside)]
        return _run(["kubectl", *where, *arguments], stdin)


def _run(command: list[str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Run kubectl out of reach of Ctrl-C: it finishes what it began, so that it can be undone."""
    try:
        return subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
            command,
            input=stdin or "",
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise KubectlError(
            "kubectl is not on PATH; install it, or print the Job with --dry-run and apply it elsewhere"
        ) from None


def _selected(namespace: str, labels: Mapping[str, str]) -> tuple[str, Mapping[str, Any]]:
    """A selector of *labels*, and what stands for all that it selects in calls and messages."""
    selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
    return selector, {"kind": "objects", "metadata": {"name": selector, "namespace": namespace}}


def _name(job: Mapping[str, Any]) -> str:
    return str(job["metadata"]["name"])


def _conditions(document: str) -> set[str]:
    conditions = _parsed(document).get("status", {}).get("conditions") or []
    return {str(each.get("type")) for each in conditions if each.get("status") == "True"}


def _parsed(text: str) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError:
        return {}
    return document if isinstance(document, dict) else {}
