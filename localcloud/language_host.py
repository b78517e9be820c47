"""Pulumi's Python language host: runs programs and plugins in the project's virtual environment."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import plugin_pb2

from localcloud import installed
from localcloud.languages.environments import InstallError, install
from localcloud.languages.sdks import SdkHost, link_python
from localcloud.languages.serving import serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).resolve().parents[1]
EXEC_SCRIPT: Final = "pulumi-language-python-exec"
MESSAGE_SHOWN: Final = 32
"""Exit code of a program whose error the user has already seen (the exec script's own constant)."""


class HostError(Exception):
    """One sentence for the user about an environment that cannot run the program."""


class LanguageHost(SdkHost):
    """Answers the engine's questions about Python programs and runs them."""

    language = "python"

    def linked(self, program: Path, path: str, name: str) -> str:
        """Add the SDK to `requirements.txt`."""
        return link_python(program, path, name)

    def About(self, request: messages.AboutRequest, context: Any) -> Any:  # noqa: N802
        """Which interpreter would run the program."""
        facts = _facts(request.info, context)
        return messages.AboutResponse(executable=facts["executable"], version=facts["python"])

    def GetRequiredPackages(self, request: messages.GetRequiredPackagesRequest, context: Any) -> Any:  # noqa: N802
        """The providers of the installed SDK packages, unless they are on PATH already."""
        packages = [
            plugin_pb2.PackageDependency(name=facts["name"], kind="resource", version=facts["version"])
            for facts in _plugins(request.info, context)
        ]
        return messages.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(self, request: messages.GetRequiredPluginsRequest, context: Any) -> Any:  # noqa: N802
        """As `GetRequiredPackages`, for engines that still ask the older question."""
        plugins = [
            plugin_pb2.PluginDependency(name=facts["name"], kind="resource", version=facts["version"])
            for facts in _plugins(request.info, context)
        ]
        return messages.GetRequiredPluginsResponse(plugins=plugins)

    def GetProgramDependencies(  # noqa: N802
        self, request: messages.GetProgramDependenciesRequest, context: Any
    ) -> Any:
        """Installed distributions; without the transitive flag only those no other distribution needs."""
        found = _facts(request.info, context)["distributions"]
        listed = [
            messages.DependencyInfo(name=dist["name"], version=dist["version"])
            for dist in found
            if request.transitiveDependencies or not dist["required"]
        ]
        return messages.GetProgramDependenciesResponse(dependencies=listed)

    def RuntimeOptionsPrompts(self, _request: messages.RuntimeOptionsRequest, _context: Any) -> Any:  # noqa: N802
        """No questions: the virtual environment is named in Pulumi.yaml or taken from the shell."""
        return messages.RuntimeOptionsResponse()

    def InstallDependencies(  # noqa: N802
        self, request: messages.InstallDependenciesRequest, context: Any
    ) -> Iterator[messages.InstallDependenciesResponse]:
        """Makes the environment that is named and not there yet, and installs SDKs that are linked."""
        option = dict(request.info.options).get("virtualenv")
        program = Path(request.info.program_directory)
        try:
            if option and (program / "requirements.txt").is_file():
                said = install(Path(request.info.root_directory) / str(option), program)
            else:
                said = f"Using {interpreter(request.info)} as it is.\n"
        except (HostError, InstallError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        else:
            yield messages.InstallDependenciesResponse(stdout=said.encode())

    def Run(self, request: messages.RunRequest, context: Any) -> Any:  # noqa: N802
        """Run a program to its end; its output goes to this process's own streams, which the engine reads."""
        try:
            command = program_command(request, self.engine)
        except HostError as error:
            return messages.RunResponse(error=str(error))
        child = self.children.start(command, folder=request.pwd, environment=program_environment(request))
        context.add_callback(lambda: self.children.stop(child))
        code = self.children.wait(child)
        if code == 0:
            return messages.RunResponse()
        if code == MESSAGE_SHOWN:
            return messages.RunResponse(bail=True)
        how = f"was ended by signal {-code}" if code < 0 else f"exited with code {code}"
        return messages.RunResponse(error=f"The Python program {how}; its output is above.")

    def RunPlugin(  # noqa: N802
        self, request: messages.RunPluginRequest, context: Any
    ) -> Iterator[messages.RunPluginResponse]:
        """Run a plugin written in Python, a policy pack for example, and stream what it prints."""
        try:
            command = plugin_command(request)
        except HostError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
            return
        environment = dict(entry.partition("=")[::2] for entry in request.env) or dict(os.environ)
        child = self.children.start(
            command, folder=request.pwd, environment=without_host(environment), output=subprocess.PIPE
        )
        context.add_callback(lambda: self.children.stop(child))
        yield from _streamed(child)
        yield messages.RunPluginResponse(exitcode=self.children.wait(child))


def interpreter(info: messages.ProgramInfo) -> str:
    """The Python of the `virtualenv` runtime option (relative to Pulumi.yaml), of the shell, or this one."""
    option = dict(info.options).get("virtualenv") or os.environ.get("VIRTUAL_ENV")
    if not option:
        return sys.executable
    folder = Path(info.root_directory) / str(option)
    python = folder / "bin" / "python"
    if not python.is_file():
        raise HostError(
            f"The virtual environment {folder} has no bin/python: create it (`python3 -m venv {folder}` or "
            "`uv venv`) and install the project's requirements, or correct `runtime.options.virtualenv`."
        )
    return str(python)


def program_command(request: messages.RunRequest, engine: str) -> list[str]:
    """The exec script's command line for one program."""
    options = {
        "monitor": request.monitor_address,
        "engine": engine,
        "project": request.project,
        "root_directory": request.info.root_directory,
        "stack": request.stack,
        "pwd": request.pwd,
        "dry_run": "true" if request.dryRun else "",
        "parallel": str(request.parallel),
        "organization": request.organization,
    }
    command = [interpreter(request.info), "-u", str(exec_script())]
    for name, value in options.items():
        if value:
            command += [f"--{name}", value]
    entry = request.info.entry_point or "."
    return [*command, str(Path(request.info.program_directory) / entry), *request.args]


def plugin_command(request: messages.RunPluginRequest) -> list[str]:
    """A folder with `__main__.py` is run; any other is a distribution whose components the SDK serves."""
    folder = Path(request.info.program_directory)
    python = [interpreter(request.info), "-u"]
    if (folder / "__main__.py").is_file():
        return [*python, str(folder), *request.args]
    return [*python, "-m", "pulumi.run.plugin", request.name or folder.name, *request.args]


def program_environment(request: messages.RunRequest) -> dict[str, str]:
    """This process's environment plus the stack's configuration, in the form the SDK reads."""
    return {
        **without_host(os.environ),
        "PULUMI_CONFIG": json.dumps(dict(request.config)),
        "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
    }


def without_host(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without the search path this host itself was started with."""
    kept = dict(environment)
    others = [
        entry for entry in kept.pop("PYTHONPATH", "").split(os.pathsep) if entry and Path(entry) != ROOT
    ]
    return {**kept, "PYTHONPATH": os.pathsep.join(others)} if others else kept


def exec_script() -> Path:
    """Where the program runner lies: in the toolchain this project built, or beside a `pulumi` on PATH."""
    pulumi = shutil.which("pulumi")
    folders = [ROOT / ".toolchain" / "bin", *([Path(pulumi).resolve().parent] if pulumi else [])]
    for folder in folders:
        if (folder / EXEC_SCRIPT).is_file():
            return folder / EXEC_SCRIPT
    raise HostError(f"{EXEC_SCRIPT} is not in {folders[0]}: run `python3 toolchain/build.py pulumi`.")


def _facts(info: messages.ProgramInfo, context: Any) -> dict[str, Any]:
    try:
        python = interpreter(info)
    except HostError as error:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
    done = subprocess.run([python, "-I", installed.__file__], capture_output=True, check=False)
    if done.returncode:
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"{python} failed: {done.stderr.decode()[-400:]}")
    facts: dict[str, Any] = json.loads(done.stdout)
    return facts


def _plugins(info: messages.ProgramInfo, context: Any) -> list[dict[str, Any]]:
    """Plugins the installed SDKs need and PATH lacks: the engine may try to download the ones reported."""
    found = [dist for dist in _facts(info, context)["distributions"] if dist["plugin"]]
    return [
        {"name": dist["plugin"]["name"], "version": f"v{dist['plugin'].get('version') or dist['version']}"}
        for dist in found
        if not shutil.which(f"pulumi-resource-{dist['plugin']['name']}")
    ]


def _streamed(child: subprocess.Popen[bytes]) -> Iterator[messages.RunPluginResponse]:
    """Both streams as they come, until both are closed."""
    arrived: queue.Queue[messages.RunPluginResponse | None] = queue.Queue()

    def pump(stream: Any, field: str) -> None:
        while block := stream.read1(65536):
            arrived.put(messages.RunPluginResponse(**{field: block}))
        arrived.put(None)

    for stream, field in ((child.stdout, "stdout"), (child.stderr, "stderr")):
        threading.Thread(target=pump, args=(stream, field), daemon=True).start()
    for _ in range(2):
        yield from iter(arrived.get, None)


if __name__ == "__main__":
    serve(LanguageHost)
