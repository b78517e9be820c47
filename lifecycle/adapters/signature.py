"""Signs a document with an SSH key, and checks whose key signed it, both through `ssh-keygen -Y`.

The file of allowed signers (ssh-keygen(1), ALLOWED SIGNERS) says which key belongs to whom, for what, and in
which time. Nothing in an approval is believed before its signature is that of the person it names.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import ValidationError

from lifecycle.decommission.approval import SignedApproval
from lifecycle.errors import LifecycleError, RefusedError
from tiers.errors import CatalogError
from tiers.expectations import first_fault
from tiers.files import private, read_bytes

_MAX_BYTES: Final = 65_536
_SECONDS: Final = 60
_REMEDY: Final = "expected an approval that `costack approve` wrote"
_PROGRAM: Final = "ssh-keygen"
AnApproval = TypeVar("AnApproval", bound=SignedApproval)


def signature_of(path: Path) -> Path:
    """Where the signature of the approval in *path* is: beside it, as ssh-keygen names it."""
    return path.with_name(f"{path.name}.sig")


def sign(approval: SignedApproval, path: Path, key: Path) -> None:
    """Write *approval* to *path*, and its signature beside it.

    Args:
        approval: The approval.
        path: A file that is not there yet.
        key: The private key, or the public one of a key in ssh-agent.

    Raises:
        CatalogError: When a file exists already or cannot be written.
        LifecycleError: When the key cannot sign; then no file is left.
    """
    sign_document(approval.document(), path, key, approval.namespace)


def sign_document(document: Mapping[str, Any], path: Path, key: Path, namespace: str) -> None:
    """Write *document* to *path* as JSON, and its signature for *namespace* beside it.

    Raises:
        CatalogError: When a file exists already or cannot be written.
        LifecycleError: When the key cannot sign; then no file is left.
    """
    if signature_of(path).exists():
        raise CatalogError(f"{signature_of(path)}: exists already; what is signed is never overwritten")
    try:
        with private(path, "x") as file:
            file.write(json.dumps(document, indent=2) + "\n")
    except FileExistsError:
        raise CatalogError(f"{path}: exists already; what is signed is never overwritten") from None
    except OSError as error:
        raise CatalogError(f"{path}: cannot be written: {error.strerror}") from None
    try:
        _sign(path, key, namespace)
    except BaseException:
        path.unlink(missing_ok=True)
        signature_of(path).unlink(missing_ok=True)
        raise


def _sign(path: Path, key: Path, namespace: str) -> None:
    done = _run(["-Y", "sign", "-f", str(key), "-n", namespace, str(path)], b"")
    if done.returncode:
        raise LifecycleError(f"{key}: cannot sign {path.name}: {_said(done)}")


def signed_approval(path: Path, signers: Path, now: datetime, kind: type[AnApproval]) -> AnApproval:
    """The approval in *path*, once its signature was found to be that of the person it names.

    Args:
        path: The approval; its signature lies beside it.
        signers: The file of allowed signers.
        now: When the key must be valid, by the dates that the file of allowed signers has for it.
        kind: What kind of plan it must approve.

    Raises:
        CatalogError: When a file cannot be read, or is no approval.
        RefusedError: When it is not signed, or not by the person it names.
    """
    content, signature = read_bytes(path, _MAX_BYTES), signature_of(path)
    approval = _approval(content, path, kind)
    if not signature.exists():
        raise RefusedError(f"{path}: has no signature; expected it in {signature}")
    read_bytes(signature, _MAX_BYTES), read_bytes(signers, _MAX_BYTES)
    named = ["-f", str(signers), "-I", approval.approved_by, "-n", kind.namespace, "-s", str(signature)]
    done = _run(["-Y", "verify", *named, f"-Overify-time={now:%Y%m%d%H%M%S}Z"], content)
    if done.returncode:
        raise RefusedError(
            f"{path}: is not signed by {approval.approved_by} with a key that {signers} allows now: "
            f"{_said(done)}"
        )
    return approval


def _approval(content: bytes, path: Path, kind: type[AnApproval]) -> AnApproval:
    try:
        return kind.model_validate(json.loads(content))
    except ValidationError as error:
        raise CatalogError(f"{path}: {first_fault(error)}; {_REMEDY}") from None
    except (ValueError, RecursionError):
        raise CatalogError(f"{path}: is no JSON; {_REMEDY}") from None


def _run(arguments: list[str], stdin: bytes) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - the arguments are a list, no shell reads them
            [_PROGRAM, *arguments], input=stdin, capture_output=True, check=False, timeout=_SECONDS
        )
    except FileNotFoundError:
        raise LifecycleError(f"{_PROGRAM} is not on PATH; install OpenSSH 8.9 or newer") from None
    except subprocess.TimeoutExpired:
        raise LifecycleError(f"{_PROGRAM} gave no answer in {_SECONDS} seconds") from None


def _said(done: subprocess.CompletedProcess[bytes]) -> str:
    words = (done.stderr or done.stdout).decode("utf-8", "replace").split()
    return " ".join(words)[-400:] or f"{_PROGRAM} ended with {done.returncode}"
