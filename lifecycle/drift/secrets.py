"""Keeps secrets out of what drift shows: Pulumi hides those it knows, and people put others elsewhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

HIDDEN: Final = "[secret]"
"""How Pulumi itself writes a secret value in its output (pulumi, pkg/resource/stack, `MassageSecrets`)."""
_NAMED: Final = re.compile(
    r"(?i)passw|secret(?!s?arn|.?name|sarn|store)|token(?!s?ize)|credential|private.?key|api.?key|auth(?!or|entic)"
)
_LOGIN: Final = re.compile(r"(://[^/@\s:]*:)[^@\s]+@")
_ENVIRONMENT: Final = re.compile(r"(^|\.)env(From)?(\[|\.|$)")
_OF_A_SECRET: Final = re.compile(r"^(data|stringData|metadata\.annotations)")
_SECRET_TYPES: Final = ("kubernetes:core/v1:Secret", "aws:secretsmanager/secretVersion:SecretVersion")


def shown(kind: str, path: str, value: Any) -> Any:
    """*value* of the property *path* of a resource of type *kind*, with what may be a secret hidden.

    >>> shown("aws:rds/instance:Instance", "password", "hunter2"), shown("x", "url", "redis://me:no@host")
    ('[secret]', 'redis://me:[secret]@host')
    """
    if value is None or isinstance(value, bool):
        return value
    if kind in _SECRET_TYPES and (_OF_A_SECRET.match(path) or kind == _SECRET_TYPES[1]):
        return HIDDEN
    if _NAMED.search(path) or _ENVIRONMENT.search(path):
        return HIDDEN
    return _without(value)


def _without(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            key: HIDDEN if item is not None and (_NAMED.search(str(key)) or key == "env") else _without(item)
            for key, item in value.items()
        }
    if isinstance(value, str):
        return _LOGIN.sub(rf"\1{HIDDEN}@", value)
    if isinstance(value, Sequence):
        return [_without(item) for item in value]
    return value
