"""The inputs of the components, with the names that files have, and the check that they are known in time."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NotRequired, TypedDict

import pulumi
from pulumi.errors import InputPropertiesError

from plugin.spelling import camel


class SharedPlatformArgs(TypedDict):
    """A platform and the tenants it is sized for.

    `platform` has the fields of `platform.yaml`, each of `tenants` those of a tenant file.
    """

    platform: dict[str, Any]
    tenants: list[dict[str, Any]]


class TenantStackArgs(TypedDict):
    """One tenant: the fields of a tenant file, the platform's own description, and two of its outputs."""

    tenant: str
    display_name: NotRequired[str]
    client: str
    first_client: NotRequired[str]
    environment: str
    tier: str
    region: str
    service_line: str
    hostname: str
    routes: NotRequired[dict[str, Any]]
    options: dict[str, Any]
    move: NotRequired[dict[str, str]]
    rotation: NotRequired[dict[str, Any]]
    restore: NotRequired[dict[str, str]]
    lifecycle_stage: NotRequired[str]
    protected: NotRequired[bool]
    data_residency: NotRequired[list[str]]
    begins_on: NotRequired[str]
    expires_at: NotRequired[str]
    extended: NotRequired[list[dict[str, str]]]
    cutover: NotRequired[str]
    budget_per_month: NotRequired[str]
    platform: dict[str, Any]
    contract: pulumi.Input[dict[str, Any]]
    session_token: pulumi.Input[str]


class InventoryArgs(TypedDict):
    """The parts of an inventory: the output `inventory` of the platform and of each tenant."""

    platform: pulumi.Input[dict[str, Any]]
    tenants: pulumi.Input[list[dict[str, Any]]]


class CostTaggedArgs(TypedDict):
    """Whose the resources below are: the output `cost_tags` of a platform or a tenant."""

    cost_tags: pulumi.Input[dict[str, str]]
    domain: NotRequired[str]


OF_THE_PLATFORM: Final = ("platform", "contract", "session_token")
"""The inputs of a `TenantStack` that no tenant file has."""


def tenant_document(args: TenantStackArgs) -> dict[str, Any]:
    """The fields of a tenant file."""
    return {name: value for name, value in args.items() if name not in OF_THE_PLATFORM}


def require_known(args: Mapping[str, Any], names: Sequence[str]) -> None:
    """Refuse values that are unknown before a deployment: a tier, a size or a name decides what is deployed.

    Raises:
        InputPropertiesError: Naming every input that is another resource's output.
    """
    unknown = [name for name in names if name in args and _holds_output(args[name])]
    if unknown:
        reason = "is an output of another resource; what is deployed depends on it, so write the value itself"
        raise refused({camel(name): reason for name in unknown})


def refused(reasons: Mapping[str, str]) -> InputPropertiesError:
    """The error that tells each of *reasons* at the property it is about."""
    problems = [{"property_path": path, "reason": reason} for path, reason in reasons.items()]
    return InputPropertiesError("", problems)  # type: ignore[arg-type]


def _holds_output(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(_holds_output(item) for item in value.values())
    if isinstance(value, list):
        return any(_holds_output(item) for item in value)
    return isinstance(value, pulumi.Output)
