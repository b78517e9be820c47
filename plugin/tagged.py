"""`CostTagged`: the cost tags of a tenant, or of the platform, on resources of the program's own."""

from collections.abc import Awaitable, Callable
from typing import Any

import pulumi
from pulumi import ResourceTransformArgs, ResourceTransformResult

from components.naming import component_type
from components.tags.cost_tags import tag_transform
from plugin.inputs import CostTaggedArgs, require_known
from tiers.tags import CostTags
from tiers.vocabulary import CostDomain

Transform = Callable[[ResourceTransformArgs], Awaitable[ResourceTransformResult | None]]


class CostTagged(pulumi.ComponentResource):
    """Tags every resource below it: declare one's own resources with it as their parent."""

    def __init__(self, name: str, args: CostTaggedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        require_known(args, ["domain"])
        tags = pulumi.Output.from_input(args["cost_tags"]).apply(
            lambda known: checked(known, args.get("domain"))
        )
        merged = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transforms=[_transform(tags)]))
        super().__init__(component_type("CostTagged"), name, None, merged)
        self.outputs: dict[str, pulumi.Input[Any]] = {"cost_tags": tags}
        self.register_outputs(self.outputs)


def checked(given: dict[str, str], domain: str | None) -> dict[str, str]:
    """The tags as they are written, in *domain* if one is given.

    Raises:
        CatalogError: When a tag is missing or no legal value.
    """
    tags = CostTags.from_tags(given)
    return (tags.in_domain(CostDomain(domain)) if domain else tags).as_tags()


def _transform(tags: pulumi.Output[dict[str, str]]) -> Transform:
    async def transform(args: ResourceTransformArgs) -> ResourceTransformResult | None:
        known = await tags.future()
        return tag_transform(args, known) if known else None  # unknown: in a preview only

    return transform
