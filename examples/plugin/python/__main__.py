"""Two tenants on a platform: the same that the other languages' examples declare."""

import pulumi
import pulumi_costack as costack

REGION, SECOND = "us-east-1", "eu-west-1"
SERVICE_LINE = "odoo-hosting"

ACME: costack.TenantDict = {
    "tenant": "acme",
    "client": "acme-consulting",
    "environment": costack.Environment.PRODUCTION,
    "tier": "shared-namespace",
    "region": REGION,
    "service_line": SERVICE_LINE,
    "hostname": "acme.odoo.example.com",
    "options": {"users": 8},
}
MERIDIAN: costack.TenantDict = {
    "tenant": "meridian",
    "client": "meridian-group",
    "environment": costack.Environment.PRODUCTION,
    "tier": "cross-region-backup",
    "region": REGION,
    "service_line": SERVICE_LINE,
    "hostname": "meridian.odoo.example.com",
    "data_residency": [REGION, SECOND],
    "options": {
        "users": 70,
        "dr_region": SECOND,
        "controls": costack.Controls.ENHANCED,
        "egress_cidrs": ["203.0.113.0/24"],
    },
}


def service(
    name: str, replicas: int, cpu: tuple[int, int], memory: tuple[int, int]
) -> costack.PlatformServiceDict:
    """Pods of the platform itself; what they ask for, and their limit, in millicores and MiB."""
    return {
        "name": name,
        "replicas": replicas,
        "cpu_request_millicores": cpu[0],
        "memory_request_mib": memory[0],
        "cpu_limit_millicores": cpu[1],
        "memory_limit_mib": memory[1],
    }


PLATFORM: costack.PlatformDict = {
    "portfolio": "example",
    "currency": "USD",
    "region": REGION,
    "service_line": SERVICE_LINE,
    "deletion_protection": False,  # this example must be able to end; True everywhere else
    "images": {
        # Your own build on the official odoo:18.0, with the module session_redis.
        "odoo": {
            "image": "registry.example.com/odoo@sha256:"
            "1d0e6b8f2c3a4d5968778695a4b3c2d1e0f9e8d7c6b5a49382716051f0e9d8c7",
            "version": "18.0",
            "run_as_user": 100,
            "run_as_group": 101,
        },
        # psql and pg_dump of the server's major version, and the AWS CLI.
        "operations": {
            "image": "registry.example.com/odoo-operations@sha256:"
            "9c8d7e6f5a4b3c2d1e0f1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f",
            "run_as_user": 10001,
            "run_as_group": 10001,
        },
    },
    "network": {
        "cidr": "10.40.0.0/16",
        "zones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        "client_cidrs": ["10.20.0.0/16"],  # where the cluster's pods live
    },
    "database": {
        "database_class": "s",
        "engine_version": "17",
        "multi_az": True,
        "storage_gib": 50,
        "max_storage_gib": 200,
        "backup_retention_days": 14,
        "maintenance_window": "sun:03:00-sun:04:00",
        "backup_window": "00:00-01:00",
    },
    "cache": {
        "cache_class": "xs",
        "engine": costack.CacheSpecEngine.VALKEY,
        "engine_version": "8.0",
        "nodes": 2,
        "multi_az": True,
        "snapshot_retention_days": 1,
        "maintenance_window": "sun:04:00-sun:05:00",
    },
    "file_system": {
        "throughput_mode": costack.FileSystemSpecThroughputMode.ELASTIC,
        "backup_schedule": "cron(0 3 * * ? *)",
        "backup_retention_days": 30,
    },
    "backup_bucket": {"noncurrent_days": 7, "expire_after_days": 90},
    "cluster": {
        "name": "odoo",
        "version": "1.35",
        "ingress_namespace": "traefik",
        "node_role_arn": "arn:aws:iam::123456789012:role/odoo-nodes",  # for tenants with nodes of their own
        "node_subnet_ids": ["subnet-0a0a0a0a", "subnet-0b0b0b0b", "subnet-0c0c0c0c"],
        "node_groups": [{"name": "general", "node_class": "m7g.xlarge", "nodes": 3, "volume_gib": 50}],
    },
    "services": [
        service("traefik", 2, cpu=(200, 1000), memory=(256, 512)),
        service("observability", 1, cpu=(500, 1000), memory=(2048, 3072)),
        service("gitops", 1, cpu=(250, 1000), memory=(512, 1024)),
        service("ci-runners", 1, cpu=(500, 2000), memory=(1024, 2048)),
    ],
    "ingress": {
        "public_addresses": 2,
        "capacity_units": 1,
        "nat_gateways": 1,
        "nat_data_gib_per_month": 20,
    },
    "observability": {
        "log_gib_per_month": 10,
        "log_retention_days": 30,
        "metric_samples_per_month": 100_000_000,
    },
    "dr_regions": [SECOND],  # where copies of tenants that pay for it may go
}

TENANTS = [ACME, MERIDIAN]
shared = costack.SharedPlatform("shared", platform=PLATFORM, tenants=TENANTS)
stacks = [
    costack.TenantStack(
        each["tenant"],
        **each,
        platform=PLATFORM,
        contract=shared.contract,
        session_token=shared.session_token,
    )
    for each in TENANTS
]
parts = costack.Inventory("parts", platform=shared.inventory, tenants=[each.inventory for each in stacks])
pulumi.export("inventory", parts.inventory)
pulumi.export("urls", [each.url for each in stacks])
pulumi.export("monthlyEstimates", shared.monthly_estimates)
