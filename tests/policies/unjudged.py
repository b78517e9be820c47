"""Resources that are insecure and pass, each under the heading of the documentation that admits it."""

from __future__ import annotations

from typing import NamedTuple

from tests.policies.insecure import NO_TLS_DENIED, OFFICE, Props, allows, document


class Unjudged(NamedTuple):
    reason: str
    type: str
    props: Props


FOREIGN = {"AWS": "arn:aws:iam::210987654321:root"}
UNJUDGED = (
    Unjudged(
        "named-accounts",
        "aws:s3/bucketPolicy:BucketPolicy",
        {"policy": document(NO_TLS_DENIED, allows(FOREIGN, action="s3:GetObject"))},
    ),
    Unjudged(
        "services",
        "aws:sns/topicPolicy:TopicPolicy",
        {"policy": document(allows({"Service": "s3.amazonaws.com"}, action="sns:Publish"))},
    ),
    Unjudged(
        "network-acls",
        "aws:ec2/networkAclRule:NetworkAclRule",
        {"egress": False, "ruleAction": "allow", "cidrBlock": "0.0.0.0/0"},
    ),
    Unjudged(
        "network-acls",
        "aws:ec2/route:Route",
        {"destinationCidrBlock": "0.0.0.0/0", "gatewayId": "igw-1"},
    ),
    Unjudged(
        "other-groups",
        "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        {"fromPort": 5432, "prefixListId": "pl-1"},
    ),
    Unjudged("ways-in", "aws:lb/loadBalancer:LoadBalancer", {"internal": False}),
    Unjudged(
        "plain-secrets",
        "aws:secretsmanager/secretVersion:SecretVersion",
        {"secretString": "made-up"},
    ),
    Unjudged(
        "secrets-in-code",
        "aws:ec2/launchTemplate:LaunchTemplate",
        {
            "userData": "ZXhwb3J0IFBBU1NXT1JEPW1hZGUtdXA=",
            "metadataOptions": {"httpTokens": "required"},
            "blockDeviceMappings": [{"ebs": {"encrypted": "true"}}],
        },
    ),
    Unjudged(
        "custom-kinds",
        "kubernetes:example.com/v1:Database",
        {"spec": {"public": True, "encrypted": False, "allowedRanges": [OFFICE, "0.0.0.0/0"]}},
    ),
    Unjudged(
        "aggregated-roles",
        "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
        {"aggregationRule": {"clusterRoleSelectors": [{}]}},
    ),
    Unjudged(
        "cluster-entries",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"},
    ),
)
