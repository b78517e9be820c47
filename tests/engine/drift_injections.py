"""Changes by hand in an AWS account, as in its console, and what drift must say of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

import httpx

from localcloud.aws.clients import Clients


class Injection(NamedTuple):
    """A change by hand: whose resource it is, which one, and what the change does."""

    owner: str
    resource: str
    effects: tuple[str, ...]
    make: Callable[[Clients], Any]


def _bucket(clients: Clients, beginning: str) -> str:
    names = [each["Name"] for each in clients.get("s3").list_buckets()["Buckets"]]
    return next(str(name) for name in names if name.startswith(f"{beginning}-"))


def _group(clients: Clients, name: str) -> str:
    groups = clients.get("ec2").describe_security_groups()["SecurityGroups"]
    return next(str(each["GroupId"]) for each in groups if each["GroupName"].startswith(name))


def _open(clients: Clients, name: str) -> None:
    clients.get("ec2").authorize_security_group_ingress(
        GroupId=_group(clients, name), IpProtocol="tcp", FromPort=5432, ToPort=5432, CidrIp="0.0.0.0/0"
    )


def _close(clients: Clients, name: str) -> None:
    ec2 = clients.get("ec2")
    group = _group(clients, name)
    rules = ec2.describe_security_group_rules()["SecurityGroupRules"]
    rule = next(r for r in rules if r["GroupId"] == group and not r["IsEgress"] and r["FromPort"] == 6379)
    ec2.revoke_security_group_ingress(GroupId=group, SecurityGroupRuleIds=[rule["SecurityGroupRuleId"]])


def _server(**changes: Any) -> Callable[[Clients], Any]:
    return lambda clients: clients.get("rds").modify_db_instance(ApplyImmediately=True, **changes)


def _file_system(clients: Clients, name: str) -> str:
    found = clients.get("efs").describe_file_systems()["FileSystems"]
    return next(str(each["FileSystemId"]) for each in found if each.get("Name") == name)


def _untag_server(clients: Clients) -> None:
    rds = clients.get("rds")
    (server,) = rds.describe_db_instances(DBInstanceIdentifier="local-cobalt-postgresql")["DBInstances"]
    rds.remove_tags_from_resource(ResourceName=server["DBInstanceArn"], TagKeys=["cost/tenant"])


def _widen(clients: Clients) -> None:
    iam = clients.get("iam")
    (name,) = iam.list_role_policies(RoleName="local-borealis-backup")["PolicyNames"]
    wide = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
    iam.put_role_policy(RoleName="local-borealis-backup", PolicyName=name, PolicyDocument=wide)


def _unmount(clients: Clients) -> None:
    efs = clients.get("efs")
    there = efs.describe_mount_targets(FileSystemId=_file_system(clients, "local-meridian-filestores"))
    first = min(there["MountTargets"], key=lambda each: str(each["AvailabilityZoneName"]))
    efs.delete_mount_target(MountTargetId=first["MountTargetId"])


def _stop_rotating(clients: Clients) -> None:
    kms = clients.get("kms")
    key = next(
        a["TargetKeyId"]
        for a in kms.list_aliases()["Aliases"]
        if a["AliasName"] == "alias/local-halcyon-data"
    )
    kms.disable_key_rotation(KeyId=key)


def _s3(operation: str, bucket: str, **more: Any) -> Callable[[Clients], Any]:
    return lambda clients: getattr(clients.get("s3"), operation)(Bucket=_bucket(clients, bucket), **more)


SUSPENDED: Final[Mapping[str, str]] = {"Status": "Suspended"}

INJECTIONS: Final[Mapping[str, Injection]] = {
    "a log group loses a tag": Injection(
        "acme",
        "acme-logs",
        ("tags",),
        lambda c: c.get("logs").untag_log_group(logGroupName="/odoo/local/acme", tags=["cost/tenant"]),
    ),
    "a server loses a tag": Injection("cobalt", "local-cobalt-postgresql", ("tags",), _untag_server),
    "a server is resized": Injection(
        "halcyon",
        "local-halcyon-postgresql",
        ("money", "restart"),
        _server(DBInstanceIdentifier="local-halcyon-postgresql", DBInstanceClass="db.r7g.2xlarge"),
    ),
    "logs are kept for longer": Injection(
        "borealis",
        "borealis-logs",
        ("money", "data"),
        lambda c: c.get("logs").put_retention_policy(
            logGroupName="/odoo/local/borealis", retentionInDays=3653
        ),
    ),
    "a security group is opened": Injection(
        "halcyon",
        "local-halcyon-data",
        ("security",),
        lambda c: _open(c, "local-halcyon-data"),
    ),
    "a security group rule is removed": Injection(
        "meridian",
        "local-meridian-data-redis-0",
        ("security", "service"),
        lambda c: _close(c, "local-meridian-data"),
    ),
    "backups of a server are paused": Injection(
        "cobalt",
        "local-cobalt-postgresql",
        ("data", "money"),
        _server(DBInstanceIdentifier="local-cobalt-postgresql", BackupRetentionPeriod=1),
    ),
    "a server is opened to the internet": Injection(
        "meridian",
        "local-meridian-postgresql",
        ("security",),
        _server(DBInstanceIdentifier="local-meridian-postgresql", PubliclyAccessible=True),
    ),
    "a server's protection is switched": Injection(
        "platform",
        "local-postgresql",
        ("data",),
        _server(DBInstanceIdentifier="local-postgresql", DeletionProtection=True),
    ),
    "versions of a bucket are suspended": Injection(
        "meridian",
        "local-meridian-backups-versioning",
        ("data", "money"),
        _s3("put_bucket_versioning", "local-meridian-backups", VersioningConfiguration=SUSPENDED),
    ),
    "a bucket is opened": Injection(
        "platform",
        "local-backups-private",
        ("security",),
        _s3("delete_public_access_block", "local-backups"),
    ),
    "a bucket's encryption is removed": Injection(
        "platform",
        "local-backups-encryption",
        ("security",),
        _s3("delete_bucket_encryption", "local-backups"),
    ),
    "a bucket's lifecycle is removed": Injection(
        "meridian",
        "local-meridian-backups-lifecycle",
        ("money", "data"),
        _s3("delete_bucket_lifecycle", "local-meridian-backups"),
    ),
    "a bucket's policy is removed": Injection(
        "meridian",
        "local-meridian-backups-tls",
        ("security",),
        _s3("delete_bucket_policy", "local-meridian-backups"),
    ),
    "copies to the second region are stopped": Injection(
        "meridian",
        "local-meridian-backups-copy",
        ("data", "money"),
        _s3("delete_bucket_replication", "local-meridian-backups"),
    ),
    "a role may do more": Injection("borealis", "local-borealis-backup-policy", ("security",), _widen),
    "a mount target is deleted": Injection("meridian", "local-meridian-filestores-0", ("service",), _unmount),
    "a key is rotated no longer": Injection("halcyon", "local-halcyon-key", ("security",), _stop_rotating),
    "a file system gets other throughput": Injection(
        "platform",
        "local-filestores",
        ("money", "service"),
        lambda c: c.get("efs").update_file_system(
            FileSystemId=_file_system(c, "local-filestores"),
            ThroughputMode="provisioned",
            ProvisionedThroughputInMibps=10.0,
        ),
    ),
    "a file system's policy is deleted": Injection(
        "platform",
        "local-filestores-mounts",
        ("security",),
        lambda c: c.get("efs").delete_file_system_policy(FileSystemId=_file_system(c, "local-filestores")),
    ),
    "a cache is resized": Injection(
        "halcyon",
        "local-halcyon-sessions",
        ("money", "restart"),
        lambda c: c.get("elasticache").modify_replication_group(
            ReplicationGroupId="local-halcyon-sessions",
            CacheNodeType="cache.r7g.large",
            ApplyImmediately=True,
        ),
    ),
    "an unknown bucket": Injection(
        "",
        "forgotten-exports",
        ("untracked",),
        lambda c: c.get("s3").create_bucket(Bucket="forgotten-exports"),
    ),
    "an unknown server": Injection(
        "",
        "somebodys-test",
        ("untracked",),
        lambda c: c.get("rds").create_db_instance(
            DBInstanceIdentifier="somebodys-test",
            DBInstanceClass="db.t4g.medium",
            Engine="postgres",
            AllocatedStorage=20,
            MasterUsername="odoo",
            MasterUserPassword="only-a-test-of-drift",
        ),
    ),
    "a second log group with a tenant's tags": Injection(
        "acme",
        "/odoo/local/acme-old",
        ("untracked",),
        lambda c: c.get("logs").create_log_group(
            logGroupName="/odoo/local/acme-old", tags={"cost/portfolio": "local", "cost/tenant": "acme"}
        ),
    ),
}


class ObjectInjection(NamedTuple):
    """The same of a Kubernetes object: a patch by hand, or its deletion where there is none."""

    owner: str
    resource: str
    effects: tuple[str, ...]
    path: str
    patch: Mapping[str, Any] | None

    def make(self, client: httpx.Client) -> None:
        """As `kubectl patch --type merge` and `kubectl delete` do it."""
        if self.patch is None:
            client.delete(self.path).raise_for_status()
            return
        content = {"Content-Type": "application/merge-patch+json"}
        asked = {"fieldManager": "kubectl-patch"}
        client.patch(self.path, params=asked, headers=content, json=self.patch).raise_for_status()


_APPS: Final = "/apis/apps/v1/namespaces"
_NETWORKING: Final = "/apis/networking.k8s.io/v1/namespaces"

OBJECT_INJECTIONS: Final[Mapping[str, ObjectInjection]] = {
    "pods are scaled": ObjectInjection(
        "acme",
        "acme-web",
        ("money", "service"),
        f"{_APPS}/odoo-production/deployments/acme-web",
        {"spec": {"replicas": 3}},
    ),
    "a cost label is removed": ObjectInjection(
        "acme-staging",
        "acme-staging-web",
        ("tags",),
        f"{_APPS}/odoo-staging/deployments/acme-staging-web",
        {"metadata": {"labels": {"cost/tenant": None}}},
    ),
    "a network policy is deleted": ObjectInjection(
        "halcyon",
        "odoo-halcyon-default-deny",
        ("security",),
        f"{_NETWORKING}/odoo-halcyon/networkpolicies/default-deny",
        None,
    ),
    "a backup runs no longer": ObjectInjection(
        "borealis",
        "borealis-backup",
        ("data",),
        "/apis/batch/v1/namespaces/odoo-production/cronjobs/borealis-backup",
        {"spec": {"schedule": "0 3 31 2 *"}},
    ),
    "a backup is deleted": ObjectInjection(
        "acme",
        "acme-backup",
        ("data",),
        "/apis/batch/v1/namespaces/odoo-production/cronjobs/acme-backup",
        None,
    ),
    "a quota is raised": ObjectInjection(
        "halcyon",
        "halcyon-quota",
        ("money",),
        "/api/v1/namespaces/odoo-halcyon/resourcequotas/tenant",
        {"spec": {"hard": {"requests.cpu": "640"}}},
    ),
    "a dashboard is edited": ObjectInjection(
        "platform",
        "local-dashboards",
        ("service",),
        "/api/v1/namespaces/monitoring/configmaps/local-dashboards",
        {"data": {"tenant-cost.json": "{}"}},
    ),
}
