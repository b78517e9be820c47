"""Forks interpreters that have their libraries imported already; run as a program, with a socket's path.

A Pulumi run starts seven interpreters, and each imports the same libraries: a third of a small run's time.
Whoever connects hands over its arguments, environment, folder and streams, and gets the exit code. Nothing of
this repository is imported here: what a project's copy holds is what runs.
"""

from __future__ import annotations

import array
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
from typing import Any

LIBRARIES = (
    "boto3",
    "google.protobuf.struct_pb2",
    "grpc.aio",
    "httpx",
    "pulumi",
    "pulumi.provider.experimental.server",
    "pulumi.runtime.proto.language_pb2_grpc",
    "pulumi_kubernetes",
    "pulumi_random",
    "pydantic",
    "yaml",
)
# Packages that import a module when it is first asked for something: what the programs ask for.
LAZY = {
    "pulumi_aws": (
        *(
            "autoscaling",
            "backup",
            "cloudwatch",
            "ec2",
            "efs",
            "eks",
            "elasticache",
            "iam",
            "kms",
            "rds",
            "s3",
        ),
        *("scheduler", "secretsmanager", "vpc"),
    ),
    "pulumi_kubernetes": (
        *("apps.v1", "autoscaling.v2", "batch.v1", "core.v1", "networking.v1", "policy.v1", "rbac.v1"),
    ),
}
STREAMS = 3
PARENT_CHECK_SECONDS = 2.0


def main(path: str) -> dict[str, Any]:
    """Serve until killed; in each forked process, return what it is to run."""
    _import_libraries()
    gc.collect()
    gc.freeze()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for a keeper
        starter = os.getppid()
        while True:
            ready, _, _ = select.select([listener], [], [], PARENT_CHECK_SECONDS)
            if os.getppid() != starter:
                os._exit(0)  # whoever was killed could not stop it
            if not ready:
                continue
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                return _kept(connection)
            connection.close()


def _import_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)
    for package, modules in LAZY.items():
        for module in modules:
            found = importlib.import_module(f"{package}.{module}")
            getattr(found, "Anything", None)


def _kept(connection: socket.socket) -> dict[str, Any]:
    """Fork the process that runs, and stay as its keeper; return in the one that runs."""
    request, streams = _received(connection)
    child = os.fork()
    if child == 0:
        connection.close()
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        return request
    for stream in streams:
        os.close(stream)
    for number in range(STREAMS):
        os.close(number)
    _watch(connection, child)
    os._exit(0)


def _received(connection: socket.socket) -> tuple[dict[str, Any], list[int]]:
    passed = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(1 << 20, socket.CMSG_LEN(STREAMS * passed.itemsize))
    for _, _, content in ancillary:
        passed.frombytes(content)
    while not data.endswith(b"\n"):
        data += connection.recv(1 << 20)
    return json.loads(data), list(passed)


def _watch(connection: socket.socket, child: int) -> None:
    """Hand on signals, and the end: of the child to who asked, of who asked to the child."""
    ended = os.pidfd_open(child)
    while True:
        ready, _, _ = select.select([connection.fileno(), ended], [], [])
        if ended in ready:
            break
        numbers = connection.recv(16)
        for number in numbers or [signal.SIGKILL]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, number)
        if not numbers:
            break
    _, status = os.waitpid(child, 0)
    with contextlib.suppress(OSError):
        connection.send(f"{os.waitstatus_to_exitcode(status)}\n".encode())


def run(request: dict[str, Any]) -> None:
    """Be the interpreter that was asked for."""
    arguments = list(request["arguments"])
    options = {each for each in arguments[:2] if each in ("-u", "-I")}
    arguments = arguments[len(options) :]
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.executable = request["executable"]
    _open_streams(buffered="-u" not in options)
    is_module = arguments[0] == "-m"
    sys.argv = arguments[1:] if is_module else arguments
    program = sys.argv[0]
    first = os.getcwd() if is_module else os.path.dirname(os.path.abspath(program))  # noqa: PTH100, PTH109, PTH120
    added = [first, *filter(None, os.environ.get("PYTHONPATH", "").split(":"))]
    own = os.path.dirname(__file__)  # noqa: PTH120
    libraries = [entry for entry in sys.path if entry != own]
    sys.path[:] = libraries if "-I" in options else [*added, *libraries]
    if is_module:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")


def _open_streams(*, buffered: bool) -> None:
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = io.FileIO(number, "w", closefd=False)
        buffer: Any = io.BufferedWriter(raw) if buffered else raw
        stream = io.TextIOWrapper(buffer, encoding="utf-8", line_buffering=True, write_through=not buffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


if __name__ == "__main__":
    run(main(sys.argv[1]))
