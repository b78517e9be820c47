"""Knows what AWS refuses and moto accepts, for rules that more than one service shares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.aws.errors import refuse

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.aws.row import Call


def key_exists(name: str, code: str = "KMSKeyNotAccessibleFault") -> Callable[[Call], None]:
    """The KMS key named by an input must exist and not wait for its deletion.

    Args:
        name: the input with the key's id, ARN or alias.
        code: what the service calls the error.
    """

    def check(call: Call) -> None:
        key = call.new.get(name)
        if not key or key == call.old.get(name):
            return
        found = call.seek("kms:describe_key", KeyId=key)
        if found is None:
            refuse(code, f"{name} names the KMS key {key}, which does not exist in {call.region}")
        state = found["KeyMetadata"]["KeyState"]
        if state == "PendingDeletion":
            refuse(code, f"{name} names the KMS key {key}, which is pending deletion")

    return check


def two_zones(call: Call, code: str) -> None:
    """The subnets of a group must lie in at least two availability zones."""
    subnets = call.ask("ec2:describe_subnets", SubnetIds=list(call.new["subnetIds"]))["Subnets"]
    zones = sorted({subnet["AvailabilityZone"] for subnet in subnets})
    if len(zones) < 2:  # noqa: PLR2004 - the rule itself
        refuse(
            code,
            f"the subnets lie in {', '.join(zones)} only, where at least two availability zones are needed",
        )
