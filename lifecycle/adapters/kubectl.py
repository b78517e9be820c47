"""Drives kubectl: creates a Job in one namespace of one cluster, waits, reads its log, deletes it.

Names come from an inventory, which may be a file: `--` ends the options before each.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lifecycle.errors import LifecycleError

_POLL_SECONDS: Final = 5.0
# Kubernetes ends a Job at its deadline; wait this long for the status.
_GRACE_SECONDS: Final = 120.0


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

    def succeeded_log(self, namespace: str, labels: Mapping[str, str], container: str) -> str:
        """The log of one container of the newest pod with *labels* that has ended well.

        Raises:
            KubectlError: When there is no such pod, or kubectl was refused.
        """
        selector = ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
        pods: Mapping[str, Any] = {"metadata": {"name": selector, "namespace": namespace}}
        options = [f"--selector={selector}", "--field-selector=status.phase=Succeeded", "--output=json"]
        found = [
            each["metadata"] for each in _parsed(self._must(pods, ["get", "pods", *options])).get("items", [])
        ]
        if not found:
            raise KubectlError(
                f"no pod with {selector} has ended well in namespace {namespace} of context "
                f"'{self.context}'; give "
                "its log with --log FILE if it is gone"
            )
        newest = max(found, key=lambda each: str(each["creationTimestamp"]))
        return self._must(pods, ["logs", f"--container={container}", "--", f"pod/{newest['name']}"])

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
            raise KubectlError(
                f"job '{_name(job)}': `kubectl {arguments[0]}` failed in context '{self.context}': {said}"
            )
        return done.stdout

    def _call(
        self, job: Mapping[str, Any], arguments: list[str], stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        where = ["--context", self.context, "--namespace", str(job["metadata"]["namespace"])]
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
