"""The page of the policy pack: what each rule refuses, and what the pack does not judge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from docs.generator.markdown import NOTICE, table
from policies.not_judged import NOT_JUDGED
from policies.protections import PROTECTIONS
from policies.rules import RULES, WHOLE_STACK, Rule

_INTRODUCTION: Final = """\
`pulumi preview --policy-pack policies` and `pulumi up --policy-pack policies` refuse what this page lists,
in resources of AWS and objects of Kubernetes that a program declares. That is the whole promise: what the
pack knows of and does not judge is [listed below](#not-judged), and nothing is promised about the rest.
Each row is held by a test in which a resource is refused for it, and passes once it is mended.

Most rules go by the names and the shape of properties, so they hold for types that nobody wrote a rule for.
Of the {types} types of AWS that the SDK has, {protected} have an input for encryption or a public endpoint;
it must be set (`policies/aws_types.txt`). Types of other providers are refused until somebody judges them.

A preview does not know every value: the policy of a new bucket holds an ARN that AWS will make. Such a value
is neither passed nor refused. The advisory policy `not-judged-yet` counts them, and `pulumi up` with the pack
judges each before the resource is made. An update without the pack judges nothing. `companions` is judged
when all is declared, at the end of a preview: do not skip the preview of an update.

An exception: `--policy-pack-config FILE` with `{{"judged-types": "advisory"}}` in the file makes that rule a
warning."""


def policy_page() -> str:
    """The page for the rules of `policies.rules`."""
    protected = sum(any(known) for known in PROTECTIONS.values())
    introduction = _INTRODUCTION.format(types=f"{len(PROTECTIONS):,}", protected=protected)
    sections = [part for rule in (*RULES, WHOLE_STACK) for part in _section(rule)]
    shape = "A resource is refused as well when a property has another shape than its provider documents."
    return "\n\n".join([NOTICE, "# Policy pack", introduction, *sections, shape, *_not_judged()]) + "\n"


def _section(rule: Rule) -> Iterator[str]:
    yield f"## `{rule.name}`"
    yield f"{rule.description}{' (a warning)' if rule.advisory else ''}."
    if rule.clauses:
        rows = [[each.subject, each.refused, each.remedy] for each in rule.clauses]
        yield table(["where", "refused when it …", "remedy"], rows)


def _not_judged() -> Iterator[str]:
    yield "## Not judged"
    yield "These pass, whether they are secure or not:"
    yield table(["what", "why", "instead"], [list(each) for each in NOT_JUDGED.values()])
