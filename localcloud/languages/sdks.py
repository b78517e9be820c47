"""Writes SDKs of packages, and links them into programs, as `pulumi package add` asks for it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any, Final

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2 as messages
from pulumi.runtime.proto import language_pb2_grpc, plugin_pb2

from localcloud.children import Children
from localcloud.plugin import sdk_version

ROOT: Final = Path(__file__).resolve().parents[2]
GENERATOR: Final = "pulumi-sdks"
OTHER_GENERATOR: Final = "pulumi-sdks-others"
"""For languages that the CLI's own module does not know."""
_REQUIREMENTS: Final = "requirements.txt"


class SdkHost(language_pb2_grpc.LanguageRuntimeServicer):
    """What hosts of every language do alike: they follow the installed SDK, write SDKs and link them."""

    language: str
    """As the generator calls it."""
    generator: str = GENERATOR

    def __init__(self, engine: str) -> None:
        self.engine = engine
        self.children = Children()

    def Handshake(self, request: messages.LanguageHandshakeRequest, _context: Any) -> Any:  # noqa: N802
        """The engine's address may arrive here instead of on the command line."""
        self.engine = request.engine_address or self.engine
        return messages.LanguageHandshakeResponse()

    def GetPluginInfo(self, _request: empty_pb2.Empty, _context: Any) -> Any:  # noqa: N802
        """This host follows the installed SDK."""
        return plugin_pb2.PluginInfo(version=sdk_version("pulumi"))

    def Cancel(self, _request: empty_pb2.Empty, _context: Any) -> Any:  # noqa: N802
        """Stop every program and plugin."""
        self.children.close()
        return empty_pb2.Empty()

    def GeneratePackage(self, request: messages.GeneratePackageRequest, context: Any) -> Any:  # noqa: N802
        """Write the SDK of a schema."""
        try:
            done = subprocess.run(
                [built(self.generator), self.language, request.directory, request.loader_target],
                input=request.schema,
                capture_output=True,
                text=True,
                check=False,
            )
        except FileNotFoundError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        if done.returncode:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, done.stderr.strip())
        return messages.GeneratePackageResponse()

    def Link(self, request: messages.LinkRequest, context: Any) -> Any:  # noqa: N802
        """Name the SDKs among what the program depends on."""
        program = Path(request.info.program_directory)
        try:
            told = [self.linked(program, each.path, each.package.name) for each in request.packages]
        except (OSError, subprocess.CalledProcessError) as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, f"the SDK cannot be linked: {error}")
        return messages.LinkResponse(import_instructions="\n".join(told))

    def linked(self, program: Path, path: str, name: str) -> str:
        """Link the SDK at *path*, which is relative to *program*; returns how it is imported."""
        raise NotImplementedError


def built(generator: str) -> str:
    """Where a generator lies: built by `make engine-languages`.

    Raises:
        FileNotFoundError: When it is not built.
    """
    found = shutil.which(generator) or shutil.which(generator, path=str(ROOT / ".toolchain" / "bin"))
    if found is None:
        raise FileNotFoundError(f"there is no {generator}: run `make engine-languages`, then this again")
    return found


def link_python(program: Path, path: str, name: str) -> str:
    """Add the SDK to `requirements.txt`, once."""
    requirements, line = program / _REQUIREMENTS, f"./{path}"
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements.exists() else []
    if line not in lines:
        requirements.write_text("".join(f"{each}\n" for each in (*lines, line)), encoding="utf-8")
    return f"You can import the SDK in your Python code with:\n\n  import pulumi_{name} as {name}"


def linked_python(program: Path) -> list[str]:
    """The SDKs that are linked into a program of Python."""
    requirements = program / _REQUIREMENTS
    lines = requirements.read_text(encoding="utf-8").splitlines() if requirements.exists() else []
    return [line for line in lines if line.startswith("./")]
