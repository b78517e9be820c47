"""What a command sees of the caller's environment, and what it must never see."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from localcloud.environment import (
    ROOT,
    local_directory,
    local_environment,
    needs_language_host,
    shell_lines,
)

REPOSITORY, LOCAL, ENDPOINT = Path("/repository"), Path("/data"), "http://127.0.0.1:4000"


def made(base: dict[str, str], *, language_host: bool = False) -> dict[str, str]:
    return local_environment(
        base, root=REPOSITORY, local=LOCAL, endpoint=ENDPOINT, language_host=language_host
    )


@pytest.mark.parametrize(
    "name",
    [
        "AWS_PROFILE",
        "AWS_SESSION_TOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_ROLE_ARN",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_ENDPOINT_URL_S3",
        "AWS_CA_BUNDLE",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE_FILE",
    ],
)
def test_what_leads_to_a_real_account_is_dropped(name: str) -> None:
    assert name not in made({name: "real"})


def test_the_callers_credentials_are_replaced_by_dummies() -> None:
    seen = made({"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "HOME": "/home/me"})
    assert "AKIAREAL" not in seen.values()
    assert "real" not in seen.values()
    assert seen["AWS_ENDPOINT_URL"] == ENDPOINT
    assert seen["AWS_SHARED_CREDENTIALS_FILE"] == seen["AWS_CONFIG_FILE"] == os.devnull
    assert seen["HOME"] == "/home/me"


def test_pulumi_is_offline_and_keeps_its_state_here() -> None:
    seen = made({"AWS_REGION": "eu-west-1", "PULUMI_BACKEND_URL": "s3://real"})
    assert seen["PULUMI_BACKEND_URL"] == "file:///data/state?metadata=skip"
    assert seen["PULUMI_CONFIG_PASSPHRASE"] == ""
    assert seen["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] == "true"
    assert seen["PULUMI_HOME"] == "/data/pulumi-home"
    assert seen["AWS_REGION"] == "eu-west-1"


def test_the_engine_collects_late_unless_the_caller_says_when() -> None:
    assert made({})["GOGC"] == "400"
    assert made({"GOGC": "off"})["GOGC"] == "off"


def test_the_local_providers_come_first_and_the_language_host_only_when_needed() -> None:
    tools = ["/repository/.venv/bin", "/repository/.toolchain/bin", "/usr/bin"]
    own, host = "/repository/localcloud/bin", "/repository/localcloud/host-bin"
    assert made({"PATH": "/usr/bin"})["PATH"].split(":") == [own, *tools]
    assert made({"PATH": "/usr/bin"}, language_host=True)["PATH"].split(":") == [own, host, *tools]


def test_no_proxy_stands_between_this_machine_and_itself() -> None:
    assert made({"NO_PROXY": "intranet"})["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    assert made({})["no_proxy"] == "127.0.0.1,localhost"


def test_an_environment_turned_twice_is_the_same() -> None:
    once = made({"PATH": "/usr/bin:/bin", "NO_PROXY": "intranet", "AWS_PROFILE": "real"})
    assert made(once) == once


def test_a_shell_that_evaluates_the_lines_has_the_environment() -> None:
    before = {"PATH": os.environ["PATH"], "AWS_PROFILE": "real", "NO_PROXY": "a b;'c"}
    after = made(before)
    script = "\n".join([*shell_lines(before, after), "env -0"])
    done = subprocess.run(["sh", "-c", script], env=before, capture_output=True, text=True, check=True)
    seen = dict(line.split("=", 1) for line in done.stdout.split("\0") if line)
    assert {name: seen.get(name) for name in after} == after
    assert "AWS_PROFILE" not in seen


def test_a_release_of_pulumi_brings_its_own_language_host(tmp_path: Path) -> None:
    release, linked = tmp_path / "release", tmp_path / "bin"
    for folder in (release, linked):
        folder.mkdir()
    executable(release / "pulumi")
    (linked / "pulumi").symlink_to(release / "pulumi")
    base = {"PATH": str(linked)}
    assert needs_language_host(base, tmp_path)
    executable(release / "pulumi-language-python")
    assert not needs_language_host(base, tmp_path)


def test_the_local_folder_may_be_chosen(tmp_path: Path) -> None:
    assert local_directory({"COSTACK_LOCAL_DIR": str(tmp_path)}) == tmp_path
    assert local_directory({}) == ROOT / ".local"


def executable(path: Path) -> None:
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
