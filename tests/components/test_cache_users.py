"""The users that are declared, on a real Redis or Valkey: who reads and writes which session, and when."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from components.aws.cache_users import access_string
from tests.cache_server import CacheServer, Connection, RefusedCommandError, running_cache_server
from tests.components.conftest import declare_plan
from tests.components.monitor import Declared
from tests.components.queries import the
from tests.portfolios import local_portfolio, measured, plan_of, tenant
from tiers.portfolio.rotation import Rotation, TokenRotation
from tiers.vocabulary import RotationStage

pytestmark = [pytest.mark.cache]
USER, SECRET, WEB = (
    "aws:elasticache/user:User",
    "kubernetes:core/v1:Secret",
    "kubernetes:apps/v1:Deployment",
)
TENANTS: Final = ("acme", "borealis")
PAUSE_SECONDS: Final = 0.05
WRITES: Final = 6
ALLOWED: Final = {"del", "expire", "get", "ping", "set"}
BEFORE_LOGIN: Final = {"auth", "hello", "quit", "reset"}
"""What a server lets anybody run: to log in, and to go."""
BYTES: Final = "what only {} may read"


class Login(NamedTuple):
    """What a pod logs in with."""

    words: tuple[str, ...]
    prefix: str

    def key(self, session: str) -> str:
        """The key of a session, as session_redis makes it."""
        return f"session::{self.prefix}:{session}"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[CacheServer]:
    with running_cache_server(tmp_path) as running:
        yield running


def declared(rotation: Rotation | None = None, tokens: TokenRotation | None = None) -> list[Declared]:
    usual = local_portfolio().platform
    platform = usual.model_copy(update={"cache": usual.cache.model_copy(update={"rotation": tokens})})
    tenants = (tenant(name, rotation=rotation if name == "acme" else None) for name in TENANTS)
    return declare_plan(plan_of(*tenants, platform=platform))


def login(resources: list[Declared], name: str) -> Login:
    """What pods of a tenant log in with, as Kubernetes puts it together for them."""
    (container,) = the(resources, WEB, f"{name}-web").props["spec"]["template"]["spec"]["containers"]
    env = {each["name"]: each for each in container["env"]}
    reference = env["ODOO_SESSION_REDIS_PASSWORD"]["valueFrom"]["secretKeyRef"]
    secret = the(resources, SECRET, reference["name"]).props["stringData"][reference["key"]]
    (user,) = re.findall(r"rediss://([^:]*):", env["ODOO_SESSION_REDIS_URL"]["value"])
    return Login((user, secret) if user else (secret,), env["ODOO_SESSION_REDIS_PREFIX"]["value"])


def fill(server: CacheServer, resources: list[Declared]) -> dict[str, Login]:
    """Each tenant writes a session of its own and reads it."""
    logins = {name: login(resources, name) for name in TENANTS}
    for name, its in logins.items():
        with server.connected(*its.words) as pod:
            assert pod.ask("SET", its.key("one"), BYTES.format(name)) == "OK"
            assert pod.ask("EXPIRE", its.key("one"), "600") == 1
            assert pod.ask("GET", its.key("one")) == BYTES.format(name)
            assert pod.ask("SET", its.key("two"), "short") == "OK"
            assert pod.ask("DEL", its.key("two")) == 1
            assert pod.ask("PING") == "PONG"
    return logins


def test_each_tenant_has_its_own_sessions_and_no_byte_of_a_neighbours(server: CacheServer) -> None:
    resources = declared()
    server.deploy(resources)
    logins = fill(server, resources)
    for name in TENANTS:
        (neighbour,) = set(TENANTS) - {name}
        hidden, key = BYTES.format(neighbour).encode(), logins[neighbour].key("one")
        for words in (
            *(("GET", key), ("SET", key, "x"), ("DEL", key), ("EXPIRE", key, "0"), ("SET", "x", "x")),
            *(("KEYS", "*"), ("SCAN", "0"), ("RANDOMKEY",), ("DBSIZE",), ("DUMP", key), ("TYPE", key)),
            *(("MGET", logins[name].key("one"), key), ("COPY", key, logins[name].key("c")), ("STRLEN", key)),
            *(("RENAME", key, logins[name].key("r")), ("SORT", key), ("OBJECT", "ENCODING", key)),
            *(("EVAL", "return 1", "0"), ("SCRIPT", "LOAD", "return 1"), ("FUNCTION", "LIST")),
            *(("SUBSCRIBE", "all"), ("PSUBSCRIBE", "*"), ("PUBLISH", "all", "x"), ("MONITOR",), ("SYNC",)),
            *(("CONFIG", "GET", "*"), ("DEBUG", "OBJECT", key), ("ACL", "LIST"), ("ACL", "WHOAMI")),
            *(("CLIENT", "LIST"), ("CLIENT", "TRACKING", "ON"), ("INFO",), ("COMMAND",), ("SELECT", "1")),
            *(("MULTI",), ("WATCH", key), ("FLUSHALL",), ("FLUSHDB",), ("SWAPDB", "0", "1"), ("SAVE",)),
            *(("MIGRATE", "127.0.0.1", "1", key, "0", "1"), ("REPLICAOF", "NO", "ONE"), ("SHUTDOWN",)),
        ):
            with server.connected(*logins[name].words) as pod:
                with pytest.raises(RefusedCommandError, match=r"^NOPERM"):
                    pod.ask(*words)
                assert hidden not in pod.received, words
    assert server.keep("GET", logins["borealis"].key("one")) == BYTES.format("borealis")


def test_no_command_that_the_server_has_is_allowed_besides(server: CacheServer) -> None:
    """Of all its commands, with a neighbour's key in every place that a command has for arguments."""
    resources = declared()
    server.deploy(resources)
    logins = fill(server, resources)
    user, key = logins["acme"].words[0], logins["borealis"].key("one")
    commands = list(all_commands(server))
    assert len(commands) > 300

    def allowed(argument: str) -> set[str]:
        found, unknown = set(), set()
        for words, count in commands:
            answer = dry_run(server, user, [*words, *[argument] * count])
            if answer == "OK":
                found.add(" ".join(words))
            elif "has no permissions" not in answer:
                unknown.add(" ".join(words))
        assert unknown <= {words[0] for words, _ in commands if len(words) > 1}, "asked with subcommands only"
        return found

    assert allowed(key) - BEFORE_LOGIN == {"ping"}
    assert allowed(logins["acme"].key("one")) - BEFORE_LOGIN == ALLOWED


@pytest.mark.whole("a Valkey of its own; the way to users is tried here")
def test_the_exporter_reads_counters_and_nothing_of_a_session(server: CacheServer) -> None:
    """Of all commands, whatever stands in the places of their arguments."""
    resources = declare_plan(plan_of(*map(tenant, TENANTS), platform=measured()))
    server.deploy(resources)
    logins = fill(server, resources)
    user = the(resources, USER, "local-redis-exporter").props["userName"]
    for argument in ("nothing", logins["acme"].key("one")):
        allowed = {
            " ".join(words)
            for words, count in all_commands(server)
            if dry_run(server, user, [*words, *[argument] * count]) == "OK"
        }
        assert allowed - BEFORE_LOGIN == {"info"}
    reference = the(resources, SECRET, "local-redis-exporter").props["stringData"]
    with server.connected(user, reference["password"]) as exporter:
        told = exporter.ask("INFO", "everything")
        assert "used_memory:" in told
        assert "session:" not in told
        with pytest.raises(RefusedCommandError, match="NOPERM"):
            exporter.ask("SLOWLOG", "GET")  # would tell the names of sessions


def dry_run(server: CacheServer, user: str, words: list[str]) -> str:
    """What the server would say to a user's command."""
    try:
        return str(server.keep("ACL", "DRYRUN", user, *words))
    except RefusedCommandError as wrong:
        return str(wrong)


def all_commands(server: CacheServer) -> Iterator[tuple[list[str], int]]:
    """The words of every command and subcommand, and how many arguments it needs."""
    for name, arity, *_, parts in server.keep("COMMAND"):
        yield [name], max(abs(arity) - 1, 0)
        for part, needed, *_rest in parts:
            yield part.split("|"), max(abs(needed) - 2, 0)


def test_the_server_tells_the_access_as_we_write_it(server: CacheServer) -> None:
    """Else the provider would see another one than ours after every update."""
    server.let_in("local-acme", access_string("acme"), ["a-password-of-the-user"])
    (line,) = [each for each in server.keep("ACL", "LIST") if each.startswith("user local-acme ")]
    told = re.sub(r"#[0-9a-f]{64} |sanitize-payload |resetchannels ", "", line).split()
    ours = access_string("acme").split()
    assert told[: 2 + 3] == ["user", "local-acme", *ours[:3]]
    assert sorted(told[5:]) == ours[3:], "the commands alone come in another order"


def test_nobody_logs_in_without_a_user_of_its_own(server: CacheServer) -> None:
    resources = declared()
    server.deploy(resources)
    (default,) = [each for each in resources if each.type == USER and each.props["userName"] == "default"]
    with (
        pytest.raises(RefusedCommandError, match=r"^WRONGPASS"),
        server.connected(*default.props["passwords"]),
    ):
        pass
    with server.connected() as stranger, pytest.raises(RefusedCommandError, match=r"^NOAUTH"):
        stranger.ask("GET", "session::acme:one")
    with pytest.raises(RefusedCommandError, match=r"^WRONGPASS"):
        Connection(server.port, ("local-acme", login(resources, "borealis").words[1])).close()


class Writer:
    """A tenant's pods: every 50 ms one session, half of them over a connection that stays."""

    def __init__(self, server: CacheServer, its: Login) -> None:
        self._server, self._its = server, its
        self._standing = Connection(server.port, its.words)
        self.written = 0
        self.lost: list[tuple[int, str]] = []
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._write)
        self._thread.start()

    def starts_anew(self, its: Login) -> None:
        """Other pods, which were started with other words; those before go when these are ready."""
        fresh = Connection(self._server.port, its.words)
        self._its, before, self._standing = its, self._standing, fresh
        self.works()
        before.close()

    def works(self) -> None:
        """Wait until some more sessions are written."""
        until, wanted = time.monotonic() + 20, self.written + WRITES
        while self.written < wanted:
            assert time.monotonic() < until, self.lost
            time.sleep(PAUSE_SECONDS)

    def stop(self) -> None:
        """No more requests."""
        self._stopped.set()
        self._thread.join()
        self._standing.close()

    def _write(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            number, its = self.written, self._its
            key = its.key(str(number))
            try:
                if number % 2:
                    self._save(self._standing, key)
                else:
                    with self._server.connected(*its.words) as pod:
                        self._save(pod, key)
            except (RefusedCommandError, OSError) as error:
                self.lost.append((number, str(error)))
            self.written += 1

    @staticmethod
    def _save(pod: Connection, key: str) -> None:
        assert pod.ask("SET", key, key) == "OK"
        assert pod.ask("EXPIRE", key, "600") == 1
        assert pod.ask("GET", key) == key


def sessions(server: CacheServer, last: Login, count: int) -> list[Any]:
    """What the pods that are there at the end read of all sessions."""
    with server.connected(*last.words) as pod:
        return [pod.ask("GET", last.key(str(number))) for number in range(count)]


@pytest.mark.whole("fifteen seconds of every stage; each has its user's passwords in tenant/test_rotation")
@pytest.mark.sample(1)
@pytest.mark.parametrize("way", [("second-login", "first-login", None), ("second-login", "back", "was")])
def test_a_rotation_loses_no_session(server: CacheServer, way: tuple[str | None, ...]) -> None:
    resources = declared()
    server.deploy(resources)
    first = login(resources, "acme")
    writer, used = Writer(server, first), [first]
    try:
        for stage in way:
            number = 0 if stage == "was" else 1
            known = RotationStage(stage) if stage not in (None, "was") else None
            resources = declared(Rotation(number=number, stage=known))
            server.deploy(resources)
            writer.works()  # the pods of before, after the cache has changed
            used.append(login(resources, "acme"))
            writer.starts_anew(used[-1])
    finally:
        writer.stop()
    assert writer.lost == []
    assert writer.written >= 2 * WRITES * len(way)
    assert sessions(server, used[-1], writer.written) == [first.key(str(n)) for n in range(writer.written)]
    gone = {its.words for its in used} - {used[-1].words}
    assert len(gone) == 1
    for words in gone:
        with pytest.raises(RefusedCommandError, match=r"^WRONGPASS"):
            Connection(server.port, words)
    assert login(resources, "borealis") == login(declared(), "borealis")


@pytest.mark.whole(
    "of stacks that an old version deployed; tests/localcloud/aws/test_cache_access goes the same way"
)
def test_the_way_from_a_token_to_users_loses_no_session(server: CacheServer) -> None:
    """The pods of an older version have the token of the cache, which opens it until they are replaced."""
    token = "password-of-local-sessions-token"
    server.let_in("default", "on ~* &* +@all", [token])
    old = Login((token,), "acme")
    writer = Writer(server, old)
    try:
        both = declared(tokens=TokenRotation(number=1, stage="both-tokens"))
        server.deploy(both)
        writer.works()
        for name in TENANTS:
            kept = the(both, SECRET, f"{name}-odoo").props["stringData"]
            assert kept["session-token"] == token, "a container of before that starts again reads it"
        with server.connected(token) as pod, pytest.raises(RefusedCommandError, match=r"^NOPERM"):
            pod.ask("KEYS", "*")
        writer.starts_anew(login(both, "acme"))
        ended = declared(tokens=TokenRotation(number=1))
        assert login(ended, "acme") == login(both, "acme")
        server.deploy(ended)
        writer.works()
    finally:
        writer.stop()
    assert writer.lost == []
    assert sessions(server, login(ended, "acme"), writer.written) == [
        old.key(str(number)) for number in range(writer.written)
    ]
    with pytest.raises(RefusedCommandError, match=r"^WRONGPASS"):
        Connection(server.port, (token,))
    for name in TENANTS:
        assert token not in the(ended, SECRET, f"{name}-odoo").props["stringData"].values()
