"""Stands where a project's `python` is: has the warm server fork an interpreter, and ends as that one ends.

It imports little, because it starts as often as an interpreter would: `json`, `signal` and `socket` take as
long as all the rest. `@@…` become paths when it is put in place.
"""

import _signal  # type: ignore[import-not-found]
import _socket
import array
import os
import select
import sys

SERVER, PYTHON = "@@server", "@@python"
PARENT_CHECK_SECONDS = 0.5
UNFORKED = "COSTACK_TESTS_UNFORKED"
"""Environment variable: the module that is to run in the process that was asked for."""


def connected(arguments: list[str]) -> "_socket.socket | None":
    """A connection to the keeper of the process; None for what the server does not do."""
    plain = [each for each in arguments if each not in ("-u", "-I")]
    if not plain or (plain[0].startswith("-") and plain[0] != "-m"):
        return None
    if plain[:2] == ["-m", os.environ.get(UNFORKED)]:
        return None
    connection = _socket.socket(_socket.AF_UNIX)
    try:
        connection.connect(SERVER)
    except OSError:
        return None
    request = {
        "arguments": arguments,
        "environment": dict(os.environ),
        "executable": sys.argv[0],
        "folder": os.getcwd(),  # noqa: PTH109
    }
    data = ascii(request).encode() + b"\n"
    streams = array.array("i", [0, 1, 2])
    sent = connection.sendmsg([data], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    connection.sendall(data[sent:])
    return connection


def exit_code(connection: _socket.socket) -> int:
    """Wait for the end; when whoever started this is gone, the process goes too."""
    parent = os.getppid()
    for number in (_signal.SIGINT, _signal.SIGTERM, _signal.SIGHUP):
        _signal.signal(number, lambda number, _frame: connection.send(bytes([number])))
    while os.getppid() == parent:
        ready, _, _ = select.select([connection], [], [], PARENT_CHECK_SECONDS)
        if ready:
            said = connection.recv(16)
            return int(said) if said else 1
    return 1


def main() -> None:
    """Be what was asked for."""
    connection = connected(sys.argv[1:])
    if connection is None:
        os.execv(PYTHON, sys.argv)  # noqa: S606
    for number in range(3):
        os.close(number)
    code = exit_code(connection)
    if code < 0:
        _signal.signal(-code, _signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
