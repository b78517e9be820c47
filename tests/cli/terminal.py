"""A terminal of a given width, and what a command shows on it."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from contextlib import suppress

from cli.console.exit_codes import Exit
from tests.engine.warm import home
from tests.portfolios import ROOT

_ANSI = re.compile(r"\x1b\[[0-9;]*m")


def on_a_terminal(columns: int, *arguments: str) -> tuple[str, str]:
    """What the command shows on a terminal of that width, and what it prints to stderr."""
    main, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    sized = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    shown = b""
    with subprocess.Popen(
        [home() / ".venv" / "bin" / "python", ROOT / ".venv" / "bin" / "costack", *arguments],
        cwd=ROOT,
        env=sized | {"TERM": "xterm", "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        stdout=terminal,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        os.close(terminal)
        with suppress(OSError):  # how a terminal says that its last writer is gone
            while part := os.read(main, 4096):
                shown += part
        os.close(main)
        _, errors = process.communicate()
    assert process.returncode == Exit.OK, errors
    return _ANSI.sub("", shown.decode()), errors
