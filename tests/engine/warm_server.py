"""Forks interpreters that have their imports behind them; run as a program, with a socket's path.

A Pulumi run starts seven interpreters, and each imports the same modules: half of a small run's time. Whoever
connects hands over its arguments, environment, folder and streams, and gets the exit code. The first server
imports libraries only. Asked for a project's folder it forks a second server, which imports what that folder
holds; from the first change of its source on, what is forked imports anew. So what a project's copy holds is
always what runs.
"""

from __future__ import annotations

import array
import ast
import atexit
import contextlib
import gc
import importlib
import io
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from typing import Any

# What the program, the providers, the language host and `costack` import, and none of what they run.
OURS = """
    allocation.estimate.estimated_statement cli.actions.change.move cli.actions.change.recover
    cli.actions.costs.allocate cli.actions.decommission.decommission cli.actions.provision.preview cli.main
    components.platform components.process
    components.tenant.stack localcloud.aws.provider localcloud.children localcloud.installed
    localcloud.kubernetes.api localcloud.kubernetes.immutable localcloud.plugin tiers.plan.resolve
    tiers.plan.storage
"""
DEBUG_LINES = "COSTACK_DEBUG_LINES"
"""Environment variable: the SDK sends the engine its debug lines and where each resource was made, as it does
for users.

Each of some thousands of lines is a call of its own, a sixth of a run, and the engine drops them unless it
logs. A stack of Python frames with every resource is an eighth of the program, and nothing here reads it.
"""
COLLECTS_AT = (1_000_000, 10, 10)
"""Thresholds of a process that lives for seconds: it ends before it has that much to throw away."""
STREAMS = 3
PARENT_CHECK_SECONDS = 2.0


class Server:
    """Accepts requests at a path, until killed or until whoever started it is gone."""

    def __init__(self, path: str, project: Project | None = None) -> None:
        self.project = project
        self._starter = os.getppid()
        self._selector = selectors.DefaultSelector()
        self._children: dict[socket.socket, int] = {}
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(64)
        self._selector.register(self._listener, selectors.EVENT_READ)

    def forked(self) -> dict[str, Any]:
        """Serve; in each forked process, return the request it is for."""
        while True:
            ready = self._selector.select(PARENT_CHECK_SECONDS)
            if os.getppid() != self._starter:  # whoever was killed could not stop it
                for child in self._children.values():
                    os.kill(child, signal.SIGKILL)
                os._exit(0)
            for key, _ in ready:
                if key.fileobj is self._listener:
                    request = self._accepted()
                    if request is not None:
                        return request
                elif isinstance(key.fileobj, socket.socket):
                    if key.fileobj in self._children:  # it may have ended in this very moment
                        self._heard(key.fileobj)
                else:
                    self._ended(key.fd, *key.data)

    def _accepted(self) -> dict[str, Any] | None:
        """Fork for a request; None in the server."""
        connection, _ = self._listener.accept()
        request, streams = _received(connection)
        if request is None:
            connection.close()
            return None
        child = os.fork()
        if child == 0:
            self._leave()
            if "project" in request:
                return {**request, "connection": connection}
            connection.close()
            for number, stream in enumerate(streams):
                os.dup2(stream, number)
                os.close(stream)
            return request
        for stream in streams:
            os.close(stream)
        self._children[connection] = child
        self._selector.register(connection, selectors.EVENT_READ)
        self._selector.register(os.pidfd_open(child), selectors.EVENT_READ, (child, connection))
        return None

    def _heard(self, connection: socket.socket) -> None:
        """Hand on the signals of who asked; when it is gone, the process goes too."""
        numbers = b""
        with contextlib.suppress(OSError):
            numbers = connection.recv(16)
        for number in numbers or [signal.SIGKILL]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._children[connection], number)
        if not numbers:
            self._selector.unregister(connection)

    def _ended(self, ended: int, child: int, connection: socket.socket) -> None:
        """Tell who asked how the process ended."""
        _, status = os.waitpid(child, 0)
        with contextlib.suppress(OSError):
            connection.send(f"{os.waitstatus_to_exitcode(status)}\n".encode())
        self._selector.unregister(ended)
        os.close(ended)
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection)
        del self._children[connection]
        connection.close()

    def _leave(self) -> None:
        """Close what belongs to the server, in a process that it forked."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
            else:
                os.close(key.fd)
        for connection in self._children:
            connection.close()
        self._selector.close()


class Project:
    """A folder whose modules were imported, and what they looked like then."""

    def __init__(self, folder: str) -> None:
        self._packages = [each.path for each in os.scandir(folder) if _is_package(each.path)]
        self._seen = self._stamps()
        libraries = set(sys.modules)
        sys.path.insert(0, folder)
        for name in OURS.split():
            importlib.import_module(name)
        sys.path.remove(folder)
        ours = {os.path.basename(path) for path in self._packages}  # noqa: PTH119
        self._modules = [name for name in set(sys.modules) - libraries if name.partition(".")[0] in ours]

    def forget_if_changed(self) -> None:
        """In a forked process: import anew what is run, unless every source is as it was."""
        if self._stamps() != self._seen:
            for name in self._modules:
                del sys.modules[name]

    def _stamps(self) -> list[tuple[str, int, int]]:
        """Path, time and size of every file that the modules are or may have read."""
        found = []
        folders = list(self._packages)
        while folders:
            for entry in os.scandir(folders.pop()):
                if entry.is_dir():
                    if entry.name != "__pycache__":
                        folders.append(entry.path)
                else:
                    about = entry.stat()
                    found.append((entry.path, about.st_mtime_ns, about.st_size))
        return sorted(found)


def _is_package(path: str) -> bool:
    return os.path.isfile(os.path.join(path, "__init__.py"))  # noqa: PTH113, PTH118


def _received(connection: socket.socket) -> tuple[dict[str, Any] | None, list[int]]:
    """A request and its streams; no request when whoever asked is gone already."""
    passed = array.array("i")
    data, ancillary, _, _ = connection.recvmsg(1 << 20, socket.CMSG_LEN(STREAMS * passed.itemsize))
    for _, _, content in ancillary:
        passed.frombytes(content)
    more = data
    while more and not data.endswith(b"\n"):
        more = connection.recv(1 << 20)
        data += more
    return ast.literal_eval(data.decode()) if data.endswith(b"\n") else None, list(passed)


def main(path: str) -> tuple[dict[str, Any], Project | None]:
    """Serve; in each forked process, return what it is to run, and of which project."""
    importlib.import_module("warm_imports").warm_up()  # beside this file, which is run by its path
    gc.collect()
    gc.freeze()
    server = Server(path)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        request = server.forked()
        if "project" not in request:
            return request, server.project
        project = Project(request["project"])
        gc.collect()
        gc.freeze()
        server = Server(request["socket"], project)
        request["connection"].send(b"ready\n")


def run(request: dict[str, Any], project: Project | None) -> None:
    """Be the interpreter that was asked for."""
    gc.set_threshold(*COLLECTS_AT)
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
    if DEBUG_LINES not in os.environ:
        _say_less()
    if project:
        project.forget_if_changed()
    if is_module:
        runpy.run_module(program, run_name="__main__", alter_sys=True)
    else:
        runpy.run_path(program, run_name="__main__")


def _say_less() -> None:
    """Send the engine no debug lines, and not with each resource the stack on which it was made."""
    importlib.import_module("pulumi.log").debug = lambda *_said, **_how: None  # type: ignore[attr-defined]
    trace = importlib.import_module("pulumi.runtime.proto.source_pb2").StackTrace
    importlib.import_module("pulumi.runtime.resource")._get_stack_trace = trace  # type: ignore[attr-defined]


def _open_streams(*, buffered: bool) -> None:
    sys.stdin = io.TextIOWrapper(io.FileIO(0, closefd=False), encoding="utf-8")
    for number, name in ((1, "stdout"), (2, "stderr")):
        raw = io.FileIO(number, "w", closefd=False)
        buffer: Any = io.BufferedWriter(raw) if buffered else raw
        stream = io.TextIOWrapper(buffer, encoding="utf-8", line_buffering=True, write_through=not buffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def end(code: object) -> None:
    """End as an interpreter does, but leave what it shares with the server: freeing it takes 0.1 s."""
    if code is not None and not isinstance(code, int):
        sys.stderr.write(f"{code}\n")
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(code or 0)


if __name__ == "__main__":
    asked = main(sys.argv[1])
    try:
        run(*asked)
    except SystemExit as error:
        end(error.code)
    except Exception:  # noqa: BLE001
        sys.excepthook(*sys.exc_info())
        end(1)
    end(0)
