"""Fingerprints: what a pod has read, as a hash that is no secret."""

from __future__ import annotations

import hashlib
import json
from typing import Final

import pulumi

ANNOTATION: Final = "costack/has-read"
"""On a pod template: a pod reads its Secrets when it starts, so another value needs another pod."""


def fingerprint(*values: pulumi.Input[str]) -> pulumi.Output[str]:
    """A hash of everything that a pod reads: 64 hexadecimal digits; the values themselves stay secret.

    One of *values* must be a generated password: its 40 random characters cannot be guessed from the hash.
    With guessable values alone, whoever sees the hash could try them one by one.
    """
    return pulumi.Output.unsecret(pulumi.Output.all(*values).apply(_digest))


def _digest(values: list[str]) -> str:
    return hashlib.sha256(json.dumps(values).encode()).hexdigest()
