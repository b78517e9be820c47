"""Reads what the engine saved without starting Pulumi, which takes half a second to decrypt it."""

from __future__ import annotations

import base64
import functools
import hashlib
import json
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRET: Final = "4dabf18193072939515e22adb298388d"
"""The key that marks a secret in a state (sdk/go/common/resource/sig in Pulumi's repository)."""
PASSPHRASE: Final = ""
"""What `localcloud exec` gives Pulumi."""
_ROUNDS: Final = 1_000_000
_KEY_BYTES: Final = 32


def deployment(file: Path) -> dict[str, Any]:
    """What `pulumi stack export` prints under that name; secrets are encrypted."""
    if not file.exists():  # a stack that was created and never updated
        return {}
    latest: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))["checkpoint"]["latest"] or {}
    return latest


def unsealed(stored: dict[str, Any], value: Any) -> Any:
    """A value of a deployment without the envelopes around its secrets, as `--show-secrets` has it."""
    if isinstance(value, dict):
        if SECRET in value:
            return unsealed(stored, json.loads(_decrypted(stored, value["ciphertext"])))
        return {key: unsealed(stored, item) for key, item in value.items()}
    return [unsealed(stored, item) for item in value] if isinstance(value, list) else value


def _decrypted(stored: dict[str, Any], ciphertext: str) -> bytes:
    """As Pulumi's `NewSymmetricCrypterFromPassphrase` encrypts: AES-256-GCM, `v1:nonce:text` in base64."""
    version, nonce, text = ciphertext.split(":")
    assert version == "v1", f"a secret of version {version}"
    salt = stored["secrets_providers"]["state"]["salt"].split(":")[1]
    return AESGCM(_key(salt)).decrypt(base64.b64decode(nonce), base64.b64decode(text), None)


@functools.cache
def _key(salt: str) -> bytes:
    return hashlib.pbkdf2_hmac("sha256", PASSPHRASE.encode(), base64.b64decode(salt), _ROUNDS, _KEY_BYTES)
