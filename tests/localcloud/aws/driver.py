"""Calls the provider as the engine does, wire values included, without an engine."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from pulumi.provider.experimental import provider as sdk

from localcloud.aws.provider import AwsProvider
from localcloud.properties import plain, wrap_map
from localcloud.provider import INPUTS

if TYPE_CHECKING:
    from collections.abc import Coroutine, Mapping

    from pulumi.provider.experimental.property_value import PropertyValue

T = TypeVar("T")


@dataclass
class Resource:
    """What the engine would remember."""

    urn: str
    id: str
    inputs: dict[str, Any]
    wire: dict[str, PropertyValue] = field(repr=False)

    @property
    def state(self) -> dict[str, Any]:
        """Outputs, plain, without the provider's own bookkeeping of inputs."""
        return {name: value for name, value in plain(self.wire).items() if name != INPUTS}


class CheckRefusedError(Exception):
    """Check answered with failures."""


class Driver:
    """A configured provider and the engine's order of calls."""

    def __init__(self, endpoint: str, region: str) -> None:
        self.endpoint = endpoint
        self.provider = AwsProvider({})
        settings = {"region": region, "endpoints": [{"s3": endpoint, "rds": endpoint}]}
        _run(self.provider.configure(sdk.ConfigureRequest({}, wrap_map(settings), True, True)))

    def check(
        self, urn: str, inputs: Mapping[str, Any], olds: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Completed inputs."""
        seed = hashlib.sha256(urn.encode()).digest()
        request = sdk.CheckRequest(urn, wrap_map(olds or {}), wrap_map(inputs), seed)
        answer = _run(self.provider.check(request))
        if answer.failures:
            raise CheckRefusedError("; ".join(failure.reason for failure in answer.failures))
        completed: dict[str, Any] = plain(answer.inputs or {})
        return completed

    def create(self, token: str, name: str, inputs: Mapping[str, Any]) -> Resource:
        """Check, then Create."""
        urn = f"urn:pulumi:dev::test::{token}::{name}"
        checked = self.check(urn, inputs)
        made = _run(self.provider.create(sdk.CreateRequest(urn, wrap_map(checked), 0, False)))
        return Resource(urn, str(made.resource_id), checked, made.properties)

    def preview(self, token: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Check, then Create in a preview."""
        urn = f"urn:pulumi:dev::test::{token}::{name}"
        checked = self.check(urn, inputs)
        shown = _run(self.provider.create(sdk.CreateRequest(urn, wrap_map(checked), 0, True)))
        outputs: dict[str, Any] = plain(shown.properties)
        return outputs

    def diff(self, held: Resource, inputs: Mapping[str, Any]) -> sdk.DiffResponse:
        """Check, then Diff."""
        checked = self.check(held.urn, inputs, held.inputs)
        return _run(self.provider.diff(sdk.DiffRequest(held.urn, held.id, held.wire, wrap_map(checked), [])))

    def update(self, held: Resource, inputs: Mapping[str, Any]) -> Resource:
        """Check, then Update."""
        checked = self.check(held.urn, inputs, held.inputs)
        request = sdk.UpdateRequest(held.urn, held.id, held.wire, wrap_map(checked), 0, [], False)
        return Resource(held.urn, held.id, checked, _run(self.provider.update(request)).properties)

    def read(self, held: Resource) -> Resource | None:
        """Refresh."""
        request = sdk.ReadRequest(held.urn, held.id, held.wire, wrap_map(held.inputs))
        return self._read(request)

    def import_(self, token: str, name: str, resource_id: str) -> Resource | None:
        """Read with nothing but an id."""
        return self._read(sdk.ReadRequest(f"urn:pulumi:dev::test::{token}::{name}", resource_id, {}, {}))

    def delete(self, held: Resource) -> None:
        """Delete."""
        _run(self.provider.delete(sdk.DeleteRequest(held.urn, held.id, held.wire, 0)))

    def _read(self, request: sdk.ReadRequest) -> Resource | None:
        answer = _run(self.provider.read(request))
        if not answer.resource_id:
            return None
        return Resource(request.urn, answer.resource_id, plain(answer.inputs), answer.properties)


def _run(call: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(call)
