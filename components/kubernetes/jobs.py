"""One-off and nightly jobs of a tenant: its database and role, Odoo's first start, its backups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
import pulumi_kubernetes as k8s

from components.aws.nodes import placement
from components.kubernetes import pods
from components.kubernetes.pods import Manifest
from components.naming import component_type, job_name, physical_name
from tiers.facts.every_fact import Job, ScheduledJob

_BACKOFF_LIMIT: Final = 3


def command(text: str) -> Manifest:
    """A container's command that runs a script and fails if the script fails."""
    return {"command": ["/bin/bash", "-euo", "pipefail", "-c", text]}


class OneOffJob(pulumi.ComponentResource):
    """A Job that runs once, and once more when its content changes.

    Args:
        tenant: The tenant of the job.
        fact: Its namespace and its size.
        spec: The pod spec; it may contain outputs of the cloud.
        distinguished_by: Plain data whose change makes a new job; its hash is part of the name.
        has_read: The fingerprint of Secrets whose change makes a new job too.
        opts: Options of the component; what must exist first comes as `depends_on`.
    """

    def __init__(
        self,
        tenant: str,
        fact: Job,
        *,
        spec: Manifest,
        distinguished_by: Any,
        has_read: pulumi.Output[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        name = physical_name(tenant, fact.name)
        described = [fact.model_dump(mode="json"), distinguished_by]
        called: pulumi.Input[str] = job_name(tenant, fact.name, described)
        if has_read is not None:
            called = has_read.apply(lambda seen: job_name(tenant, fact.name, [*described, seen]))
        super().__init__(component_type("OneOffJob"), name, fact.model_dump(mode="json"), opts)
        labels = pods.identity(tenant, fact.name)
        self.job = k8s.batch.v1.Job(
            name,
            metadata={
                "name": called,
                "namespace": fact.namespace,
                "labels": labels,
            },
            spec={
                "backoffLimit": _BACKOFF_LIMIT,
                "template": pods.pod_template(labels, {**spec, **placement(fact), "restartPolicy": "Never"}),
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def operations_container(
    fact: Job | ScheduledJob, text: str, env: Mapping[str, Any], mounts: Sequence[Manifest] = ()
) -> Manifest:
    """A container of the operations image that runs *text* with *env*."""
    return pods.container(
        fact.name,
        fact.image,
        fact.compute,
        mounts=mounts,
        env=pods.variables({"HOME": pods.SCRATCH_DIRECTORY, **env}),
        **command(text),
    )
