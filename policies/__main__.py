"""The policy pack: `pulumi preview --policy-pack policies`."""

from __future__ import annotations

from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)

from policies.clauses import NotYet
from policies.judged_types import judged_types
from policies.properties import plain
from policies.rules import RULES, WHOLE_STACK, Rule, judged
from policies.unknown_values import UnknownValues
from policies.whole_stack import Declared, companions
from tiers.escapes import visible

_WAITING = UnknownValues()


def policy(rule: Rule) -> Policy:
    """A rule as a Pulumi policy."""

    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        if rule.check is judged_types and args.provider is None:
            return  # a component: what is in it is asked by itself
        for finding in judged(rule, args.resource_type, plain(args.props)):
            if isinstance(finding, NotYet):
                _WAITING.add(args.resource_type, args.name, finding.where)
            else:
                report_violation(visible(f"{args.name}: {finding}"), None)

    level = EnforcementLevel.ADVISORY if rule.advisory else EnforcementLevel.MANDATORY
    return ResourceValidationPolicy(rule.name, rule.description, validate, level)


def _whole_stack(args: StackValidationArgs, report_violation: ReportViolation) -> None:
    stack = [
        Declared(
            each.urn,
            each.resource_type,
            each.name,
            plain(each.props),
            {key: [made.urn for made in value] for key, value in each.property_dependencies.items()},
        )
        for each in args.resources
    ]
    for urn, violation in companions(stack):
        report_violation(visible(violation), urn)


def _not_yet(_: StackValidationArgs, report_violation: ReportViolation) -> None:
    for sentence in _WAITING.told():
        report_violation(visible(sentence), None)


PolicyPack(
    "costack",
    [
        *(policy(rule) for rule in RULES),
        StackValidationPolicy(
            WHOLE_STACK.name, WHOLE_STACK.description, _whole_stack, EnforcementLevel.MANDATORY
        ),
        StackValidationPolicy(
            "not-judged-yet",
            "Values that only the update knows are judged by the update",
            _not_yet,
            EnforcementLevel.ADVISORY,
        ),
    ],
)
