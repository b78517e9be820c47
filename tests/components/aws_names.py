"""The names and descriptions of what was declared, as AWS gets them, held against what AWS takes."""

from __future__ import annotations

from collections.abc import Iterable

from localcloud.aws.name_rules import RULES
from tests.components.monitor import Declared

# Types whose name Pulumi makes of the logical name, with the property, where AWS limits it.
MADE_UP = {
    "aws:s3/bucket:Bucket": "bucket",
    "aws:eks/nodeGroup:NodeGroup": "nodeGroupName",
    "aws:ec2/launchTemplate:LaunchTemplate": "name",
    "aws:ec2/securityGroup:SecurityGroup": "name",
    "aws:iam/rolePolicy:RolePolicy": "name",
    "aws:rds/subnetGroup:SubnetGroup": "name",
    "aws:rds/parameterGroup:ParameterGroup": "name",
    "aws:elasticache/subnetGroup:SubnetGroup": "name",
    "aws:secretsmanager/secret:Secret": "name",
}
RANDOM_END = "-0123abc"


def refused_by_aws(declared: Iterable[Declared]) -> list[str]:
    """The names and descriptions among *declared* that AWS would refuse, by the rules of the local cloud."""
    found = []
    for each in declared:
        texts = {name: text for name, text in each.props.items() if isinstance(text, str)}
        made_up = MADE_UP.get(each.type)
        if made_up and made_up not in texts:
            prefix = texts.get(f"{made_up}Prefix")
            texts[made_up] = f"{prefix or each.name}{RANDOM_END}"
        found += [
            f"{each.type} {each.name}: {name} {texts[name]!r} {rule.words}"
            for (kind, name), rule in RULES.items()
            if kind == each.type and name in texts and not rule.takes(texts[name])
        ]
    return found
