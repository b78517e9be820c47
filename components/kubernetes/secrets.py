"""Secrets of a tenant: written into the cluster, or brought there from AWS's parameter store.

Whatever is written as manifests (GitOps) must hold no secret value. So with a store the value is an encrypted
parameter, and the manifest is an ExternalSecret that names it (external-secrets.io).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import pulumi
import pulumi_kubernetes as k8s
import pulumi_random as random
from pulumi_aws import ssm

from components.kubernetes.fingerprint import fingerprint
from components.places import SecretPlace, SecretStore

_DIGITS: Final = 10
_CHANGE_BYTES: Final = 3
_VERSION: Final = "external-secrets.io/v1"


class MadeSecret(NamedTuple):
    """The name of a Secret, the resource that makes it, and a hash of what pods read of it."""

    name: pulumi.Input[str]
    resource: pulumi.Resource
    fingerprint: pulumi.Output[str]


def secret_of(
    name: str,
    namespace: pulumi.Input[str],
    data: Mapping[str, pulumi.Input[str]],
    *,
    called: str,
    place: SecretPlace,
    opts: pulumi.ResourceOptions,
    read: Sequence[str] = (),
) -> MadeSecret:
    """Declare a Secret.

    Args:
        name: Logical name.
        namespace: Its namespace.
        data: Its content.
        called: Its name in the cluster; with a store an ending follows, another one for each change of what
            pods read.
        place: Where its content comes from.
        opts: Options of the resources.
        read: The keys that pods read; all of them if none is named.
    """
    digest = fingerprint(*(data[key] for key in read or data))
    if place.store is None:
        metadata = {"name": called, "namespace": namespace}
        made = k8s.core.v1.Secret(name, metadata=metadata, string_data=data, opts=opts)
        return MadeSecret(called, made, digest)
    content: pulumi.Output[str] = pulumi.Output.json_dumps(dict(data))
    hidden: pulumi.Output[str] = pulumi.Output.secret(content)
    parameter = ssm.Parameter(
        name,
        name=pulumi.Output.concat(place.store.path, "/", namespace, "/", called),
        type="SecureString",
        key_id=place.key.arn,
        # A free parameter takes 4 KB (Systems Manager quotas).
        tier="Standard",
        value=hidden,
        opts=opts,
    )
    full = _name(name, called, digest, opts)
    made = k8s.apiextensions.CustomResource(
        name,
        api_version=_VERSION,
        kind="ExternalSecret",
        metadata={"name": full, "namespace": namespace},
        spec=_brought(full, place.store, parameter),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[parameter])),
    )
    # What names it waits for it: a nightly job must not name one that a failed update has not asked for.
    there = pulumi.Output.all(full, made.id).apply(lambda known: str(known[0]))
    return MadeSecret(there, made, digest)


def _name(
    name: str, called: str, digest: pulumi.Output[str], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """The name of a Secret for what pods read of it now.

    What they read is another Secret when it changes: they wait until the one that they name is there, so none
    starts with what was there before, and what they name does not change behind their back. What was there
    once and comes again is another Secret, too: of an update that failed, the engine deletes the earlier one
    at the end of the next, and by its name alone.
    """
    change = random.RandomId(name, byte_length=_CHANGE_BYTES, keepers={"read": digest}, opts=opts)
    return pulumi.Output.all(digest, change.hex).apply(lambda made: f"{called}-{made[0][:_DIGITS]}{made[1]}")


def _brought(called: pulumi.Output[str], store: SecretStore, parameter: ssm.Parameter) -> dict[str, Any]:
    return {
        "refreshPolicy": "CreatedOnce",
        "secretStoreRef": {"kind": "ClusterSecretStore", "name": store.name},
        "target": {"name": called, "creationPolicy": "Owner", "immutable": True},
        "dataFrom": [{"extract": {"key": parameter.name}}],
    }
