"""Runs programs of Go, Java and Node.js: `python -m localcloud.languages.programs go|java|nodejs|dotnet`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import grpc
from pulumi.runtime.proto import language_pb2 as messages

from localcloud.languages.sdks import OTHER_GENERATOR, SdkHost
from localcloud.languages.serving import serve

MESSAGE_SHOWN: Final = 32
"""Exit code of a Node.js program whose error was shown already (@pulumi/pulumi, cmd/run/run.ts)."""

_MAVEN: Final = ("mvn", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "--no-transfer-progress")
"""Without a word of its own but warnings."""


class ProgramHost(SdkHost):
    """What hosts of these languages do: a program is prepared, and run with the engine's addresses."""

    version_command: tuple[str, ...]

    def About(self, _request: messages.AboutRequest, _context: Any) -> Any:  # noqa: N802
        """Which compiler or interpreter runs programs."""
        said = subprocess.run(self.version_command, capture_output=True, text=True, check=False)
        return messages.AboutResponse(executable=self.version_command[0], version=said.stdout.strip())

    def GetRequiredPackages(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """None: providers are on PATH, and packages were installed when they were added."""
        return messages.GetRequiredPackagesResponse()

    def GetRequiredPlugins(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """As `GetRequiredPackages`."""
        return messages.GetRequiredPluginsResponse()

    def RuntimeOptionsPrompts(self, _request: Any, _context: Any) -> Any:  # noqa: N802
        """No questions."""
        return messages.RuntimeOptionsResponse()

    def InstallDependencies(  # noqa: N802
        self, request: messages.InstallDependenciesRequest, context: Any
    ) -> Iterator[messages.InstallDependenciesResponse]:
        """Install what the program names."""
        program = Path(request.info.program_directory)
        try:
            done = subprocess.run(self.install, cwd=program, capture_output=True, check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            context.abort(
                grpc.StatusCode.FAILED_PRECONDITION, f"`{' '.join(self.install)}` failed: {_said(error)}"
            )
        yield messages.InstallDependenciesResponse(stdout=done.stdout)

    def Run(self, request: messages.RunRequest, context: Any) -> Any:  # noqa: N802
        """Run a program to its end; its output goes to this process's own streams, which the engine reads."""
        with tempfile.TemporaryDirectory(prefix="costack-program-") as scratch:
            try:
                command = self.command(request, Path(scratch))
                child = self.children.start(
                    command, folder=request.pwd, environment=self.environment(request)
                )
            except subprocess.CalledProcessError as error:
                return messages.RunResponse(error=f"the program cannot be built:\n{_said(error)}")
            except OSError as error:
                return messages.RunResponse(error=f"the program cannot be run: {error}")
            context.add_callback(lambda: self.children.stop(child))
            code = self.children.wait(child)
        if code in (0, MESSAGE_SHOWN):
            return messages.RunResponse(bail=code == MESSAGE_SHOWN)
        return messages.RunResponse(error=f"The program exited with code {code}; its output is above.")

    install: tuple[str, ...]

    def command(self, request: messages.RunRequest, scratch: Path) -> list[str]:
        """The command line of the program; what is built for it goes into *scratch*."""
        raise NotImplementedError

    def environment(self, request: messages.RunRequest) -> dict[str, str]:
        """This process's environment plus what the language's SDK reads."""
        return {
            **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
            "PULUMI_CONFIG": json.dumps(dict(request.config)),
            "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
        }

    def told(self, request: messages.RunRequest) -> dict[str, str]:
        """Where the engine is and what it runs, for SDKs that read it from their environment."""
        known = {
            "PULUMI_ORGANIZATION": request.organization,
            "PULUMI_PROJECT": request.project,
            "PULUMI_ROOT_DIRECTORY": request.info.root_directory,
            "PULUMI_STACK": request.stack,
            "PULUMI_DRY_RUN": str(request.dryRun).lower(),
            "PULUMI_PARALLEL": str(request.parallel),
            "PULUMI_MONITOR": request.monitor_address,
            "PULUMI_ENGINE": self.engine,
        }
        return {name: value for name, value in known.items() if value}


class NodeHost(ProgramHost):
    """Programs of TypeScript and JavaScript, run by the script that `@pulumi/pulumi` brings."""

    language = "nodejs"
    version_command = ("node", "--version")
    install = ("npm", "install", "--no-audit", "--no-fund", "--silent")

    def linked(self, program: Path, path: str, name: str) -> str:
        """Add the SDK to `package.json`."""
        manifest = program / "package.json"
        known = json.loads(manifest.read_text(encoding="utf-8"))
        module = json.loads((program / path / "package.json").read_text(encoding="utf-8"))["name"]
        known.setdefault("dependencies", {})[module] = f"file:{path}"
        manifest.write_text(json.dumps(known, indent=4) + "\n", encoding="utf-8")
        return f'You can import the SDK in your code with:\n\n  import * as {name} from "{module}";'

    def command(self, request: messages.RunRequest, _scratch: Path) -> list[str]:
        """As `constructArguments` of the released host (pulumi 3.260, pulumi-language-nodejs/main.go)."""
        program = Path(request.info.program_directory)
        options = {
            "monitor": request.monitor_address,
            "engine": self.engine,
            "organization": request.organization,
            "project": request.project,
            "root-directory": request.info.root_directory,
            "stack": request.stack,
            "pwd": str(program),
            "parallel": str(request.parallel),
        }
        runner = program / "node_modules" / "@pulumi" / "pulumi" / "cmd" / "run"
        command = ["node", str(runner)]
        for name, value in options.items():
            command += [f"--{name}", value] if value else []
        return [*command, *(["--dry-run"] if request.dryRun else []), request.info.entry_point, *request.args]

    def environment(self, request: messages.RunRequest) -> dict[str, str]:
        """TypeScript is compiled while it is loaded."""
        return {**super().environment(request), "PULUMI_NODEJS_TYPESCRIPT": "true"}


class GoHost(ProgramHost):
    """Programs of Go, built for each run; Go's own cache makes it quick."""

    language = "go"
    version_command = ("go", "version")
    install = ("go", "mod", "tidy")

    def linked(self, program: Path, path: str, name: str) -> str:
        """Put the SDK in the place of its module, in `go.mod`."""
        module = next(
            line.split()[1]
            for line in (program / path / "go.mod").read_text(encoding="utf-8").splitlines()
            if line.startswith("module ")
        )
        edits = (f"-require={module}@v0.0.0", f"-replace={module}=./{path}")
        subprocess.run(["go", "mod", "edit", *edits], cwd=program, check=True)
        return f'You can import the SDK in your Go code with:\n\n  import "{module}/{name}"'

    def command(self, request: messages.RunRequest, scratch: Path) -> list[str]:
        """Build the program."""
        program = scratch / "program"
        build = ["go", "build", "-o", str(program), "."]
        subprocess.run(build, cwd=request.info.program_directory, check=True, capture_output=True, text=True)
        return [str(program)]

    def environment(self, request: messages.RunRequest) -> dict[str, str]:
        """As `constructEnv` of the released host (pulumi 3.260, pulumi-language-go/main.go)."""
        return {**super().environment(request), **self.told(request)}


class JavaHost(ProgramHost):
    """Programs of Java that Maven builds and runs, with the SDK as a source folder of theirs."""

    language = "java"
    generator = OTHER_GENERATOR
    version_command = ("java", "--version")
    install = (*_MAVEN, "compile")

    def linked(self, _program: Path, path: str, name: str) -> str:
        """Maven knows no folders: the program's `pom.xml` names the SDK's, which differs in no version."""
        return (
            f"Compile {path}/src/main/java with your program, as the pom.xml of examples/plugin/java does.\n"
            f"You can import the SDK in your Java code with:\n\n  import com.{name}.{name}.*;"
        )

    def command(self, _request: messages.RunRequest, _scratch: Path) -> list[str]:
        """As the Maven executor of the released host (pulumi-java 1.12, executor_maven.go)."""
        return [*_MAVEN, "compile", "exec:java"]

    def environment(self, request: messages.RunRequest) -> dict[str, str]:
        """As `constructEnv` of the released host (pulumi-java 1.12, pulumi-language-java/main.go)."""
        return {**super().environment(request), **self.told(request), "PULUMI_PWD": request.pwd}


class DotnetHost(ProgramHost):
    """Writes SDKs for C#. Programs of C# need the language host of a release of Pulumi."""

    language = "dotnet"
    generator = OTHER_GENERATOR
    version_command = ("dotnet", "--version")
    install = ("dotnet", "restore")

    def Run(self, _request: messages.RunRequest, _context: Any) -> Any:  # noqa: N802
        """Refuse in a sentence."""
        return messages.RunResponse(
            error="programs in C# do not run on this Pulumi, which was built without its language host: "
            "put a release of Pulumi on PATH"
        )


HOSTS: Final[Mapping[str, type[ProgramHost]]] = {
    each.language: each for each in (DotnetHost, GoHost, JavaHost, NodeHost)
}


def _said(error: OSError | subprocess.CalledProcessError) -> str:
    """What a command printed before it failed, its end; or why there was no command."""
    if isinstance(error, OSError):
        return str(error)
    parts = (
        each.decode() if isinstance(each, bytes) else each or "" for each in (error.stdout, error.stderr)
    )
    return "".join(parts).strip()[-2000:]


if __name__ == "__main__":
    serve(HOSTS[sys.argv.pop(1)])
