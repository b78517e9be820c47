"""Serves a provider to the engine that started it: clean errors, quiet start, no process left behind."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import grpc
import grpc.aio
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime.proto import engine_pb2, engine_pb2_grpc, provider_pb2, provider_pb2_grpc

from localcloud.provider import ProviderError, TableProvider

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Method = Callable[[ProviderServicer, Any, Any], Awaitable[Any]]

GRPC_OPTIONS: Final = [("grpc.max_receive_message_length", 400 << 20)]
"""The engine's own limit for one message, 400 MiB; gRPC's default of 4 MiB is too small for large stacks."""

_THREADS: Final = 32
_PARENT_CHECK_SECONDS: Final = 2.0


def sdk_version(distribution: str) -> str:
    """The installed version of an SDK such as `pulumi-aws`; equal versions keep the engine from warning."""
    return metadata.version(distribution)


def serve(provider: TableProvider, version: str) -> None:
    """Run until the engine, or a signal, ends it; prints the port as its only line, as plugins must."""
    parser = argparse.ArgumentParser(description="A Pulumi resource provider; the engine starts it.")
    parser.add_argument("engine", help="address of the engine")
    known, rest = parser.parse_known_args()
    leave_with_parent()
    provider.warn = _engine_warning(known.engine)
    asyncio.run(_serve(Servicer(rest, version, provider, known.engine)))


def leave_with_parent() -> None:
    """End this process when the one that started it is gone, so that a killed engine leaves no plugin."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_PARENT_CHECK_SECONDS)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()


def _engine_warning(address: str) -> Callable[[str, str], None]:
    channel = grpc.insecure_channel(address)
    engine = engine_pb2_grpc.EngineStub(channel)

    def warn(urn: str, message: str) -> None:
        engine.Log(engine_pb2.LogRequest(severity=engine_pb2.WARNING, message=message, urn=urn))

    return warn


def _clean(method: Method) -> Method:
    """The SDK wraps an error in its traceback; this sends the sentence that was meant for the user."""

    async def call(self: ProviderServicer, request: Any, context: Any) -> Any:
        try:
            return await method(self, request, context)
        except NotImplementedError as error:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, str(error))
        except Exception as error:  # noqa: BLE001  every failure must reach the engine
            await context.abort(grpc.StatusCode.UNKNOWN, _sentence(error.__context__ or error))

    return call


class Servicer(ProviderServicer):
    """The SDK's servicer with a handshake and with errors as sentences."""

    async def Handshake(  # noqa: N802
        self, _request: provider_pb2.ProviderHandshakeRequest, _context: Any
    ) -> provider_pb2.ProviderHandshakeResponse:
        """Secrets are understood; outputs and resource references arrive unwrapped."""
        return provider_pb2.ProviderHandshakeResponse(accept_secrets=True)

    async def DiffConfig(self, request: provider_pb2.DiffRequest, _context: Any) -> provider_pb2.DiffResponse:  # noqa: N802
        """The SDK's own reads a field that does not exist; this says whether configuration changed."""
        changed = _fields(request.olds) != _fields(request.news)
        kind = provider_pb2.DiffResponse.DIFF_SOME if changed else provider_pb2.DiffResponse.DIFF_NONE
        return provider_pb2.DiffResponse(changes=kind)

    CheckConfig = _clean(ProviderServicer.CheckConfig)
    Configure = _clean(ProviderServicer.Configure)
    Invoke = _clean(ProviderServicer.Invoke)
    Check = _clean(ProviderServicer.Check)
    Diff = _clean(ProviderServicer.Diff)
    Create = _clean(ProviderServicer.Create)
    Read = _clean(ProviderServicer.Read)
    Update = _clean(ProviderServicer.Update)
    Delete = _clean(ProviderServicer.Delete)
    GetSchema = _clean(ProviderServicer.GetSchema)


def _fields(struct: Any) -> dict[str, Any]:
    return {key: value for key, value in struct.fields.items() if key != "version"}


def _sentence(error: BaseException) -> str:
    if isinstance(error, ProviderError):
        return str(error)
    frame = traceback.extract_tb(error.__traceback__)[-1]
    place = f"{os.path.basename(frame.filename)}:{frame.lineno}"  # noqa: PTH119  a name to show, not a file
    return f"the local provider failed in {place} with {type(error).__name__}: {error}; please report this."


async def _serve(servicer: Servicer) -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(_THREADS))
    server = grpc.aio.server(options=GRPC_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(servicer, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lambda: asyncio.ensure_future(server.stop(None)))
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    await server.wait_for_termination()
    os._exit(0)  # a thread may still wait for a deletion that no longer matters
