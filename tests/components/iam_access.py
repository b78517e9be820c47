"""Who may do what in AWS: IAM policy evaluation over the roles that were declared.

Identity policies only, within one account: an explicit Deny wins, then an Allow, then nothing. What is not
understood raises; so does the question about a role with a managed policy, whose text is not declared.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from tests.components.monitor import Declared

ROLE: Final = "aws:iam/role:Role"
ROLE_POLICY: Final = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT: Final = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ASSOCIATION: Final = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
PODS: Final = "pods.eks.amazonaws.com"
_ARN: Final = "arn:aws:test:us-east-1:123456789012:"
_ARN_PARTS: Final = 6
# Types that give a role rights, or pods a role; another one would go unread.
_KNOWN: Final = frozenset({ROLE, ROLE_POLICY, ATTACHMENT, ASSOCIATION})
_WOULD_COUNT: Final = re.compile(
    r"aws:iam/.*([pP]olicy|[rR]ole)|aws:eks/(podIdentity|accessEntry|accessPolicy)"
)


class NotUnderstoodError(ValueError):
    """A policy says what this evaluator does not know."""


@dataclass(frozen=True)
class Account:
    """A Kubernetes service account."""

    namespace: str
    name: str


@dataclass(frozen=True)
class Role:
    """One role: who may take it, what its inline policies say, which managed policies it has."""

    arn: str
    name: str
    services: frozenset[str]
    statements: Sequence[Mapping[str, Any]]
    managed: Sequence[str]


@dataclass(frozen=True)
class Access:
    """The roles of an account, and which service account stands behind which of them."""

    roles: Mapping[str, Role]
    associations: Sequence[tuple[Account, str]]

    def roles_of(self, account: Account) -> list[Role]:
        """The roles a pod with *account* gets: those tied to it that trust pods at all."""
        tied = [self.roles[arn] for each, arn in self.associations if each == account]
        return [role for role in tied if PODS in role.services]


def arn_of(logical_name: str) -> str:
    """The ARN that the monitor's cloud gives a resource of that name."""
    return _ARN + logical_name


def access_of(declared: Sequence[Declared]) -> Access:
    """What the declared roles and associations amount to."""
    for each in declared:
        if _WOULD_COUNT.match(each.type) and each.type not in _KNOWN:
            raise NotUnderstoodError(f"{each.name} is a {each.type}")
    roles = {arn_of(each.name): _role(each, declared) for each in declared if each.type == ROLE}
    names = [role.name for role in roles.values()]
    if len(set(names)) != len(names):
        raise NotUnderstoodError("two roles of one name")
    ties = [
        (Account(each.props["namespace"], each.props["serviceAccount"]), str(each.props["roleArn"]))
        for each in declared
        if each.type == ASSOCIATION
    ]
    return Access(roles, ties)


def may(role: Role, action: str, resource: str, context: Mapping[str, str] | None = None) -> bool:
    """Whether *role* is let do *action* on *resource*, as far as its own policies say."""
    if role.managed:
        raise NotUnderstoodError(f"{role.name} has managed policies: {', '.join(role.managed)}")
    return effects(role.statements, action, resource, context) == {"Allow"}


def effects(
    statements: Sequence[Mapping[str, Any]],
    action: str,
    resource: str,
    context: Mapping[str, str] | None = None,
) -> frozenset[str]:
    """What statements say of a request, Allow or Deny or both; a Deny wins."""
    return frozenset(each["Effect"] for each in statements if _applies(each, action, resource, context or {}))


def listed(value: Any) -> list[str]:
    """A string or a list of strings, as a list."""
    items = [value] if isinstance(value, str) else list(value)
    if not items or not all(isinstance(each, str) for each in items):
        raise NotUnderstoodError(f"neither text nor a list of texts: {value!r}")
    return items


def _role(declared_role: Declared, declared: Sequence[Declared]) -> Role:
    props = declared_role.props
    if unknown := {"inlinePolicies", "managedPolicyArns", "permissionsBoundary"} & set(props):
        raise NotUnderstoodError(f"{min(unknown)} in role {declared_role.name}")
    name = str(props["name"])
    policies = [each for each in declared if each.type == ROLE_POLICY and each.props["role"] == name]
    return Role(
        arn=arn_of(declared_role.name),
        name=name,
        services=_trusted(json.loads(props["assumeRolePolicy"])),
        statements=[each for policy in policies for each in statements_of(policy.props["policy"])],
        managed=[
            str(each.props["policyArn"])
            for each in declared
            if each.type == ATTACHMENT and each.props["role"] == name
        ],
    )


def statements_of(document: str, *, of_resource: bool = False) -> list[Mapping[str, Any]]:
    """The statements of a policy document, each checked to be understood.

    Those of a resource say about whom they are; here everybody alone is understood.
    """
    policy = json.loads(document)
    _only(policy, "Version", "Statement")
    found = policy["Statement"]
    statements = [found] if isinstance(found, Mapping) else list(found)
    for statement in statements:
        _only(
            statement, "Sid", "Effect", "Action", "Resource", "Condition", *["Principal"][: int(of_resource)]
        )
        if of_resource and statement["Principal"] != {"AWS": "*"}:
            raise NotUnderstoodError(f"principal {statement['Principal']}")
        if statement["Effect"] not in ("Allow", "Deny"):
            raise NotUnderstoodError(f"Effect {statement['Effect']}")
        texts = [*listed(statement["Action"]), *listed(statement["Resource"])]
        for operator, tests in statement.get("Condition", {}).items():
            if operator not in (_ABSENT, *_OPERATORS):
                raise NotUnderstoodError(f"condition operator {operator}")
            texts += [value for values in tests.values() for value in listed(values)]
        if variables := [text for text in texts if "${" in text]:
            raise NotUnderstoodError(f"policy variable in {variables[0]}")
    return statements


def _trusted(policy: Mapping[str, Any]) -> frozenset[str]:
    _only(policy, "Version", "Statement")
    services: set[str] = set()
    for statement in policy["Statement"]:
        # A condition can only narrow the trust; the widest is what counts here.
        _only(statement, "Sid", "Effect", "Principal", "Action", "Condition")
        _only(statement["Principal"], "Service")
        if statement["Effect"] != "Allow":
            raise NotUnderstoodError(f"Effect {statement['Effect']} of a trust policy")
        services |= set(listed(statement["Principal"]["Service"]))
    return frozenset(services)


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Mapping[str, str]) -> bool:
    return (
        any(_like(each.lower(), action.lower()) for each in listed(statement["Action"]))
        and any(_like(each, resource) for each in listed(statement["Resource"]))
        and all(
            _holds(operator, context.get(key), listed(values))
            for operator, tests in statement.get("Condition", {}).items()
            for key, values in tests.items()
        )
    )


def _holds(operator: str, given: str | None, values: Sequence[str]) -> bool:
    if operator == _ABSENT:
        return any(_same_boolean(value, str(given is None)) for value in values)
    # A key the request does not have satisfies none of the others.
    return given is not None and any(_OPERATORS[operator](value, given) for value in values)


def _like(pattern: str, text: str) -> bool:
    return _expression(pattern).fullmatch(text) is not None


@cache
def _expression(pattern: str) -> re.Pattern[str]:
    """`*` is any text, slashes and colons included, `?` is one character, all else is itself."""
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(char) or re.escape(char) for char in pattern), flags=re.DOTALL)


def _arn_like(pattern: str, arn: str) -> bool:
    """ArnEquals is ArnLike: each of the six parts is matched for itself."""
    wanted, given = pattern.split(":", _ARN_PARTS - 1), arn.split(":", _ARN_PARTS - 1)
    return len(wanted) == len(given) == _ARN_PARTS and all(map(_like, wanted, given))


def _same_boolean(wanted: str, given: str) -> bool:
    return wanted.lower() == given.lower()


def _same(wanted: str, given: str) -> bool:
    return wanted == given


_ABSENT: Final = "Null"
_OPERATORS: Final[Mapping[str, Callable[[str, str], bool]]] = {
    "ArnEquals": _arn_like,
    "Bool": _same_boolean,
    "StringEquals": _same,
    "StringLike": _like,
}


def _only(node: Mapping[str, Any], *known: str) -> None:
    if not isinstance(node, Mapping):
        raise NotUnderstoodError(f"not an object: {node!r}")
    if unknown := sorted(set(node) - set(known)):
        raise NotUnderstoodError(f"{unknown[0]!r} in {dict(node)}")
