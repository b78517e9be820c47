"""Policy documents of AWS: who is let in, and to what, in every property of every type that holds one."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from policies.clauses import Clause, Finding, NotYet
from policies.conditions import (
    demands_access_point,
    demands_tls,
    names_callers,
    names_outsider,
    names_subject,
)
from policies.properties import NOT_KNOWN, Path, Properties, Unreadable, label, last_name, opened, walk, words

UNREADABLE: Final = Clause(
    "every policy document of AWS",
    "is no policy that can be read",
    "write JSON whose keys are there once, with a list of statements",
)
EVERYBODY: Final = Clause(
    "every policy document of AWS",
    "lets in everybody: a principal with *, and no condition that names callers",
    "name accounts or roles, or add a condition on the organisation, account, ARN, VPC or address of callers",
)
ALL_BUT: Final = Clause(
    "every policy document of AWS",
    "lets in everybody who is not named (NotPrincipal with Allow)",
    "name those who may",
)
OUTSIDER: Final = Clause(
    "trust policies of roles",
    "trusts an account or its users without a condition",
    "add a condition on sts:ExternalId or aws:PrincipalOrgID",
)
PROVIDER: Final = Clause(
    "trust policies of roles",
    "trusts every subject of an identity provider",
    "add a condition on its sub (SAML: on SAML:aud or SAML:sub)",
)
ALL_ACTIONS: Final = Clause(
    "permissions of roles, users and groups",
    "allows every action of AWS, or all but some",
    "list the actions that are needed",
)
ALL_RESOURCES: Final = Clause(
    "permissions of roles, users and groups",
    "allows every action of a service, or one that reads secrets or passes rights on, on every resource",
    "name the resources, or the single actions",
)
FULL_ACCESS: Final = Clause(
    "every AWS type, every managed policy that is attached",
    "gives full access to the account or a service",
    "attach a policy with the actions that are needed",
)
NO_TLS: Final = Clause(
    "policies of S3 buckets",
    "does not deny requests without TLS",
    "add a statement that denies s3:* to * on the bucket and its objects where aws:SecureTransport is false",
)
PLAIN_MOUNTS: Final = Clause(
    "policies of EFS file systems",
    "does not deny mounts without TLS",
    "add a statement that denies elasticfilesystem:ClientMount to * where aws:SecureTransport is false",
)
WHOLE_MOUNTS: Final = Clause(
    "policies of EFS file systems",
    "does not deny mounts without an access point, which see every directory",
    "add a statement that denies elasticfilesystem:ClientMount to * where elasticfilesystem:AccessPointArn "
    "is absent (Null)",
)
CLAUSES: Final = (
    UNREADABLE, EVERYBODY, ALL_BUT, OUTSIDER, PROVIDER, ALL_ACTIONS, ALL_RESOURCES, FULL_ACCESS, NO_TLS,
    PLAIN_MOUNTS, WHOLE_MOUNTS,
)  # fmt: skip

_BUCKET_POLICY: Final = "aws:s3/bucketPolicy:BucketPolicy"
_MOUNT: Final = "elasticfilesystem:clientmount"
Judge = Callable[[Mapping[str, Any]], bool]
# What policies of a type must deny to everybody: the actions, one of which stands for all of it, and when.
_DENIALS: Final[Mapping[str, Sequence[tuple[Clause, frozenset[str], Judge]]]] = {
    _BUCKET_POLICY: ((NO_TLS, frozenset({"*", "s3:*"}), demands_tls),),
    "aws:efs/fileSystemPolicy:FileSystemPolicy": tuple(
        (clause, frozenset({"*", "elasticfilesystem:*", "elasticfilesystem:client*", _MOUNT}), judge)
        for clause, judge in ((PLAIN_MOUNTS, demands_tls), (WHOLE_MOUNTS, demands_access_point))
    ),
}
_FULL_ACCESS: Final = re.compile(
    r"arn:aws[\w-]*:iam::aws:policy/(?:[\w-]+/)*(?:AdministratorAccess|PowerUserAccess|\w*FullAccess)(?:-\w+)*"
)
# With these on every resource a role reads everybody's data, or gives itself what it does not have.
_SENSITIVE: Final = (
    "iam:passrole", "iam:create", "iam:put", "iam:attach", "iam:update", "iam:add", "iam:set",
    "sts:assumerole", "kms:decrypt", "secretsmanager:getsecretvalue", "ssm:getparameter", "s3:getobject",
    "s3:putobject", "s3:deleteobject", "rds-data:execute", "dynamodb:getitem", "dynamodb:scan",
)  # fmt: skip
_NAMES: Final = frozenset({"policy", "policies", "document"})
_PUBLIC_LAMBDA: Final = "aws:lambda/permission:Permission"


def documents(type_token: str, props: Properties) -> Iterator[Finding]:
    """Policies of AWS let in named callers and allow named actions."""
    if not type_token.startswith("aws"):
        return
    if type_token == _PUBLIC_LAMBDA and props.get("principal") == "*" and not _narrowed_lambda(props):
        yield EVERYBODY.at("principal")
    for path, value in walk(opened(props)):
        yield from _value(type_token, path, value)
    for clause, actions, judge in _DENIALS.get(type_token, ()):
        yield from _denial(opened(props).get("policy"), clause, actions, judge)


def _narrowed_lambda(props: Properties) -> bool:
    return bool(props.get("sourceAccount") or props.get("principalOrgId"))


def _value(type_token: str, path: Path, value: Any) -> Iterator[Finding]:
    if value is NOT_KNOWN and set(words((last_name(path),))[-1:]) & _NAMES:
        yield NotYet(label(path))
    elif value is Unreadable.VALUE:
        yield UNREADABLE.at(label(path))
    elif isinstance(value, str) and _FULL_ACCESS.fullmatch(value):
        yield FULL_ACCESS.at(label(path), value.rpartition("/")[2])
    elif isinstance(value, Mapping) and "statement" in (low := _lowered(value)):
        listed = low["statement"]
        for index, each in enumerate(listed if isinstance(listed, list) else [listed]):
            yield from _statement(type_token, (*path, "Statement", index), each)


def _lowered(record: Mapping[str, Any]) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in record.items()}


def _statement(type_token: str, path: Path, value: Any) -> Iterator[Finding]:
    where = label(path)
    if value is NOT_KNOWN or (isinstance(value, Mapping) and _holds_unknown(value)):
        yield NotYet(where)
        return
    if not isinstance(value, Mapping):
        yield UNREADABLE.at(where)
        return
    statement = _lowered(value)
    if statement.get("effect") == "Deny":
        return
    if "notprincipal" in statement:
        yield ALL_BUT.at(where)
    elif "principal" in statement:
        yield from _principal(where, statement, trust=_is_trust(type_token, path, statement))
    else:
        yield from _permissions(where, statement)


def _holds_unknown(value: Mapping[str, Any]) -> bool:
    return any(item is NOT_KNOWN for _, item in walk(value))


def _is_trust(type_token: str, path: Path, statement: Mapping[str, Any]) -> bool:
    names = label(path).lower()
    assumes = any(action.startswith("sts:") for action in _listed(statement, "action"))
    return "assumerole" in names or (assumes and ":iam" in type_token)


def _principal(where: str, statement: Mapping[str, Any], *, trust: bool) -> Iterator[Finding]:
    principals = _principals(statement["principal"])
    if any("*" in name for _, name in principals):
        if not names_callers(statement):
            yield EVERYBODY.at(where)
        return
    if any(kind == "federated" for kind, _ in principals) and not names_subject(statement):
        yield PROVIDER.at(where)
    accounts = any(kind not in {"service", "federated"} for kind, _ in principals)
    if trust and accounts and not names_outsider(statement):
        yield OUTSIDER.at(where)


def _principals(value: Any) -> list[tuple[str, str]]:
    """Kind and name of every principal; a shape that IAM does not know is everybody."""
    if not isinstance(value, Mapping):
        return [("aws", "*")]
    return [
        (kind.lower(), str(name))
        for kind, names in value.items()
        for name in (names if isinstance(names, list) else [names])
    ]


def _permissions(where: str, statement: Mapping[str, Any]) -> Iterator[Finding]:
    actions, resources = _listed(statement, "action"), _listed(statement, "resource")
    everything = "notresource" in statement or not resources or any(_is_all(each) for each in resources)
    if "notaction" in statement or any(not action.strip("*:?") for action in actions):
        yield ALL_ACTIONS.at(where)
    elif everything and (broad := [action for action in actions if _is_broad(action)]):
        yield ALL_RESOURCES.at(where, broad[0])


def _is_all(resource: str) -> bool:
    """Whether a resource is every one: `*`, or an ARN that names none."""
    return not resource.rpartition(":")[2].strip("*/?")


def _is_broad(action: str) -> bool:
    service, _, rest = action.partition(":")
    begin = f"{service}:{rest.partition('*')[0]}"
    matches = any(action.startswith(each) or ("*" in rest and each.startswith(begin)) for each in _SENSITIVE)
    return not rest.strip("*?") or matches


def _listed(statement: Mapping[str, Any], key: str) -> list[str]:
    value = statement.get(key) or []
    return [str(each).lower() for each in (value if isinstance(value, list) else [value])]


def _denial(policy: Any, clause: Clause, actions: frozenset[str], judge: Judge) -> Iterator[Finding]:
    if policy is NOT_KNOWN or policy is Unreadable.VALUE:
        return
    document = _lowered(policy) if isinstance(policy, Mapping) else {}
    listed = document.get("statement") or []
    statements = [_lowered(each) for each in (listed if isinstance(listed, list) else [listed]) if each]
    if not any(_denies(each, actions) and judge(each) for each in statements):
        yield clause.at("policy")


def _denies(statement: Mapping[str, Any], actions: frozenset[str]) -> bool:
    everybody = all("*" in name for _, name in _principals(statement.get("principal", "*")))
    named = bool(actions & set(_listed(statement, "action")))
    return statement.get("effect") == "Deny" and everybody and named
