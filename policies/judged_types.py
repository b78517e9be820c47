"""Which types the pack can judge: what it does not know, or cannot look into, is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policies.clauses import Clause, Finding
from policies.properties import Properties
from policies.protections import PROTECTIONS

_EXCEPTION: Final = "judge it yourself, then set judged-types to advisory with --policy-pack-config"
UNJUDGED: Final = Clause(
    "types of other providers, and types of AWS that are newer than the pack's list",
    "is a type that this pack does not judge",
    _EXCEPTION,
)
HIDDEN: Final = Clause(
    "types whose resources Pulumi does not see: Helm releases, CloudFormation, Cloud Control",
    "makes resources that this pack does not see",
    f"declare them one by one, or {_EXCEPTION}",
)

# They hold no data that anybody could reach.
_WITHOUT_DATA: Final = frozenset({"pulumi", "random", "tls", "time"})
_HIDING: Final = frozenset(
    {
        "kubernetes:helm.sh/v3:Release",
        "aws:cloudformation/stack:Stack",
        "aws:cloudformation/stackSet:StackSet",
        "aws:cloudcontrol/resource:Resource",
        "aws:serverlessrepository/cloudFormationStack:CloudFormationStack",
        "aws:servicecatalog/provisionedProduct:ProvisionedProduct",
    }
)


def judged_types(type_token: str, _: Properties) -> Iterator[Finding]:
    """The pack knows the type, and sees what it makes; components are not asked."""
    provider = type_token.partition(":")[0]
    if type_token in _HIDING:
        yield HIDDEN.at(type_token)
    elif type_token not in PROTECTIONS and provider not in {"kubernetes", *_WITHOUT_DATA}:
        yield UNJUDGED.at(type_token)
