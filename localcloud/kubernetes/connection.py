"""Finds the API server and credentials in a kubeconfig given as text, as a path, or by the environment."""

from __future__ import annotations

import base64
import os
import ssl
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from localcloud.provider import ProviderError

_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Connection:
    """An HTTP client that is signed in, and the namespace the context prefers ("" when it names none)."""

    client: httpx.Client
    namespace: str


def connect(kubeconfig: str = "", context: str = "") -> Connection:
    """Sign in to the server of a context.

    Args:
        kubeconfig: the file's content or its path; empty means `KUBECONFIG`, then `~/.kube/config`.
        context: a context's name; empty means the file's `current-context`.
    """
    origin, config = _load(kubeconfig)
    chosen = context or str(config.get("current-context") or "")
    settings = _named(config, "contexts", chosen, origin).get("context") or {}
    cluster = _named(config, "clusters", str(settings.get("cluster", "")), origin).get("cluster") or {}
    user = _named(config, "users", str(settings.get("user", "")), origin).get("user") or {}
    client = httpx.Client(
        base_url=str(cluster.get("server", "")),
        headers=_authorization(user, origin),
        verify=_tls(cluster, user),
        timeout=_TIMEOUT_SECONDS,
    )
    return Connection(client, str(settings.get("namespace") or ""))


def _load(kubeconfig: str) -> tuple[str, dict[str, Any]]:
    """Where the configuration came from, for messages, and its content."""
    if kubeconfig and ("\n" in kubeconfig or kubeconfig.lstrip().startswith("{")):
        origin, text = "the provider's kubeconfig", kubeconfig
    else:
        path = Path(kubeconfig).expanduser() if kubeconfig else _default_path()
        origin = str(path)
        try:
            text = path.read_text(encoding="utf-8")
        except OSError as error:
            raise ProviderError(
                f"No Kubernetes API server is configured: {path} cannot be read ({error.strerror}); set "
                "kubernetes:kubeconfig, or KUBECONFIG, or kubernetes:renderYamlToDirectory for manifests."
            ) from error
    try:
        config = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ProviderError(f"{origin} is not YAML: {error}") from error
    if not isinstance(config, dict):
        raise ProviderError(f"{origin} is not a kubeconfig: expected clusters, users and contexts.")
    return origin, config


def _default_path() -> Path:
    paths = [Path(entry) for entry in os.environ.get("KUBECONFIG", "").split(os.pathsep) if entry]
    existing = [path for path in paths if path.exists()]
    return (existing or paths or [Path.home() / ".kube" / "config"])[0]


def _named(config: dict[str, Any], section: str, name: str, origin: str) -> dict[str, Any]:
    entries: list[dict[str, Any]] = config.get(section) or []
    for entry in entries:
        if entry.get("name") == name:
            return entry
    known = ", ".join(str(entry.get("name")) for entry in entries) or "none"
    raise ProviderError(f"{origin} has no entry {name!r} in {section}; it has {known}.")


def _authorization(user: dict[str, Any], origin: str) -> dict[str, str]:
    if "exec" in user or "auth-provider" in user:
        raise ProviderError(
            f"{origin} signs in with a helper program, which this machine's provider does not run: "
            "use a token or a client certificate, or the official provider."
        )
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = Path(str(user["tokenFile"])).read_text(encoding="utf-8").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls(cluster: dict[str, Any], user: dict[str, Any]) -> ssl.SSLContext:
    authority = _material(cluster, "certificate-authority")
    context = ssl.create_default_context(cadata=authority or None)
    if cluster.get("insecure-skip-tls-verify"):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    certificate, key = _material(user, "client-certificate"), _material(user, "client-key")
    if certificate:
        with tempfile.NamedTemporaryFile("w", suffix=".pem") as pem:  # mode 0600; ssl reads files only
            pem.write(f"{certificate}\n{key}")
            pem.flush()
            context.load_cert_chain(pem.name)
    return context


def _material(entry: dict[str, Any], name: str) -> str:
    """PEM text from `<name>-data` (base64) or from the file `<name>`."""
    if entry.get(f"{name}-data"):
        return base64.b64decode(entry[f"{name}-data"]).decode()
    return Path(str(entry[name])).read_text(encoding="utf-8") if entry.get(name) else ""
