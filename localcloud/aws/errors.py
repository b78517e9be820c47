"""Knows how an AWS error reads as one plain sentence, and how to refuse in AWS's own words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
from botocore.parsers import ResponseParserError

from localcloud.environment import COMMAND

if TYPE_CHECKING:
    from typing import NoReturn

_BOTO = re.compile(r"An error occurred \(\w+\) when calling the \w+ operation: ")
_MARKUP = re.compile(r"<[^>]+>")
_ABSENT = re.compile(r"NotFound|NoSuch|NotExist|^404$")


def refuse(code: str, message: str) -> NoReturn:
    """Raises the error that AWS would answer and moto does not.

    Args:
        code: AWS's name of the error, for example `InvalidParameterCombination`.
        message: what is wrong and what would be right.
    """
    raise ClientError({"Error": {"Code": code, "Message": message}}, "localcloud")


AwsError = (ClientError, BotoCoreError, ResponseParserError)
"""What a call of boto3 raises."""


def error_code(error: ClientError) -> str:
    """AWS's name of an error, for example `DBInstanceAlreadyExists`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def is_absent(error: ClientError) -> bool:
    """Whether AWS says that the thing asked for does not exist."""
    return bool(_ABSENT.search(error_code(error)))


def sentence(error: Exception) -> str:
    """The error's name and its message, on one line."""
    if isinstance(error, HTTPClientError):
        return f"the loopback AWS does not answer; start it with `{COMMAND} start`."
    if isinstance(error, ResponseParserError):
        return f"the loopback AWS (moto) failed at the call; `{COMMAND} status` names its log."
    if not isinstance(error, ClientError):
        return _on_one_line(str(error))
    answer = error.response.get("Error", {})
    code, status = (
        str(answer.get("Code", "")),
        error.response.get("ResponseMetadata", {}).get("HTTPStatusCode"),
    )
    if status in (404, 500, 501) and (code in ("", str(status)) or not answer.get("Message")):
        return (
            f"the loopback AWS (moto) has no working {error.operation_name}; "
            "let the provider simulate it in localcloud/aws."
        )
    return _on_one_line(f"{code}: {answer.get('Message')}")


def _on_one_line(text: str) -> str:
    line = " ".join(_MARKUP.sub(" ", _BOTO.sub("", text)).split())
    return line if line.endswith((".", "!", "?")) else f"{line}."
