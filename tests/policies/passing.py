"""What the policy pack says of declared resources, warnings left out."""

from __future__ import annotations

from collections.abc import Iterable

from policies.rules import RULES, judged
from policies.tagged.promises import CATALOGS
from policies.whole_stack import Declared, companions
from tests.components.monitor import Declared as Registered


def as_stack(registered: Iterable[Registered]) -> list[Declared]:
    """What the engine sends to a policy of the whole stack."""
    return [
        Declared(each.urn, each.type, each.name, each.props, {k: tuple(v) for k, v in each.made_of.items()})
        for each in registered
        if each.custom
    ]


def refusals(registered: Iterable[Registered]) -> list[str]:
    """Every violation of a rule that refuses."""
    stack = as_stack(everything := list(registered))
    for each in everything:
        CATALOGS.see(each.type, each.props)  # the engine tells a pack of components, too
    alone = [
        f"{each.name}: {finding}"
        for each in stack
        for rule in RULES
        if not rule.advisory
        for finding in judged(rule, each.type, each.props)
    ]
    return [*alone, *(said for _, said in companions(stack))]
