"""Who may mount a file system: its policy, asked as AWS would ask it."""

from __future__ import annotations

from itertools import product

import pytest

from tests.components.iam_access import arn_of, effects, statements_of
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.components.whole import whole

SYSTEM, POLICY = "aws:efs/fileSystem:FileSystem", "aws:efs/fileSystemPolicy:FileSystemPolicy"
MOUNT, WRITE, ROOT = (f"elasticfilesystem:Client{what}" for what in ("Mount", "Write", "RootAccess"))
VIA_TARGET = {"elasticfilesystem:AccessedViaMountTarget": "true"}
TLS, PLAIN = {"aws:SecureTransport": "true"}, {"aws:SecureTransport": "false"}
POINT = {
    "elasticfilesystem:AccessPointArn": "arn:aws:elasticfilesystem:us-east-1:123456789012:access-point/fsap-0"
}
SHARED, OWN = "local-filestores", "local-crb-production-filestores"


def systems() -> list[Declared]:
    """The file systems of a portfolio with a tenant for each offer."""
    return sorted((each for each in whole() if each.type == SYSTEM), key=lambda each: each.name)


def asked(name: str, action: str, context: dict[str, str]) -> frozenset[str]:
    """What the policy of the file system *name* says to a client of EFS."""
    system = the(whole(), SYSTEM, name)
    policy = the(whole(), POLICY, f"{system.name}-mounts").props
    assert policy["fileSystemId"] == f"{system.name}-id"
    statements = statements_of(policy["policy"], of_resource=True)
    return effects(statements, action, arn_of(system.name), context)


def test_every_file_system_has_a_policy_of_its_own() -> None:
    assert {SHARED, OWN} <= {each.name for each in systems()}
    policies = sorted(each.name for each in whole() if each.type == POLICY)
    assert policies == [f"{each.name}-mounts" for each in systems()]


@pytest.mark.parametrize("name", [SHARED, OWN])
def test_a_client_mounts_through_an_access_point_and_with_tls(name: str) -> None:
    for action in (MOUNT, WRITE):
        assert asked(name, action, VIA_TARGET | TLS | POINT) == {"Allow"}
        assert asked(name, action, TLS | POINT) == set(), "not through a mount target"


@pytest.mark.parametrize("name", [SHARED, OWN])
def test_whoever_comes_otherwise_is_denied_whatever_its_own_role_allows(name: str) -> None:
    """A denial of the resource wins over what an identity is allowed (IAM, policy evaluation logic)."""
    for action, context in product((MOUNT, WRITE, ROOT), (TLS, PLAIN | POINT, PLAIN)):
        assert "Deny" in asked(name, action, VIA_TARGET | context), (action, context)


@pytest.mark.parametrize("name", [SHARED, OWN])
def test_nobody_is_given_roots_rights(name: str) -> None:
    assert asked(name, ROOT, VIA_TARGET | TLS | POINT) == set()


@pytest.mark.parametrize("name", [SHARED, OWN])
def test_services_of_aws_are_left_to_their_own_roles(name: str) -> None:
    """AWS Backup, replication and the driver's controller call the API: no mount target, no access point."""
    for action in ("Backup", "Restore", "CreateAccessPoint", "ReplicationRead", "DescribeMountTargets"):
        assert asked(name, f"elasticfilesystem:{action}", TLS) == set(), action


def test_every_volume_names_an_access_point_so_the_driver_mounts_with_tls() -> None:
    """The driver adds both options for such a handle (aws-efs-csi-driver, pkg/driver/node.go)."""
    volumes = [each.props["spec"] for each in whole() if each.type.endswith(":PersistentVolume")]
    assert len(volumes) >= 14
    for spec in volumes:
        system, path, point = spec["csi"]["volumeHandle"].split(":")
        assert (system in {f"{each.name}-id" for each in systems()}, path, bool(point)) == (True, "", True)
        assert spec["mountOptions"] == ["tls"]
