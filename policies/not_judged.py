"""What the pack does not judge, and why; the page of the documentation and a test read this list."""

from __future__ import annotations

from typing import Final, NamedTuple


class NotJudged(NamedTuple):
    """Something insecure that passes."""

    what: str
    why: str
    instead: str
    """What helps instead."""


NOT_JUDGED: Final = {
    "named-accounts": NotJudged(
        "an account or role that a resource's policy names (bucket, key, queue, topic, repository, secret)",
        "which accounts are yours is not known to the pack",
        "read it in review; IAM Access Analyzer finds it in the account",
    ),
    "services": NotJudged(
        "a service of AWS that a policy lets in without a condition on the account (confused deputy)",
        "many services need no condition, and roles of services have none",
        "add aws:SourceAccount or aws:SourceArn where the service sends it",
    ),
    "network-acls": NotJudged(
        "network ACLs, routes to the internet, peering",
        "public subnets need them, and security groups, which are judged, stand behind them",
        "keep data in subnets without a route to an internet gateway",
    ),
    "other-groups": NotJudged(
        "security group rules that name a prefix list or another group",
        "what is in them is not in the rule; prefix lists of the same program are judged themselves",
        "name ranges",
    ),
    "ways-in": NotJudged(
        "load balancers and CloudFront distributions on the internet",
        "browsers come in through them",
        "their listeners are judged, and the groups behind them",
    ),
    "plain-secrets": NotJudged(
        "passwords in properties of AWS resources",
        "Pulumi gives policies the value and not whether it is a secret",
        "let AWS manage passwords, or use pulumi.Output.secret; the state encrypts both",
    ),
    "secrets-in-code": NotJudged(
        "user data, code of functions, scripts, contents of images",
        "text of any form",
        "scan repositories and images with a tool for it",
    ),
    "custom-kinds": NotJudged(
        "custom resources of Kubernetes besides the pods in them",
        "each operator has fields of its own",
        "a policy in the cluster (admission)",
    ),
    "aggregated-roles": NotJudged(
        "ClusterRoles that are made of others (aggregationRule)",
        "the controller adds the rules in the cluster",
        "the roles they are made of are judged where you declare them",
    ),
    "cluster-entries": NotJudged(
        "access entries of EKS, and which people are in a group or role",
        "who is an administrator is your decision",
        "review them beside the portfolio",
    ),
    "outside": NotJudged(
        "what is not declared in the program: made by hand, by a controller, in another stack",
        "a policy pack sees the resources of one program",
        "AWS Config and Access Analyzer see the account",
    ),
}
