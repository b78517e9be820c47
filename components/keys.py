"""Customer-managed KMS keys."""

from __future__ import annotations

import pulumi
from pulumi_aws import kms

from components.naming import physical_name
from components.places import KeyPlace
from tiers.facts import Key


def encryption_key(
    name: str, description: str, fact: Key, child: pulumi.ResourceOptions, *, alias: str = ""
) -> KeyPlace:
    """A key that rotates, under an alias when one is given.

    It is never deleted with its stack. What it encrypted outlives the stack: final snapshots, recovery
    points, copies in a bucket; and the longest waiting time AWS knows, 30 days, is shorter than the time
    those are kept. Whoever retires the last of them retires the key.
    """
    kept = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(retain_on_delete=True))
    key = kms.Key(
        name,
        description=description,
        enable_key_rotation=True,
        deletion_window_in_days=fact.deletion_window_days,
        opts=kept,
    )
    if alias:
        kms.Alias(f"{name}-alias", name=f"alias/{physical_name(alias)}", target_key_id=key.key_id, opts=child)
    return KeyPlace(key.arn, key.key_id)
