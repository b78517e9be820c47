"""Serves the components: the SDK's component provider, with errors reported at the wrong input."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING, Final

from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.server import ComponentInitError

from plugin.stacks import Inventory, SharedPlatform, TenantStack

if TYPE_CHECKING:
    import pulumi
    from pulumi.provider import ConstructResult

NAME: Final = "costack"
COMPONENTS: Final[list[type[pulumi.ComponentResource]]] = [SharedPlatform, TenantStack, Inventory]


class CostackProvider(ComponentProvider):
    """The components, served under the project's name and version."""

    def __init__(self) -> None:
        super().__init__(COMPONENTS, NAME, version=metadata.version(NAME))

    def construct(
        self,
        name: str,
        resource_type: str,
        inputs: pulumi.Inputs,
        options: pulumi.ResourceOptions | None = None,
    ) -> ConstructResult:
        """Build a component.

        The SDK wraps an exception of a constructor and shows its traceback; an error that names the wrong
        input must reach the engine unchanged.
        """
        try:
            return super().construct(name, resource_type, inputs, options)
        except ComponentInitError as error:
            raise error.inner from None
