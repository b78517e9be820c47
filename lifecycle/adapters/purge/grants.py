"""Which grants let somebody use a KMS key, besides the services whose resources are listed.

A service of AWS gives itself a grant for each resource that it encrypts, in the name of whoever makes it.
In ListGrants its grantee is the service principal, or for a volume the instance that has it attached; the
account that gave it is the one in which the resource is (KMS API Reference, "GrantListEntry"; KMS Developer
Guide, "Examining grants"). Such a grant may outlive its resource and says nothing: the resource is in the
listings of `key_users`, or gone. Every other grant is somebody's, who can use the key while it is there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from lifecycle.adapters.purge.aws import Aws, Entry

_LISTED: Final = frozenset(
    {"rds", "elasticache", "elasticfilesystem", "backup", "secretsmanager", "logs", "ec2"}
)
"""The services of which `key_users` lists all that they encrypt; no listing says it of the objects of S3."""
_SERVICE: Final = re.compile(r"([a-z0-9-]+)(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?")
_ATTACHED: Final = re.compile(r"arn:aws[\w-]*:sts::(\d{12}):assumed-role/aws:ec2-infrastructure/i-[0-9a-f]+")
_ISSUER: Final = re.compile(r"arn:aws[\w-]*:iam::(\d{12}):root")


def used_by_grant(aws: Aws, key_arn: str, region: str) -> str:
    """Who may use a key by a grant, as a sentence; '' when only services whose resources are listed may."""
    account = key_arn.split(":")[4]
    listed = aws.entries("kms", region, "list_grants", "Grants", KeyId=key_arn)
    found = list(_of_others(listed, account))
    if not found:
        return ""
    first, *more = sorted(found, key=lambda each: str(each.get("GrantId")))
    others = f", and {len(more)} more do" if more else ""
    grant = first.get("GrantId")
    return (
        f"grant {grant} lets {_grantee(first)} use it{others}; if nobody needs it any more: "
        f"`aws kms revoke-grant --region {region} --key-id {key_arn} --grant-id {grant}`"
    )


def _of_others(listed: Iterator[Entry], account: str) -> Iterator[Entry]:
    for each in listed:
        issued = _ISSUER.fullmatch(str(each.get("IssuingAccount") or ""))
        here = issued is not None and issued[1] == account
        if not (here and _is_of_listed(_grantee(each), account)):
            yield each


def _grantee(grant: Entry) -> str:
    return str(grant.get("GranteeServicePrincipal") or grant.get("GranteePrincipal") or "nobody knows whom")


def _is_of_listed(grantee: str, account: str) -> bool:
    if attached := _ATTACHED.fullmatch(grantee):
        return attached[1] == account
    service = _SERVICE.fullmatch(grantee)
    return service is not None and service[1] in _LISTED
