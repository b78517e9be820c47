"""Knows what KMS says of grants and refuses of them, where moto says less and takes everything."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time, utcnow
from moto.kms.exceptions import ValidationException
from moto.kms.models import Grant, Key
from moto.kms.responses import KmsResponse

from localcloud.aws.deferred import complete

_PRINCIPAL: Final = re.compile(r"arn:aws[\w-]*:(iam|sts)::\d{12}:.+|[a-z0-9.-]+\.amazonaws\.com(\.cn)?")
_DATA_KEYS: Final = "GenerateDataKey(Pair)?(WithoutPlaintext)?"
_OPERATION: Final = re.compile(
    f"Decrypt|Encrypt|{_DATA_KEYS}|ReEncrypt(From|To)|Sign|Verify|GetPublicKey|CreateGrant|RetireGrant"
    "|DescribeKey|GenerateMac|VerifyMac|DeriveSharedSecret"
)
"""KMS API Reference, CreateGrant."""
_MADE: Final = "made_at"


def say_all_of_grants() -> None:
    """Completes moto, once per process."""
    complete(KmsResponse, "create_grant", _create_grant)
    setattr(KmsResponse, "list_grants", _list_grants)  # noqa: B010 - mypy lets nobody assign to a method


def _key_of(self: KmsResponse) -> Key:
    name = self._get_param("KeyId")
    self._validate_cmk_id(name)
    return self.kms_backend.describe_key(name)


def _create_grant(self: KmsResponse, original: Any) -> str:
    """KMS API Reference, CreateGrant, "Errors": the key must be enabled, the principal one that exists."""
    grantee, operations = str(self._get_param("GranteePrincipal")), self._get_param("Operations") or []
    key = _key_of(self)
    if not _PRINCIPAL.fullmatch(grantee):
        raise JsonRESTError("InvalidArnException", f"ARN does not refer to a valid principal: {grantee}")
    if unknown := [each for each in operations if not _OPERATION.fullmatch(each)]:
        raise ValidationException(f"Value '{unknown}' at 'operations' failed to satisfy constraint")
    if key.key_state == "PendingDeletion":
        raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    if key.key_state == "Disabled":
        raise JsonRESTError("DisabledException", f"{key.arn} is disabled.")
    answer: str = original(self)
    vars(key.grants[json.loads(answer)["GrantId"]])[_MADE] = unix_time(utcnow())
    return answer


def _list_grants(self: KmsResponse) -> str:
    """KMS API Reference, ListGrants: the ARN of the key, when it was made, and the account that gave it."""
    key = _key_of(self)
    wanted, grantee = self._get_param("GrantId"), self._get_param("GranteePrincipal")
    found = [
        each
        for each in key.grants.values()
        if wanted in {None, each.id} and grantee in {None, each.grantee_principal}
    ]
    return json.dumps({"Grants": [_told(self, key.arn, each) for each in found], "Truncated": False})


def _told(self: KmsResponse, key_arn: str, grant: Grant) -> dict[str, Any]:
    issuer = f"arn:aws:iam::{self.current_account}:root"
    said = {
        **grant.to_json(),
        "KeyId": key_arn,
        "IssuingAccount": issuer,
        "CreationDate": vars(grant).get(_MADE),
    }
    return {name: value for name, value in said.items() if value is not None}
