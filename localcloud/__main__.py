"""Knows the commands `python -m localcloud start | stop | status | reset | clock | environment | exec`."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime

from localcloud.environment import (
    COMMAND,
    ROOT,
    SAVE_LAST,
    local_directory,
    local_environment,
    needs_language_host,
    shell_lines,
)
from localcloud.server import LocalCloud, ServerError

_STOPPED = 1
_NOT_FOUND = 127


def main(arguments: list[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    asked = _parser().parse_args(arguments)
    cloud = LocalCloud(local_directory(os.environ), tell=_tell)
    commands = {
        "start": _start,
        "status": _status,
        "reset": _reset,
        "environment": _environment,
    }
    try:
        if asked.command == "exec":
            return _exec(cloud, asked.argv, save_last=asked.save_last)
        if asked.command == "clock":
            return _clock(cloud, asked.to, asked.release)
        if asked.command == "stop":
            return _stop(cloud, if_unused=asked.if_unused)
        return commands[asked.command](cloud)
    except ServerError as error:
        print(f"localcloud: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=COMMAND, description="A cloud on this machine.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("start", help="start the loopback AWS, unless it is running")
    stop = commands.add_parser("stop", help="stop it; its content is lost")
    stop.add_argument(
        "--if-unused", action="store_true", help="keep it running while a stack has resources in it"
    )
    commands.add_parser("status", help="show whether it is running (exit code 0) or not (1)")
    commands.add_parser("reset", help="stop it and delete the local Pulumi state and rendered manifests")
    clock = commands.add_parser(
        "clock",
        help="show the clock of the loopback AWS, or move it: maintenance windows open as it passes them",
    )
    clock.add_argument(
        "--to", type=datetime.fromisoformat, metavar="TIME", help="such as 2026-12-06T03:00, in UTC"
    )
    clock.add_argument(
        "--release",
        nargs=2,
        action="append",
        default=[],
        metavar=("ENGINE", "VERSION"),
        help="what AWS upgrades to in the windows, such as postgres 17.7",
    )
    commands.add_parser(
        "environment",
        help=f'point a shell at the local cloud: eval "$({COMMAND} environment)"',
    )
    run = commands.add_parser("exec", help="run a command in the environment of the local cloud")
    run.add_argument(
        "--save-last",
        action="store_true",
        help="while no stack has resources, let Pulumi save its state when it ends, not after every step",
    )
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="-- COMMAND")
    return parser


def _tell(line: str) -> None:
    print(f"localcloud: {line}", file=sys.stderr, flush=True)


def _start(cloud: LocalCloud) -> int:
    server, fresh = cloud.start()
    print(f"{'started' if fresh else 'already running'}: {server.endpoint} (process {server.pid})")
    return 0


def _stop(cloud: LocalCloud, *, if_unused: bool) -> int:
    if if_unused and (users := cloud.stacks_in_use()):
        print(f"still running, for {' and '.join(users)}; `{COMMAND} stop` stops it nevertheless")
        return 0
    print("stopped" if cloud.stop() else "was not running")
    return 0


def _status(cloud: LocalCloud) -> int:
    server = cloud.running()
    if server is None:
        print(f"stopped\nlog: {cloud.log}")
        return _STOPPED
    print(f"running\nendpoint: {server.endpoint}\npid: {server.pid}\nlog: {cloud.log}")
    return 0


def _reset(cloud: LocalCloud) -> int:
    cloud.reset()
    print(f"forgotten: server, Pulumi state and manifests under {cloud.directory}")
    return 0


def _clock(cloud: LocalCloud, to: datetime | None, releases: list[list[str]]) -> int:
    # Not at the top: no other command needs a client.
    from localcloud.aws import clock  # noqa: PLC0415
    from localcloud.aws.clients import Clients  # noqa: PLC0415
    from localcloud.provider import ProviderError  # noqa: PLC0415

    server = cloud.running()
    if server is None:
        raise ServerError(f"the loopback AWS is not running; start it with `{COMMAND} start`.")
    clients = Clients(server.endpoint)
    try:
        for engine, version in releases:
            clock.release(clients, engine, version)
        if to is not None:
            clock.move(clients, to)
    except ProviderError as error:
        raise ServerError(str(error)) from error
    print(f"{clock.now(clients):%A %Y-%m-%d %H:%M} UTC")
    return 0


def _environment(cloud: LocalCloud) -> int:
    """Prints what a shell evaluates; what a person should know goes to stderr."""
    environment, endpoint = _turned(cloud)
    print("\n".join(shell_lines(os.environ, environment)))
    print(
        f"this shell: pulumi and costack use the local cloud at {endpoint}, and reach no real account; "
        "for one, open another shell",
        file=sys.stderr,
    )
    return 0


def _turned(cloud: LocalCloud) -> tuple[dict[str, str], str]:
    """The caller's environment, turned to the running local cloud, and where that listens."""
    server, _ = cloud.start()
    environment = local_environment(
        os.environ,
        root=ROOT,
        local=cloud.directory,
        endpoint=server.endpoint,
        language_host=needs_language_host(os.environ, ROOT),
    )
    return environment, server.endpoint


def _exec(cloud: LocalCloud, argv: list[str], *, save_last: bool) -> int:
    """Becomes the command, so its exit code and the terminal's signals are its own."""
    command = argv[1:] if argv[:1] == ["--"] else argv
    if not command:
        raise ServerError(f"exec needs a command: {COMMAND} exec -- pulumi up.")
    environment, _ = _turned(cloud)
    if save_last and not cloud.stacks_in_use():
        # Until something is saved, a kill loses nothing that `reset` would not forget.
        environment |= SAVE_LAST
        if cloud.is_locked():
            _tell(
                "an update did not end, and nothing of it is saved: unless it is still running, "
                f"`{COMMAND} reset` forgets what it made"
            )
    try:
        os.execvpe(command[0], command, environment)  # noqa: S606 - the user's own command
    except FileNotFoundError:
        print(f"localcloud: {command[0]} was not found on PATH.", file=sys.stderr)
        return _NOT_FOUND
    except PermissionError:
        print(f"localcloud: {command[0]} is not executable.", file=sys.stderr)
        return _NOT_FOUND


if __name__ == "__main__":
    sys.exit(main())
