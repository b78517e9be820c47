"""Knows the `aws` provider of the local cloud: its settings, its three functions, its table of types."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from localcloud.aws.clients import ACCOUNT, DEFAULT_REGION, Clients, endpoint_of
from localcloud.aws.resource import AwsType
from localcloud.aws.row import names
from localcloud.aws.simulation import Simulation
from localcloud.aws.table import ROWS
from localcloud.environment import COMMAND
from localcloud.properties import plain
from localcloud.provider import Failure, ProviderError, TableProvider

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pulumi.provider.experimental import provider as sdk

# All but region and endpoints decide nothing here: a loopback endpoint checks no credentials.
_SETTINGS = names(
    """accessKey secretKey token profile region endpoints s3UsePathStyle skipCredentialsValidation
    skipMetadataApiCheck skipRegionValidation skipRequestingAccountId maxRetries allowedAccountIds
    retryMode stsRegion version"""
)


class AwsProvider(TableProvider):
    """The `aws` provider over a loopback endpoint."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        super().__init__()
        self._environ = environ

    def check_settings(self, settings: dict[str, Any]) -> list[Failure]:
        """Refuses settings that would change what a real account gets and have no effect here."""
        return [
            Failure(name, f"the local cloud's aws provider does not know the setting {name}")
            for name in sorted(settings.keys() - _SETTINGS)
        ]

    def use_settings(self, settings: dict[str, Any]) -> None:
        """Binds the table to the endpoint."""
        region = settings.get("region") or self._environ.get("AWS_REGION")
        region = region or self._environ.get("AWS_DEFAULT_REGION") or DEFAULT_REGION
        self._clients = Clients(endpoint_of(settings, self._environ), str(region), environ=self._environ)
        simulation = Simulation(self._clients)
        self.types = {token: AwsType(row, self._clients, simulation) for token, row in ROWS.items()}

    def resource_type(self, token: str) -> AwsType:
        """The type at work, or how to add it."""
        if token not in self.types:
            service = token.removeprefix("aws:").partition("/")[0]
            raise ProviderError(
                f"The local cloud does not know the type {token}: add a row for it to "
                f"localcloud/aws/{service}.py and list it in localcloud/aws/table.py."
            )
        kind = self.types[token]
        assert isinstance(kind, AwsType)  # noqa: S101 - use_settings fills the table
        return kind

    def call_function(self, token: str, args: dict[str, Any]) -> dict[str, Any]:
        """Answers the functions that tell a program where it runs."""
        region = str(args.get("region") or self._clients.region)
        match token.rsplit(":", 1)[-1]:
            case "getCallerIdentity":
                user = f"arn:aws:iam::{ACCOUNT}:user/localcloud"
                return {"accountId": ACCOUNT, "arn": user, "userId": "LOCALCLOUD", "id": ACCOUNT}
            case "getRegion":
                host = f"ec2.{region}.amazonaws.com"
                return {
                    "id": region,
                    "name": region,
                    "region": region,
                    "endpoint": host,
                    "description": region,
                }
            case "getAvailabilityZones":
                return self._zones(region)
            case "getPartition":
                return {
                    "id": "aws",
                    "partition": "aws",
                    "dnsSuffix": "amazonaws.com",
                    "reverseDnsPrefix": "com.amazonaws",
                }
        return super().call_function(token, args)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        """Says it at the first resource when the server that held them all was restarted."""
        kind = self.resource_type(request.type.rsplit("$", 1)[-1])
        if kind.is_from_another_memory(plain(request.old_state)):
            raise ProviderError(
                "The loopback AWS was restarted and has forgotten everything this stack created in it: run "
                f"`{COMMAND} reset` to forget the local stacks too, then `pulumi up` again."
            )
        return await super().diff(request)

    def _zones(self, region: str) -> dict[str, Any]:
        zones = self._clients.get("ec2", region).describe_availability_zones()["AvailabilityZones"]
        return {
            "id": region,
            "region": region,
            "names": [zone["ZoneName"] for zone in zones],
            "zoneIds": [zone["ZoneId"] for zone in zones],
            "groupNames": [region],
        }
