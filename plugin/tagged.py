"""`CostTagged`: the cost tags of a tenant, or of the platform, on resources of the program's own.

The transform is one of the stack, which looks at parents itself. One of the component would reach only what
is declared while the component is built: when the program's own call of a component from another process
ends, the engine puts the program's transforms, none, in the place of the component's (pulumi 3.259,
resource/deploy/source_eval.go, `rm.resourceTransforms[result.State.URN] = ourTransforms`).
"""

from typing import Any, Final

import pulumi
from pulumi import ResourceTransformArgs, ResourceTransformResult

from components.naming import component_type
from components.tags.cost_tags import tag_transform
from plugin.inputs import CostTaggedArgs, require_known
from tiers.tags import CostTags
from tiers.vocabulary import CostDomain

TYPE: Final = component_type("CostTagged")


class CostTagged(pulumi.ComponentResource):
    """Tags every resource below it: declare one's own resources with it as their parent."""

    def __init__(self, name: str, args: CostTaggedArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        require_known(args, ["domain"])
        super().__init__(TYPE, name, None, opts)
        tags = pulumi.Output.from_input(args["cost_tags"]).apply(
            lambda known: checked(known, args.get("domain"))
        )
        # It waits until this component is registered, so that its own URN is known to the transform.
        pulumi.runtime.register_resource_transform(Below(self, tags).transform)
        self.outputs: dict[str, pulumi.Input[Any]] = {"cost_tags": tags}
        self.register_outputs(self.outputs)


class Below:
    """Knows what is below a component, and tags it."""

    def __init__(self, top: pulumi.Resource, tags: pulumi.Output[dict[str, str]]) -> None:
        self._top, self._tags = top, tags
        self._parents: set[str] = set()
        """URNs below the component that may be parents; a `CostTagged` below it has tags of its own."""

    async def transform(self, args: ResourceTransformArgs) -> ResourceTransformResult | None:
        """What becomes of a resource; None where it is not below the component, or takes no tags."""
        if args.opts.parent is None:
            return None
        parent = str(await args.opts.parent.urn.future())
        if parent not in self._parents and parent != await self._top.urn.future():
            return None
        if args.type_ == TYPE:
            return None
        self._parents.add(child_urn(parent, args.type_, args.name))
        known = await self._tags.future()
        return tag_transform(args, known) if known else None  # unknown: in a preview only


def child_urn(parent: str, type_token: str, name: str) -> str:
    """The URN of a resource below *parent* (Pulumi, "URNs").

    >>> child_urn("urn:pulumi:dev::shop::a:b:C::extras", "aws:s3/bucket:Bucket", "reports")
    'urn:pulumi:dev::shop::a:b:C$aws:s3/bucket:Bucket::reports'
    """
    stack, project, types, _ = parent.split("::", 3)
    return f"{stack}::{project}::{types}${type_token}::{name}"


def checked(given: dict[str, str], domain: str | None) -> dict[str, str]:
    """The tags as they are written, in *domain* if one is given.

    Raises:
        CatalogError: When a tag is missing or no legal value.
    """
    tags = CostTags.from_tags(given)
    return (tags.in_domain(CostDomain(domain)) if domain else tags).as_tags()
