"""Kubeconfigs in the forms people have them, and the sentences for those that do not work."""

from __future__ import annotations

import base64
import json
import ssl
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from localcloud.kubernetes.connection import connect
from localcloud.provider import ProviderError

if TYPE_CHECKING:
    from pathlib import Path


def config(user: dict[str, Any], **cluster: Any) -> dict[str, Any]:
    return {
        "current-context": "first",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:6443", **cluster}}],
        "users": [{"name": "u", "user": user}, {"name": "other", "user": {"token": "two"}}],
        "contexts": [
            {"name": "first", "context": {"cluster": "c", "user": "u", "namespace": "odoo"}},
            {"name": "second", "context": {"cluster": "c", "user": "other"}},
        ],
    }


@pytest.mark.parametrize("form", ["path", "yaml", "json", "environment"])
def test_a_kubeconfig_is_found_in_every_form(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config"
    path.write_text(yaml.safe_dump(config({"token": "one"})), encoding="utf-8")
    monkeypatch.setenv("KUBECONFIG", f"{tmp_path / 'absent'}:{path}" if form == "environment" else "/nowhere")
    given = {
        "path": str(path),
        "yaml": path.read_text(encoding="utf-8"),
        "json": json.dumps(config({"token": "one"})),
        "environment": "",
    }
    connection = connect(given[form])
    assert connection.namespace == "odoo"
    assert connection.client.headers["Authorization"] == "Bearer one"
    assert str(connection.client.base_url) == "https://127.0.0.1:6443"


def test_a_context_chooses_user_and_namespace(tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("from-file\n", encoding="utf-8")
    text = json.dumps(config({"tokenFile": str(token)}))
    assert connect(text).client.headers["Authorization"] == "Bearer from-file"
    second = connect(text, "second")
    assert (second.namespace, second.client.headers["Authorization"]) == ("", "Bearer two")


@pytest.mark.parametrize(
    ("given", "context", "sentence"),
    [
        (json.dumps(config({})), "third", r"no entry 'third' in contexts; it has first, second"),
        (json.dumps(config({"exec": {"command": "aws"}})), "", r"helper program, .* use a token"),
        ("/nowhere/config", "", r"/nowhere/config cannot be read .* set kubernetes:kubeconfig"),
        ("- a\n- b\n", "", r"is not a kubeconfig"),
        ("a: [\n", "", r"is not YAML"),
    ],
)
def test_what_does_not_work_is_said_in_one_sentence(given: str, context: str, sentence: str) -> None:
    with pytest.raises(ProviderError, match=sentence):
        connect(given, context)


def test_certificates_are_checked_unless_the_file_says_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[ssl.SSLContext] = []
    monkeypatch.setattr("httpx.Client", lambda **options: seen.append(options["verify"]))
    connect(json.dumps(config({"token": "t"})))
    connect(json.dumps(config({"token": "t"}, **{"insecure-skip-tls-verify": True})))
    assert [context.verify_mode for context in seen] == [ssl.CERT_REQUIRED, ssl.CERT_NONE]
    broken = base64.b64encode(b"no certificate").decode()
    with pytest.raises(ssl.SSLError):
        connect(json.dumps(config({"token": "t"}, **{"certificate-authority-data": broken})))
