"""The shared file system for filestores, and its nightly backup into a vault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import pulumi
from pulumi_aws import backup, efs, iam

from components.aws.iam import assume_role_policy, role_of
from components.naming import IAM_NAME_LIMIT, component_type, physical_name
from components.places import FileSystemPlace, KeyPlace, NetworkPlace
from tiers.facts.every_fact import FileSystem, FileSystemBackup

_BACKUP_SERVICE: Final = "backup.amazonaws.com"
_CLIENT: Final = "elasticfilesystem:Client"
_BACKUP_POLICIES: Final = {
    "backup": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup",
    "restore": "arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForRestores",
}


class SharedFileSystem(pulumi.ComponentResource):
    """An encrypted EFS file system with a mount target in every zone, mounted through access points only.

    The EFS driver mounts a volume whose handle names an access point through it and with TLS, whatever its
    mount options say (aws-efs-csi-driver, pkg/driver/node.go, NodePublishVolume): what runs stays mounted.
    """

    def __init__(
        self,
        name: str,
        fact: FileSystem,
        network: NetworkPlace,
        key: KeyPlace,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("SharedFileSystem"), name, fact.model_dump(mode="json"), opts)
        self.file_system = efs.FileSystem(
            name,
            creation_token=physical_name(name),
            encrypted=True,
            kms_key_id=key.arn,
            performance_mode="generalPurpose",
            throughput_mode=fact.throughput_mode,
            tags={"Name": name},
            opts=pulumi.ResourceOptions(parent=self, protect=fact.deletion_protection),
        )
        self.place = FileSystemPlace(self.file_system.id, self.file_system.arn)
        mounted_through(name, self.place, network, pulumi.ResourceOptions(parent=self))
        self.register_outputs({"id": self.file_system.id})


def mounted_through(
    name: str, file_system: FileSystemPlace, network: NetworkPlace, opts: pulumi.ResourceOptions
) -> list[pulumi.Resource]:
    """The ways into a file system: a mount target in every subnet, and the policy of who may mount.

    Args:
        name: What the logical names begin with.
        file_system: The file system.
        network: Its subnets, and the security group that decides who reaches it.
        opts: Options of the resources.
    """
    targets: list[pulumi.Resource] = [
        efs.MountTarget(
            f"{name}-{index}",
            file_system_id=file_system.id,
            subnet_id=subnet_id,
            security_groups=[network.security_group_id],
            opts=opts,
        )
        for index, subnet_id in enumerate(network.subnet_ids)
    ]
    policy = efs.FileSystemPolicy(
        f"{name}-mounts",
        file_system_id=file_system.id,
        policy=pulumi.Output.json_dumps(_mounts(file_system.arn)),
        opts=opts,
    )
    return [*targets, policy]


def _mounts(file_system: pulumi.Input[str]) -> dict[str, Any]:
    """A policy that lets clients mount through a mount target, with TLS and an access point.

    Without any policy EFS gives everybody who reaches a mount target all rights, root's too. Access points
    set the user, so nobody needs root's. Only what clients do is denied: AWS Backup, replication and the
    driver's controller call the API of EFS, for which their own roles decide (Amazon EFS User Guide, "Using
    IAM to control access to file systems" and "Actions, resources, and condition keys").
    """

    def statement(effect: str, actions: Sequence[str], condition: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "Effect": effect,
            "Principal": {"AWS": "*"},
            "Action": [f"{_CLIENT}{action}" for action in actions],
            "Resource": file_system,
            "Condition": condition,
        }

    anything = ("Mount", "Write", "RootAccess")
    return {
        "Version": "2012-10-17",
        "Statement": [
            # With this condition the policy is not public (the same guide, "Blocking public access").
            statement("Allow", anything[:2], {"Bool": {"elasticfilesystem:AccessedViaMountTarget": "true"}}),
            statement("Deny", anything, {"Bool": {"aws:SecureTransport": "false"}}),
            statement("Deny", anything, {"Null": {"elasticfilesystem:AccessPointArn": "true"}}),
        ],
    }


class FileSystemVault(pulumi.ComponentResource):
    """AWS Backup of one file system: a vault, a nightly plan, and the role that copies.

    The tagging transform writes the cost tags into the plan's rule too, for the recovery points: a
    vault's own tags do not reach the bill.
    """

    def __init__(
        self,
        name: str,
        fact: FileSystemBackup,
        file_system: FileSystemPlace,
        key: KeyPlace,
        *,
        copies: Sequence[Mapping[str, Any]] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(component_type("FileSystemVault"), name, fact.model_dump(mode="json"), opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, retain_on_delete=fact.outlives_tenant or None)
        self.vault = backup.Vault(f"{name}-vault", name=physical_name(name), kms_key_arn=key.arn, opts=kept)
        plan = backup.Plan(
            f"{name}-plan",
            name=physical_name(name),
            rules=[
                {
                    "rule_name": "nightly",
                    "target_vault_name": self.vault.name,
                    "schedule": fact.schedule,
                    "lifecycle": {"delete_after": fact.retention_days},
                    **({"copy_actions": list(copies)} if copies else {}),
                }
            ],
            opts=child,
        )
        self.role = self._role(name, child)
        backup.Selection(
            f"{name}-selection",
            name=physical_name(name),
            plan_id=plan.id,
            iam_role_arn=self.role.arn,
            resources=[file_system.arn],
            opts=child,
        )
        self.register_outputs({})

    @staticmethod
    def _role(name: str, child: pulumi.ResourceOptions) -> iam.Role:
        trust = assume_role_policy(_BACKUP_SERVICE, "sts:AssumeRole")
        role = role_of(f"{name}-role", physical_name(name, limit=IAM_NAME_LIMIT), trust, child)
        for purpose, policy_arn in _BACKUP_POLICIES.items():
            iam.RolePolicyAttachment(f"{name}-{purpose}", role=role.name, policy_arn=policy_arn, opts=child)
        return role
