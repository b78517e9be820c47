"""What a plugin has done with, it does not keep."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.portfolios import ROOT

PROGRAM = """
import os
from plugin.memory import give_back, keep_little
from tests.bench.processes import memory_mib
{before}
block = bytearray(16 << 20)
del block  # of which the allocator learns to serve such blocks from its heap
begun = memory_mib(os.getpid(), "RssAnon")
blocks = [bytearray(4 << 20) for _ in range(8)]
above = [bytes(100_000) for _ in range(4)]  # what lies above them keeps them
del blocks
{after}
print(memory_mib(os.getpid(), "RssAnon") - begun)
"""


def kept(before: str = "", after: str = "") -> float:
    """MiB that a process keeps of 32 that it had, with the statements *before* and *after*."""
    program = PROGRAM.format(before=before, after=after)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="an allocator of its own")
def test_blocks_that_are_done_with_are_given_back() -> None:
    few = 4
    assert kept() > 8 * few, "the allocator keeps nothing by itself: plugin/memory.py is not needed"
    assert kept(before="keep_little()") < few
    assert kept(after="give_back()") < few
