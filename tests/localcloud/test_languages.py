"""Hosts of languages, environments of Python, and SDKs: what needs no engine and no registry."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import plugin_pb2

from localcloud.languages import sdks
from localcloud.languages.environments import InstallError, install
from localcloud.languages.programs import HOSTS, DotnetHost, GoHost, JavaHost, NodeHost
from localcloud.languages.sdks import link_python


class RefusedError(Exception):
    """Stands for a call that a host aborted."""


class Context:
    """The part of a call that a host may end."""

    def abort(self, code: grpc.StatusCode, details: str) -> None:
        raise RefusedError(f"{code.name}: {details}")

    def add_callback(self, _: Any) -> None:
        """Nothing ends before it is over here."""


def run(folder: Path, **more: Any) -> messages.RunRequest:
    info = messages.ProgramInfo(
        root_directory=str(folder),
        program_directory=str(folder),
        entry_point=".",
        options=struct_pb2.Struct(),
    )
    return messages.RunRequest(
        info=info, pwd=str(folder), project="p", stack="s", monitor_address="127.0.0.1:1", **more
    )


def test_an_environment_is_made_once_and_then_left_alone(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("", encoding="utf-8")
    assert install(tmp_path / ".venv", tmp_path).startswith("Installed requirements.txt into")
    made = tmp_path / ".venv" / "bin" / "python"
    before = made.lstat().st_mtime_ns
    assert install(tmp_path / ".venv", tmp_path) == f"Using {made} as it is.\n"
    assert made.lstat().st_mtime_ns == before


def test_what_cannot_be_installed_is_told_in_the_installers_words(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("./no-such-folder\n", encoding="utf-8")
    with pytest.raises(InstallError, match="no-such-folder"):
        install(tmp_path / ".venv", tmp_path)


def test_an_sdk_is_linked_into_a_python_program_once(tmp_path: Path) -> None:
    requirements = tmp_path / "requirements.txt"
    requirements.write_text("pulumi>=3,<4\n", encoding="utf-8")
    for _ in range(2):
        assert "import pulumi_costack as costack" in link_python(tmp_path, "sdks/costack", "costack")
    assert requirements.read_text(encoding="utf-8") == "pulumi>=3,<4\n./sdks/costack\n"
    assert sdks.linked_python(tmp_path) == ["./sdks/costack"]


def test_an_sdk_is_linked_into_a_node_program(tmp_path: Path) -> None:
    (tmp_path / "sdks").mkdir()
    (tmp_path / "sdks" / "package.json").write_text('{"name": "@costack/pulumi"}', encoding="utf-8")
    (tmp_path / "package.json").write_text('{"name": "mine"}', encoding="utf-8")
    assert '"@costack/pulumi"' in NodeHost("").linked(tmp_path, "sdks", "costack")
    known = json.loads((tmp_path / "package.json").read_text(encoding="utf-8"))
    assert known == {"name": "mine", "dependencies": {"@costack/pulumi": "file:sdks"}}


@pytest.mark.skipif(not shutil.which("go"), reason="needs Go")
def test_an_sdk_takes_the_place_of_its_module_in_a_go_program(tmp_path: Path) -> None:
    (tmp_path / "sdks").mkdir()
    (tmp_path / "sdks" / "go.mod").write_text("module example.com/sdk\n\ngo 1.25\n", encoding="utf-8")
    (tmp_path / "go.mod").write_text("module mine\n\ngo 1.25\n", encoding="utf-8")
    assert '"example.com/sdk/costack"' in GoHost("").linked(tmp_path, "sdks", "costack")
    text = (tmp_path / "go.mod").read_text(encoding="utf-8")
    assert "replace example.com/sdk => ./sdks" in text
    assert "require example.com/sdk v0.0.0" in text


def test_a_link_that_fails_is_told(tmp_path: Path) -> None:
    package = plugin_pb2.PackageDependency(name="costack")
    link = messages.LinkRequest.LinkDependency(path="sdks/costack", package=package)
    request = messages.LinkRequest(info=run(tmp_path).info, packages=[link])
    with pytest.raises(RefusedError, match=r"FAILED_PRECONDITION: the SDK cannot be linked: .*package\.json"):
        NodeHost("").Link(request, Context())


@pytest.mark.parametrize("language", HOSTS)
def test_an_sdk_without_its_generator_names_the_command(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sdks, "ROOT", tmp_path)
    with pytest.raises(RefusedError, match="run `make engine-languages`"):
        HOSTS[language]("").GeneratePackage(messages.GeneratePackageRequest(), Context())


@pytest.mark.parametrize("language", HOSTS)
def test_a_tool_that_is_missing_is_named(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    host = HOSTS[language]("")
    tool = host.install[0]
    with pytest.raises(RefusedError, match=f"FAILED_PRECONDITION: `{tool} .*No such file.*'{tool}'"):
        list(
            host.InstallDependencies(messages.InstallDependenciesRequest(info=run(tmp_path).info), Context())
        )
    assert re.search(rf"'{tool}'|'node'|release of Pulumi", host.Run(run(tmp_path), Context()).error)


def test_a_java_program_is_told_by_its_environment_and_where_its_sdk_is(tmp_path: Path) -> None:
    host = JavaHost("127.0.0.1:2")
    told = host.environment(run(tmp_path, dryRun=True, parallel=4))
    assert (told["PULUMI_MONITOR"], told["PULUMI_ENGINE"]) == ("127.0.0.1:1", "127.0.0.1:2")
    assert (told["PULUMI_DRY_RUN"], told["PULUMI_PARALLEL"]) == ("true", "4")
    assert (told["PULUMI_PWD"], told["PULUMI_CONFIG_SECRET_KEYS"]) == (str(tmp_path), "[]")
    assert host.command(run(tmp_path), tmp_path)[-2:] == ["compile", "exec:java"]
    assert "sdks/costack/src/main/java" in host.linked(tmp_path, "sdks/costack", "costack")


def test_a_program_of_csharp_needs_a_release(tmp_path: Path) -> None:
    assert "put a release of Pulumi on PATH" in DotnetHost("").Run(run(tmp_path), Context()).error


def test_a_program_of_node_is_told_what_the_released_host_tells(tmp_path: Path) -> None:
    command = NodeHost("127.0.0.1:2").command(run(tmp_path, dryRun=True, parallel=4), tmp_path)
    said = dict(zip(command[2::2], command[3::2], strict=False))
    assert command[0] == "node"
    assert (said["--monitor"], said["--engine"]) == ("127.0.0.1:1", "127.0.0.1:2")
    assert (said["--project"], said["--stack"], said["--parallel"]) == ("p", "s", "4")
    assert command[-2:] == ["--dry-run", "."]
    assert "--dry-run" not in NodeHost("").command(run(tmp_path), tmp_path)


def test_a_program_of_go_is_told_by_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/host")
    told = GoHost("127.0.0.1:2").environment(run(tmp_path, config={"p:a": "1"}, dryRun=True))
    assert (told["PULUMI_MONITOR"], told["PULUMI_ENGINE"]) == ("127.0.0.1:1", "127.0.0.1:2")
    assert (told["PULUMI_DRY_RUN"], told["PULUMI_CONFIG"]) == ("true", '{"p:a": "1"}')
    assert "PYTHONPATH" not in told


@pytest.mark.skipif(not shutil.which("go"), reason="needs Go")
def test_a_program_that_does_not_compile_is_told_with_the_compilers_words(tmp_path: Path) -> None:
    (tmp_path / "go.mod").write_text("module mine\n\ngo 1.25\n", encoding="utf-8")
    (tmp_path / "main.go").write_text("package main\n\nfunc main() { missing() }\n", encoding="utf-8")
    said = GoHost("").Run(run(tmp_path), Context())
    assert "undefined: missing" in said.error


@pytest.mark.parametrize("language", HOSTS)
def test_a_host_answers_the_questions_before_a_run(language: str, tmp_path: Path) -> None:
    host = HOSTS[language]("")
    host.Handshake(messages.LanguageHandshakeRequest(engine_address="127.0.0.1:9"), None)
    assert host.engine == "127.0.0.1:9"
    assert host.GetPluginInfo(empty_pb2.Empty(), None).version
    assert not host.GetRequiredPackages(run(tmp_path), None).packages
