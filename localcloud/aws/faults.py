"""Knows the faults a command may ask for: death, refusal, throttling, errors, lost answers, a lost region.

They sit below boto's own retries, as a bad network does. Only a provider of the loopback AWS reads them.
"""

from __future__ import annotations

import fcntl
import json
import os
import random
import re
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from botocore.awsrequest import AWSResponse, HeadersDict
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.httpsession import URLLib3Session

from localcloud.environment import local_directory
from localcloud.provider import ProviderError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from botocore.awsrequest import AWSPreparedRequest
    from botocore.session import Session

VARIABLE: Final = "COSTACK_LOCAL_FAULTS"
COUNTER: Final = "faults.count"
"""Holds, under the local directory, how many changing calls were made; remove it before a new count."""
NO_RETRIES: Final = Config(retries={"mode": "standard", "total_max_attempts": 1})
"""Of a region that does not answer: whoever tries again waits longer, and learns the same."""
RETRIES: Final = Config(retries={"mode": "standard", "total_max_attempts": 26})
"""As many as the official provider makes by default: fewer would give up where it does not."""

_PERCENT: Final = 100
_READS: Final = re.compile(r"(Describe|List|Get|Head|BatchGet|Lookup|Search)[A-Z]")
_ENGINE: Final = "pulumi"
_OPERATION: Final = re.compile(r"[A-Z][a-z]+[A-Z]\w*")
_SCOPE: Final = re.compile(r"Credential=[^/]+/\d{8}/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request")
"""What a signature says of where it is for (AWS Signature Version 4)."""
_EVERYWHERE: Final = frozenset({"iam", "route53", "sts", "ssm"})
"""Signed for one region, and answered when that one does not; in the last this cloud remembers what it is."""
_FORM: Final = "x-www-form-urlencoded"
_RULE: Final = (
    f"{VARIABLE} takes kill=NUMBER or kill=OPERATION[,after][,with=NAME], refuse=NUMBER, throttle=, error=, "
    "lost= (percent), seed= and gone=REGION, with commas between"
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What was asked for.

    Attributes:
        kill: At which changing call, counted from 1, the command dies; 0 for never.
        kill_at: At the first call of which operation, such as `ModifyDBInstance`, it dies; '' for none.
        after: Whether that call still reaches AWS and only its answer is lost with the process.
        also: The program that dies with Pulumi, if it started it; '' for none.
        throttle: Percent of calls that AWS turns away as too many.
        error: Percent of calls that AWS fails at.
        lost: Percent of calls that AWS carries out and whose answer never comes.
        seed: Of the dice.
        refuse: Which changing call, counted from 1, AWS forbids; 0 for none.
        gone: The region that does not answer; '' for none. Services that every region shares do.
    """

    kill: int = 0
    after: bool = False
    also: str = ""
    throttle: int = 0
    error: int = 0
    lost: int = 0
    seed: int = 0
    refuse: int = 0
    gone: str = ""
    kill_at: str = ""


def wanted(text: str) -> Wanted:
    """Reads the variable.

    >>> wanted("kill=57,after")
    Wanted(kill=57, after=True, also='', throttle=0, error=0, lost=0, seed=0, refuse=0, gone='', kill_at='')
    """
    found: dict[str, Any] = {}
    for word in text.split(","):
        name, equals, value = word.strip().partition("=")
        if name == "after" and not equals:
            found["after"] = True
        elif name == "with" and value:
            found["also"] = value
        elif name == "gone" and value:
            found["gone"] = value
        elif name == "kill" and _OPERATION.fullmatch(value):
            found["kill_at"] = value
        elif name in ("kill", "refuse", "throttle", "error", "lost", "seed") and value.isdecimal():
            found[name] = int(value)
        else:
            raise ProviderError(f"{_RULE}; {word.strip()!r} is none of these.")
    return Wanted(**found)


def attach(session: Session, environ: Mapping[str, str]) -> Config:
    """Puts the faults of the environment below all clients of *session*; they try more often then."""
    text = environ.get(VARIABLE)
    if not text:
        return Config()
    faults = Faults(wanted(text), local_directory(environ) / COUNTER)
    session.register("before-send", cast("Any", faults.before_send))
    return NO_RETRIES if faults.wanted.gone else RETRIES


@dataclass(slots=True)
class Faults:
    """The faults at work in one process; the count goes on through all processes of a command."""

    wanted: Wanted
    counter: Path
    send: Callable[[AWSPreparedRequest], AWSResponse] = field(default_factory=lambda: URLLib3Session().send)
    die: Callable[[str], None] = field(default_factory=lambda: kill_the_command)
    _dice: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.wanted.seed)  # noqa: S311 - dice, no secret

    def before_send(self, request: AWSPreparedRequest, event_name: str, **_: object) -> AWSResponse | None:
        """Answers instead of AWS, or lets the call through with None; boto asks before every attempt."""
        if self.wanted.gone and self.wanted.gone == region_of(request):
            raise EndpointConnectionError(endpoint_url=request.url)
        operation = event_name.rsplit(".", 1)[-1]
        dies = self.wanted.kill or self.wanted.kill_at
        counted = changes(operation) and (dies or self.wanted.refuse)
        if counted and self._count(request, operation) == self.wanted.refuse:
            return _refusal(request, 403, "AccessDenied")
        with self._lock:
            throttled, failed, lost = (
                self._dice.random() * _PERCENT < percent
                for percent in (self.wanted.throttle, self.wanted.error, self.wanted.lost)
            )
        if throttled:
            return _refusal(request, 503 if ".s3." in event_name else 400, "ThrottlingException")
        if failed:
            return _refusal(request, 503, "InternalError")
        if lost:
            self.send(request)
            raise ReadTimeoutError(endpoint_url=request.url)
        return None

    def _count(self, request: AWSPreparedRequest, operation: str) -> int:
        with self.counter.open("a+", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            number = sum(1 for _ in file) + 1
            file.write(f"{operation}\n")
            file.flush()
            # Still under the lock: nothing else is counted before the end.
            if number == self.wanted.kill or operation == self.wanted.kill_at:
                if self.wanted.after:
                    self.send(request)
                self.die(self.wanted.also)
            return number


def region_of(request: AWSPreparedRequest) -> str:
    """The region that a call is for; '' where every region answers, or nothing is signed."""
    signed = _SCOPE.search(str(request.headers.get("Authorization")))
    return signed["region"] if signed and signed["service"] not in _EVERYWHERE else ""


def changes(operation: str) -> bool:
    """Whether an operation may change anything.

    >>> [changes("CreateDBInstance"), changes("DescribeDBInstances"), changes("DeregisterImage")]
    [True, False, True]
    """
    return _READS.match(operation) is None


def kill_the_command(also: str = "") -> None:
    """Kills the engine that started this provider, then this process: nothing more can be written down.

    When a program called *also* started the engine, it dies first.
    """
    pid = os.getppid()
    while pid > 1:
        parent, name = _process(pid)
        if name == _ENGINE:
            if also and _process(parent)[1] == also:
                os.kill(parent, signal.SIGKILL)
            os.kill(pid, signal.SIGKILL)
            break
        pid = parent
    os.kill(os.getpid(), signal.SIGKILL)


def _process(pid: int) -> tuple[int, str]:
    """The parent of a process and the name of its program; a process that is gone has neither."""
    answer = subprocess.run(
        ["ps", "-o", "ppid=,comm=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    parent, _, program = answer.stdout.strip().partition(" ")
    return int(parent or 0), Path(program.strip()).name


def _refusal(request: AWSPreparedRequest, status: int, code: str) -> AWSResponse:
    """AWS's answer in each of its languages: form, JSON, and S3, which turns calls away with a 503."""
    said = str(request.headers.get("Content-Type"))
    body = json.dumps({"__type": code}) if "json" in said else ""
    if _FORM in said:
        body = f"<Response><Errors><Error><Code>{code}</Code></Error></Errors></Response>"
    made: Any = AWSResponse
    answer: AWSResponse = made(request.url, status, HeadersDict({"x-amzn-errortype": code}), None)
    vars(answer)["_content"] = body.encode()  # read already, as no connection is there to be read from
    return answer
