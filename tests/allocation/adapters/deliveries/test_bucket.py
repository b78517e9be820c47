"""Bills in S3: of a moto server on the loopback, and of servers that answer as S3 does when it refuses."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest

from allocation.adapters.deliveries.bucket import Bucket
from allocation.errors import AllocationError
from tests.allocation.adapters.bill.written import Read, bill, read
from tests.allocation.adapters.deliveries.delivered import azure_run, data_export, focus
from tests.allocation.adapters.raw_server import sending
from tests.clouds import running_cloud

DAYS = [focus(1), focus(2)]


@pytest.fixture(scope="module")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running_cloud(tmp_path_factory.mktemp("cloud") / "local") as cloud:
        yield cloud.endpoint


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")


@pytest.fixture
def s3(endpoint: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Callable[..., str]:
    """Puts folders into a bucket of the test, and gives its address."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    client: Any = boto3.client("s3")
    bucket = f"b{abs(hash(request.node.name)):x}"
    client.create_bucket(Bucket=bucket)

    def put(folder: Path, prefix: str = "exports/costs/") -> str:
        for path in folder.rglob("*"):
            if path.is_file():
                client.upload_file(str(path), bucket, f"{prefix}{path.relative_to(folder).as_posix()}")
        return f"s3://{bucket}"

    return put


def billed(done: Read) -> Decimal:
    return done.intake.costs["billed"].read


def refusal(*sources: str | Path) -> str:
    with pytest.raises(AllocationError) as caught:
        read(*sources)
    return str(caught.value)


def test_the_newest_execution_in_a_bucket_is_read(tmp_path: Path, s3: Callable[..., str]) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one", newest=False)
    data_export(tmp_path, [*DAYS, focus(3)], "20261104T053621Z-two")
    data_export(tmp_path, DAYS, "20261003T053621Z-before", month="2026-10")
    bucket = s3(tmp_path)
    for address in (f"{bucket}/exports/costs", f"{bucket}/exports/costs/", bucket):
        done = read(address, into=tmp_path / "run")
        assert billed(done) == 30
        (taken,) = done.intake.document()["deliveries"]
        assert (taken["id"], taken["month"], taken["files"]) == ("two", "2026-11", 1)
        reasons = sorted(each["reason"].rpartition("/")[2] for each in done.intake.left_out)
        assert reasons == ["costs-Manifest.json is newer", "it is for 2026-10"]
    # What was fetched goes with the run's private workplace.
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["charges.parquet"]


@pytest.mark.whole("the newest execution of a bucket is read by its manifest above")
def test_a_manifests_address_is_a_bill(tmp_path: Path, s3: Callable[..., str]) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one", newest=False)
    data_export(tmp_path, [*DAYS, focus(3)], "20261104T053621Z-two")
    metadata = f"{s3(tmp_path)}/exports/costs/metadata/BILLING_PERIOD=2026-11"
    assert billed(read(f"{metadata}/costs-Manifest.json")) == 30
    assert billed(read(f"{metadata}/20261103T053621Z-one/costs-Manifest.json")) == 20


@pytest.mark.whole("tests/allocation/adapters/deliveries reads copied manifests from folders")
def test_a_copy_in_another_bucket_below_another_prefix(tmp_path: Path, s3: Callable[..., str]) -> None:
    data_export(tmp_path, DAYS, "20261103T053621Z-one")
    bucket = s3(tmp_path, "copies/of/ours/")
    assert billed(read(f"{bucket}/copies")) == 20
    assert billed(read(f"{bucket}/copies/of/ours/metadata/BILLING_PERIOD=2026-11/costs-Manifest.json")) == 20


@pytest.mark.whole("other tests here list below prefixes")
def test_a_prefix_that_ends_in_a_slash(tmp_path: Path, s3: Callable[..., str]) -> None:
    """AWS writes another one behind it: `exports//costs/data/...`."""
    (_, *manifests) = data_export(tmp_path, DAYS, "20261103T053621Z-one")
    for manifest in manifests:
        manifest.write_text(manifest.read_text().replace("exports/costs", "exports//costs"))
    bucket = s3(tmp_path, "exports//costs/")
    assert billed(read(f"{bucket}/exports")) == 20
    assert billed(read(f"{bucket}/exports//costs/metadata/BILLING_PERIOD=2026-11/costs-Manifest.json")) == 20


@pytest.mark.whole("bills without a manifest are read from folders in test_collection")
def test_bills_without_a_manifest(tmp_path: Path, s3: Callable[..., str]) -> None:
    bill(tmp_path / "a.csv", [focus(1)])
    bill(tmp_path / "b.csv", [focus(2)])
    (tmp_path / "notes.txt").write_text("no bill")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / ".hidden.csv").write_text("no bill")
    bucket = s3(tmp_path, "bills/")
    s3(tmp_path, "bills-of-before/")
    done = read(f"{bucket}/bills")
    assert billed(done) == 20
    assert [charge["source"] for charge in done.charges] == ["a.csv", "b.csv"]
    assert billed(read(f"{bucket}/bills/a.csv")) == 10
    assert billed(read(f"{bucket}/bills/a.csv", tmp_path / "b.csv")) == 20


def test_a_prefix_without_bills_is_an_error(tmp_path: Path, s3: Callable[..., str]) -> None:
    bill(tmp_path / "a.csv", [focus(1)])
    bucket = s3(tmp_path, "bills/")
    assert refusal(f"{bucket}/bill") == f"{bucket}/bill/: expected a bill for 2026-11, found none"
    assert refusal("s3://") == "s3://: expected s3://bucket/prefix, found no bucket"
    assert refusal("s3:///a") == "s3:///a: expected s3://bucket/prefix, found no bucket"
    assert "found no name of a bucket" in refusal("s3://no bucket/a")


def test_a_bucket_that_is_not_there(s3: Callable[..., str], tmp_path: Path) -> None:
    s3(tmp_path)
    assert refusal("s3://nobody-has-this-one/a") == "s3://nobody-has-this-one/a/: there is no such bucket"


def test_a_file_that_changes_while_it_is_read(
    tmp_path: Path, s3: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bill").mkdir()
    bill(tmp_path / "bill" / "a.csv", [focus(1)])
    address = s3(tmp_path / "bill")
    fetched = Bucket.fetched

    def changed_before(self: Bucket, entry: Any, at: Path) -> Path:
        bill(tmp_path / "bill" / "a.csv", [focus(1, "7")])
        s3(tmp_path / "bill")
        return fetched(self, entry, at)

    monkeypatch.setattr(Bucket, "fetched", changed_before)
    assert refusal(f"{address}/exports") == (
        f"{address}/exports/costs/a.csv: it changed while it was read: run the command again when the "
        "delivery is complete"
    )


def test_a_size_that_the_manifest_of_a_bucket_contradicts(tmp_path: Path, s3: Callable[..., str]) -> None:
    azure_run(tmp_path, DAYS, "2026-11-03T06:00:00Z", "2026-11-02T00:00:00Z")
    bill(tmp_path / "part_0_0001.csv", DAYS[:1])
    assert "copy it again" in refusal(s3(tmp_path))


def test_without_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    said = "s3://bills/: no AWS credentials are found: sign in, or set AWS_PROFILE or AWS_ACCESS_KEY_ID"
    assert refusal("s3://bills") == said
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    assert refusal("s3://bills") == said


def _refusing(status: str, code: str) -> Callable[[socket.socket], None]:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>secret-{code}</Message></Error>".encode()

    def send(connection: socket.socket) -> None:
        head = f"HTTP/1.1 {status}\r\nContent-Type: application/xml\r\nContent-Length: {len(body)}\r\n"
        where = "x-amz-bucket-region: eu-west-1\r\n" if code == "PermanentRedirect" else ""
        connection.sendall(f"{head}{where}Connection: close\r\n\r\n".encode() + body)

    return send


@pytest.mark.sample(2)
@pytest.mark.parametrize(
    ("status", "code", "said"),
    [
        ("403 Forbidden", "AccessDenied", "access is denied: the credentials in use need s3:ListBucket"),
        ("400 Bad Request", "ExpiredToken", "AWS does not take the credentials in use"),
        ("403 Forbidden", "InvalidAccessKeyId", "AWS does not take the credentials in use"),
        ("301 Moved", "PermanentRedirect", "the bucket lies in another region: set AWS_REGION"),
        ("400 Bad Request", "AuthorizationHeaderMalformed", "the bucket lies in another region"),
        ("503 Slow Down", "SlowDown", "S3 refuses: SlowDown"),
    ],
)
def test_what_s3_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, status: str, code: str, said: str
) -> None:
    with sending(_refusing(status, code)) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        message = refusal("s3://bills")
    assert message.startswith(f"s3://bills/: {said}")
    assert "secret" not in message
    assert "\n" not in message


def test_a_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with sending(lambda connection: connection.close()) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        assert refusal("s3://bills") == (
            "s3://bills/: S3 cannot be asked (ConnectionClosedError): "
            "check the network, AWS_REGION and AWS_ENDPOINT_URL"
        )


def test_an_answer_that_ends_early(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def send(connection: socket.socket) -> None:
        connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\nETag: "a"\r\n\r\nBilledCost')

    with sending(send) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL", url)
        place = Bucket("bills")
        entry = place.entry("a.csv")
        assert entry
        with pytest.raises(AllocationError, match=r"s3://bills/a\.csv: S3 cannot be asked \("):
            place.fetched(entry, tmp_path / "a.csv")
