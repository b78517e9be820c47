"""The policy pack: `pulumi preview --policy-pack policies`."""

from __future__ import annotations

from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

from policies.rules import RULES, Rule
from tiers.escapes import visible


def policy(rule: Rule) -> ResourceValidationPolicy:
    """A rule as a Pulumi policy."""

    def validate(args: ResourceValidationArgs, report_violation: ReportViolation) -> None:
        for violation in rule.check(args.resource_type, args.props):
            report_violation(visible(f"{args.name}: {violation}"), None)

    level = EnforcementLevel.ADVISORY if rule.advisory else EnforcementLevel.MANDATORY
    return ResourceValidationPolicy(rule.name, rule.description, validate, level)


PolicyPack("costack", [policy(rule) for rule in RULES])
