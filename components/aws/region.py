"""Declares a component's resources in another region than the stack's."""

from __future__ import annotations

from typing import Final

import pulumi

_AWS: Final = "aws:"
# IAM is global; its types have no `region` (pulumi-aws 7).
_GLOBAL: Final = ("aws:iam/",)


def in_region(region: str, opts: pulumi.ResourceOptions | None = None) -> pulumi.ResourceOptions:
    """Options for a component whose AWS children are all in *region*.

    pulumi-aws has a region for each resource since version 7, so no second provider is needed.
    """

    def transform(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if not args.custom or not args.type_.startswith(_AWS) or args.type_.startswith(_GLOBAL):
            return None
        return pulumi.ResourceTransformResult({**args.props, "region": region}, args.opts)

    return pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(transforms=[transform]))
