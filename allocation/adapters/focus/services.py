"""The service categories of FOCUS, and the subcategory of each known service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CATEGORIES: Final = (
    "AI and Machine Learning",
    "Analytics",
    "Business Applications",
    "Compute",
    "Databases",
    "Developer Tools",
    "Identity",
    "Integration",
    "Internet of Things",
    "Management and Governance",
    "Media",
    "Migration",
    "Mobile",
    "Multicloud",
    "Networking",
    "Other",
    "Security",
    "Storage",
    "Web",
)
"""The allowed values of ServiceCategory (FOCUS 1.2 to 1.4, ServiceCategory-C-003)."""

SUBCATEGORIES: Final[Mapping[tuple[str, str], tuple[str, ...]]] = {
    ("Compute", "Virtual Machines"): ("Amazon Elastic Compute Cloud", "AmazonEC2"),
    ("Compute", "Containers"): ("Amazon Elastic Kubernetes Service", "AmazonEKS"),
    ("Databases", "Relational Databases"): ("Amazon Relational Database Service", "AmazonRDS"),
    ("Databases", "Caching"): ("Amazon ElastiCache", "AmazonElastiCache"),
    ("Storage", "File Storage"): ("Amazon Elastic File System", "AmazonEFS"),
    ("Storage", "Object Storage"): ("Amazon Simple Storage Service", "AmazonS3"),
    ("Storage", "Backup Storage"): ("AWS Backup", "AWSBackup"),
    ("Networking", "Application Networking"): ("Elastic Load Balancing", "AWSELB"),
    ("Networking", "Network Infrastructure"): (
        "Amazon Virtual Private Cloud",
        "AmazonVPC",
        "AWS Data Transfer",
        "AWSDataTransfer",
    ),
    ("Networking", "Network Routing"): ("Amazon Route 53", "AmazonRoute53"),
    ("Management and Governance", "Observability"): (
        "Amazon CloudWatch",
        "AmazonCloudWatch",
        "Amazon Managed Service for Prometheus",
        "AmazonPrometheus",
    ),
    ("Management and Governance", "Support"): ("AWS Support (Business)", "AWSSupportBusiness"),
    ("Security", "Secret Management"): (
        "AWS Secrets Manager",
        "AWSSecretsManager",
        "AWS Key Management Service",
        "awskms",
    ),
}
"""Category and subcategory of FOCUS -> the services that are of it, as AWS names or codes them.

Any other service is `Other (<category>)`, which FOCUS has for each category.
"""
