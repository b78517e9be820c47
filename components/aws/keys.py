"""Customer-managed KMS keys."""

from __future__ import annotations

import json
from typing import Final

import pulumi
from pulumi_aws import kms

from components.naming import physical_name
from components.places import KeyPlace
from tiers.facts.every_fact import Key

# The permissions that CloudWatch Logs needs on a key (CloudWatch Logs User Guide, encrypting log data).
_LOG_ACTIONS: Final = (
    "kms:Encrypt*",
    "kms:Decrypt*",
    "kms:ReEncrypt*",
    "kms:GenerateDataKey*",
    "kms:Describe*",
)


def encryption_key(
    name: str, description: str, fact: Key, child: pulumi.ResourceOptions, *, alias: str = ""
) -> KeyPlace:
    """A key that rotates, with an alias if one is given.

    It is never deleted with its stack. What it encrypts outlives the stack: final snapshots, recovery
    points, copies in a bucket; and the longest deletion window of AWS, 30 days, is shorter than the time
    they are kept. Delete the key after the last of them.
    """
    kept = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(retain_on_delete=True))
    key = kms.Key(
        name,
        description=description,
        enable_key_rotation=True,
        deletion_window_in_days=fact.deletion_window_days,
        opts=kept,
    )
    policy = kms.KeyPolicy(f"{name}-policy", key_id=key.key_id, policy=key.arn.apply(_policy), opts=kept)
    if alias:
        kms.Alias(f"{name}-alias", name=f"alias/{physical_name(alias)}", target_key_id=key.key_id, opts=child)
    # Resources that encrypt with it, above all log groups, wait for its policy.
    allowed = pulumi.Output.all(key.arn, policy.id).apply(lambda known: str(known[0]))
    return KeyPlace(allowed, key.key_id)


def _policy(arn: str) -> str:
    """IAM of the account decides; CloudWatch may use the key for log groups of this account only."""
    region, account = arn.split(":")[3:5]
    groups = {"kms:EncryptionContext:aws:logs:arn": f"arn:aws:logs:{region}:{account}:log-group:*"}
    statements = [
        {
            "Sid": "AccountDecides",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        {
            "Sid": "LogGroups",
            "Effect": "Allow",
            "Principal": {"Service": f"logs.{region}.amazonaws.com"},
            "Action": list(_LOG_ACTIONS),
            "Resource": "*",
            "Condition": {"ArnLike": groups},
        },
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
