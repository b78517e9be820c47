"""Resources tell where they are declared, and no source is read for it."""

from __future__ import annotations

import linecache
import traceback

import pytest
from pulumi.runtime import resource
from pulumi.runtime.proto import source_pb2

from components.stack_traces import UnreadTraces, leave_unread


class Lowest:
    """The SDK leaves out what is above the third `__init__`: its own classes and that of the resource."""

    def __init__(self) -> None:
        self.trace: source_pb2.StackTrace = resource._get_stack_trace()


class Middle(Lowest):
    """As `CustomResource`."""

    def __init__(self) -> None:
        super().__init__()


class Declared(Middle):
    """As `Vpc`."""

    def __init__(self) -> None:
        super().__init__()


def test_places_are_those_that_the_sdk_tells_and_no_source_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "traceback", traceback)
    told, read = [], []
    for unread in (False, True):
        if unread:
            leave_unread()
        linecache.clearcache()
        told.append([(each.pc.uri, each.pc.line) for each in Declared().trace.frames])
        read.append([name for name, entry in linecache.cache.items() if len(entry) > 1])
    assert told[0] == told[1]
    assert told[0][0][0].endswith("test_stack_traces.py")
    assert read[0], "the SDK reads no sources: components/stack_traces.py is not needed"
    assert not read[1]


def test_a_line_is_read_when_somebody_asks_for_it() -> None:
    last = UnreadTraces().extract_stack()[-1]
    assert last.line == "last = UnreadTraces().extract_stack()[-1]"
    assert UnreadTraces().FrameSummary is traceback.FrameSummary
