"""Conditions of policy documents: whether one narrows a statement to callers that somebody chose."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from policies.public_access import is_world

# Keys that name who calls or from where (IAM User Guide, global condition keys; the services' own reference).
_WHO: Final = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:sourcearn",
        "aws:sourceaccount",
        "aws:sourceowner",
        "aws:sourceorgid",
        "aws:sourceorgpaths",
        "aws:sourceip",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "kms:calleraccount",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "elasticfilesystem:accesspointarn",
        "elasticfilesystem:accessedviamounttarget",
    }
)
_OUTSIDERS: Final = frozenset({"sts:externalid", "aws:principalorgid", "aws:principalorgpaths"})
_OPERATORS: Final = frozenset(
    {
        "stringequals",
        "stringequalsignorecase",
        "stringlike",
        "arnequals",
        "arnlike",
        "ipaddress",
        "bool",
    }
)
_ACCOUNT: Final = 4
"""The place of the account among the parts of an ARN."""


def names_callers(statement: Mapping[str, Any]) -> bool:
    """Whether some condition admits only chosen accounts, resources, networks or an organisation."""
    return any(key in _WHO for key, _ in _narrowing(statement))


def names_outsider(statement: Mapping[str, Any]) -> bool:
    """Whether a trusted account must know an external id, or belong to an organisation."""
    return any(key in _OUTSIDERS for key, _ in _narrowing(statement))


def names_subject(statement: Mapping[str, Any]) -> bool:
    """Whether a trusted identity provider is narrowed to chosen subjects of it."""
    return any(key.endswith(":sub") or key.startswith("saml:") for key, _ in _narrowing(statement))


def demands_tls(statement: Mapping[str, Any]) -> bool:
    """Whether the statement is about requests without TLS and about nothing else."""
    tests = list(_tests(statement))
    return len(tests) == 1 and tests[0][:2] == ("bool", "aws:securetransport") and _is_false(tests[0][2])


def demands_access_point(statement: Mapping[str, Any]) -> bool:
    """Whether the statement is about mounts without an access point and about nothing else."""
    tests = list(_tests(statement))
    about = ("null", "elasticfilesystem:accesspointarn")
    return len(tests) == 1 and tests[0][:2] == about and all(str(it).lower() == "true" for it in tests[0][2])


def _is_false(values: list[Any]) -> bool:
    return bool(values) and all(str(value).lower() == "false" for value in values)


def _narrowing(statement: Mapping[str, Any]) -> Iterator[tuple[str, list[Any]]]:
    """Tests that must be met, each with values that somebody chose."""
    for operator, key, values in _tests(statement):
        # `ForAllValues` and `IfExists` are met by a request without the key.
        if operator in _OPERATORS and values and not any(_any_caller(operator, value) for value in values):
            yield key, values


def _tests(statement: Mapping[str, Any]) -> Iterator[tuple[str, str, list[Any]]]:
    conditions = statement.get("condition")
    for operator, tests in conditions.items() if isinstance(conditions, Mapping) else ():
        for key, values in tests.items() if isinstance(tests, Mapping) else ():
            listed = values if isinstance(values, list) else [values]
            yield operator.lower().removeprefix("foranyvalue:"), key.lower(), listed


def _any_caller(operator: str, value: Any) -> bool:
    text = str(value)
    if operator == "ipaddress":
        return is_world(text)
    if operator == "bool":
        return text.lower() != "true"
    if not text.strip("*?"):
        return True
    parts = text.split(":")
    if not text.startswith("arn:"):
        return False
    # The ARN of a bucket has no account: its name must begin with letters then.
    owner = parts[_ACCOUNT] if len(parts) > _ACCOUNT else "*"
    return "*" in owner or (not owner and parts[-1].startswith(("*", "?")))
