"""Clients of one process read once what a service is, however many of them there are."""

from __future__ import annotations

import pytest
from botocore.loaders import JSONFileLoader

from localcloud.aws.clients import Clients


def test_a_service_is_read_once_per_process(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    load_file = JSONFileLoader.load_file

    def counting(self: JSONFileLoader, file_path: str) -> object:
        read.append(file_path)
        return load_file(self, file_path)

    Clients("http://127.0.0.1:1").get("efs")
    monkeypatch.setattr(JSONFileLoader, "load_file", counting)
    Clients("http://127.0.0.1:1").get("efs", "eu-west-1")
    assert [path for path in read if "efs" in path] == []
