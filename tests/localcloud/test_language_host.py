"""The language host's answers in process, as a process, and under the real CLI."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc

from localcloud import children, language_host
from localcloud.language_host import HostError, LanguageHost

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.localcloud.engine import Engine

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "localcloud" / "host-bin" / "pulumi-language-python"


def info(root: Path, virtualenv: str = "") -> messages.ProgramInfo:
    options = struct_pb2.Struct()
    if virtualenv:
        options.update({"virtualenv": virtualenv})
    return messages.ProgramInfo(
        root_directory=str(root), program_directory=str(root), entry_point=".", options=options
    )


@pytest.fixture
def virtualenv(tmp_path: Path) -> Path:
    """A folder that looks like a virtual environment of this very interpreter."""
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    (folder / "python").symlink_to(sys.executable)
    return tmp_path


def test_the_virtualenv_option_is_relative_to_the_project(
    virtualenv: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    assert language_host.interpreter(info(virtualenv, "venv")) == str(virtualenv / "venv" / "bin" / "python")
    assert language_host.interpreter(info(virtualenv)) == sys.executable
    monkeypatch.setenv("VIRTUAL_ENV", str(virtualenv / "venv"))
    assert language_host.interpreter(info(Path("/"))) == str(virtualenv / "venv" / "bin" / "python")


def test_a_missing_virtualenv_is_named_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(
        HostError, match=r"/nowhere has no bin/python: create it .*runtime\.options\.virtualenv"
    ):
        language_host.interpreter(info(tmp_path, "nowhere"))
    request = messages.RunRequest(info=info(tmp_path, "nowhere"))
    assert "has no bin/python" in LanguageHost("").Run(request, None).error


def test_a_program_gets_its_configuration_and_not_the_hosts_search_path(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}/elsewhere")
    request = messages.RunRequest(config={"p:a": "1"}, configSecretKeys=["p:a"])
    environment = language_host.program_environment(request)
    assert json.loads(environment["PULUMI_CONFIG"]) == {"p:a": "1"}
    assert json.loads(environment["PULUMI_CONFIG_SECRET_KEYS"]) == ["p:a"]
    assert environment["PYTHONPATH"] == "/elsewhere"
    assert "PYTHONPATH" not in language_host.without_host({"PYTHONPATH": str(ROOT)})


def test_a_program_knows_where_it_runs(
    virtualenv: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / ".toolchain" / "bin" / language_host.EXEC_SCRIPT
    script.parent.mkdir(parents=True)
    script.touch()
    monkeypatch.setattr(language_host, "ROOT", tmp_path)
    request = messages.RunRequest(
        project="p",
        stack="s",
        organization="o",
        parallel=4,
        dryRun=True,
        monitor_address="m:1",
        pwd=str(virtualenv),
        args=["extra"],
        info=info(virtualenv, "venv"),
    )
    command = language_host.program_command(request, "e:2")
    assert command[1:3] == ["-u", str(script)]
    pairs = dict(zip(command[3:-2:2], command[4:-2:2], strict=True))
    assert pairs == {
        "--monitor": "m:1",
        "--engine": "e:2",
        "--project": "p",
        "--root_directory": str(virtualenv),
        "--stack": "s",
        "--pwd": str(virtualenv),
        "--dry_run": "true",
        "--parallel": "4",
        "--organization": "o",
    }
    assert command[-2:] == [str(virtualenv), "extra"]


def test_without_the_program_runner_the_remedy_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(language_host, "ROOT", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HostError, match=r"run `python3 toolchain/build\.py pulumi`"):
        language_host.exec_script()


@pytest.fixture
def host() -> Iterator[tuple[subprocess.Popen[bytes], Any]]:
    """The host as the engine starts it: (process, stub)."""
    with subprocess.Popen([SCRIPT, "127.0.0.1:1"], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield process, language_pb2_grpc.LanguageRuntimeStub(channel)
        process.kill()


PLUGIN = """
import os, sys
print("out", sys.argv[1:], os.environ["GREETING"], sys.stdin.read() == "", flush=True)
print("err", file=sys.stderr, flush=True)
sys.exit(7)
"""


def test_a_plugin_is_run_with_its_environment_and_both_streams(host: Any, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(PLUGIN, encoding="utf-8")
    request = messages.RunPluginRequest(
        pwd=str(tmp_path), args=["a", "b"], env=["GREETING=hi=there"], info=info(tmp_path)
    )
    answers = list(host[1].RunPlugin(request))
    assert b"".join(answer.stdout for answer in answers) == b"out ['a', 'b'] hi=there True\n"
    assert b"".join(answer.stderr for answer in answers) == b"err\n"
    assert answers[-1].exitcode == 7


PATIENT = """
import os, time
try:
    os.write(1, b"up\\n")  # in one piece: an interrupt may come between a word and its end
    time.sleep(60)
except KeyboardInterrupt:
    print("bye")
"""


def test_cancelling_interrupts_a_running_plugin_as_ctrl_c_would(host: Any, tmp_path: Path) -> None:
    (tmp_path / "__main__.py").write_text(PATIENT, encoding="utf-8")
    stream = host[1].RunPlugin(messages.RunPluginRequest(pwd=str(tmp_path), info=info(tmp_path)))
    first = next(stream)  # a line may arrive in pieces
    host[1].Cancel(empty_pb2.Empty())
    rest = list(stream)
    assert b"".join(answer.stdout for answer in (first, *rest)) == b"up\nbye\n"
    assert rest[-1].exitcode == 0


def test_it_answers_about_the_project_and_its_distributions(host: Any, tmp_path: Path) -> None:
    _, stub = host
    stub.Handshake(messages.LanguageHandshakeRequest(engine_address="127.0.0.1:2"))
    assert stub.GetPluginInfo(empty_pb2.Empty()).version.startswith("3.")
    about = stub.About(messages.AboutRequest(info=info(tmp_path)))
    assert about.version == ".".join(map(str, sys.version_info[:3]))
    every = messages.GetProgramDependenciesRequest(info=info(tmp_path), transitiveDependencies=True)
    names = {found.name.lower() for found in stub.GetProgramDependencies(every).dependencies}
    assert {"pulumi", "grpcio"} <= names
    direct = messages.GetProgramDependenciesRequest(info=info(tmp_path))
    assert "grpcio" not in {found.name.lower() for found in stub.GetProgramDependencies(direct).dependencies}
    packages = stub.GetRequiredPackages(messages.GetRequiredPackagesRequest(info=info(tmp_path))).packages
    plugins = stub.GetRequiredPlugins(messages.GetRequiredPluginsRequest(info=info(tmp_path))).plugins
    assert {"aws", "kubernetes", "random"} <= {package.name for package in packages}
    assert {package.name for package in packages} == {plugin.name for plugin in plugins}
    assert not stub.RuntimeOptionsPrompts(messages.RuntimeOptionsRequest()).prompts


def test_a_provider_on_path_is_not_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def names() -> set[str]:
        request = messages.GetRequiredPackagesRequest(info=info(tmp_path))
        return {package.name for package in LanguageHost("").GetRequiredPackages(request, None).packages}

    monkeypatch.setenv("PATH", str(tmp_path))
    assert {"kubernetes", "random"} <= names()
    monkeypatch.setenv("PATH", str(ROOT / "localcloud" / "bin"))
    assert not {"kubernetes", "random"} & names()


def test_installing_says_what_is_used_or_what_is_missing(host: Any, tmp_path: Path) -> None:
    request = messages.InstallDependenciesRequest(info=info(tmp_path))
    assert b"as it is" in next(host[1].InstallDependencies(request)).stdout
    missing = messages.InstallDependenciesRequest(info=info(tmp_path, "nowhere"))
    with pytest.raises(grpc.RpcError) as caught:
        list(host[1].InstallDependencies(missing))
    assert "has no bin/python" in str(caught.value.details())


@pytest.mark.sample(1)
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_the_host_ends_without_a_word_when_asked(host: Any, how: signal.Signals) -> None:
    process, _ = host
    process.send_signal(how)
    assert process.wait(20) == 0
    assert process.stderr.read() == b""


STUBBORN = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("up", flush=True)
time.sleep(60)
"""


def test_a_child_that_will_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "GRACE_SECONDS", 0.3)
    running = children.Children()
    child = running.start(
        [sys.executable, "-c", STUBBORN], folder=str(tmp_path), environment=os.environ, output=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stderr is not None
    assert child.stdout.readline() == b"up\n"
    started = time.monotonic()
    running.close()
    assert running.wait(child) == -signal.SIGKILL
    assert time.monotonic() - started >= 0.3
    child.stdout.close()
    child.stderr.close()
    with pytest.raises(InterruptedError):
        running.start([sys.executable], folder="", environment={})


CONFIGURED = """
import pulumi
config = pulumi.Config()
pulumi.export("plain", config.require("plain"))
pulumi.export("secret", config.require_secret("secret"))
pulumi.export("place", [pulumi.get_organization(), pulumi.get_project(), pulumi.get_stack()])
"""
# What a policy SDK does on the wire, without one: serve an analyzer and print its port.
POLICY = """
from concurrent import futures
import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import analyzer_pb2 as messages, analyzer_pb2_grpc, plugin_pb2

class Strict(analyzer_pb2_grpc.AnalyzerServicer):
    def Handshake(self, request, context):
        return messages.AnalyzerHandshakeResponse()
    def GetPluginInfo(self, request, context):
        return plugin_pb2.PluginInfo(version="1.0.0")
    def GetAnalyzerInfo(self, request, context):
        return messages.AnalyzerInfo(name="strict", displayName="strict", version="1.0.0")
    def ConfigureStack(self, request, context):
        return messages.AnalyzerStackConfigureResponse()
    def Configure(self, request, context):
        return empty_pb2.Empty()
    def Remediate(self, request, context):
        return messages.RemediateResponse()
    def Analyze(self, request, context):
        return messages.AnalyzeResponse()
    def AnalyzeStack(self, request, context):
        refusal = messages.AnalyzeDiagnostic(
            policyName="never", policyPackName="strict", policyPackVersion="1.0.0",
            message="this stack may not be", enforcementLevel=messages.MANDATORY)
        return messages.AnalyzeResponse(diagnostics=[refusal])
    def Cancel(self, request, context):
        return empty_pb2.Empty()

server = grpc.server(futures.ThreadPoolExecutor(4))
analyzer_pb2_grpc.add_AnalyzerServicer_to_server(Strict(), server)
port = server.add_insecure_port("127.0.0.1:0")
server.start()
print(port, flush=True)
server.wait_for_termination()
"""


@pytest.mark.whole("every program of tests/engine runs through this host")
@pytest.mark.engine
def test_a_program_runs_with_configuration_under_the_real_cli(project: Callable[..., Engine]) -> None:
    engine = project(CONFIGURED, config={"plain": "p"})
    engine.run("config", "set", "--secret", "secret", "s3cret")
    assert engine.up() == {"created": 1}
    assert engine.output() == {
        "plain": "p",
        "secret": "s3cret",
        "place": ["organization", "throwaway", "test"],
    }
    assert "s3cret" not in engine.run("stack", "export")
    engine.program("raise ValueError('boom')")
    said = engine.run("preview", code=1)
    assert said.count("ValueError: boom") == 1
    assert "exited with code" not in said


@pytest.mark.whole("a program that fails has no traceback in tests/engine/test_refused")
@pytest.mark.engine
def test_a_failed_resource_ends_the_program_without_a_traceback(project: Callable[..., Engine]) -> None:
    engine = project("import pulumi_random\npulumi_random.RandomPassword('password', length=0)")
    said = engine.run("preview", code=1)
    assert "expected a whole number of at least 1, found 0" in said
    assert "Traceback" not in said


@pytest.mark.whole("tests/engine/test_policies runs the pack through it")
@pytest.mark.engine
def test_a_policy_pack_runs_through_the_host(project: Callable[..., Engine]) -> None:
    engine = project("import pulumi\npulumi.export('a', 1)")
    pack = engine.folder / "pack"
    pack.mkdir()
    (pack / "PulumiPolicy.yaml").write_text("runtime: python\n", encoding="utf-8")
    (pack / "__main__.py").write_text(POLICY, encoding="utf-8")
    said = engine.run("preview", "--policy-pack", str(pack), code=1)
    assert "this stack may not be" in said
