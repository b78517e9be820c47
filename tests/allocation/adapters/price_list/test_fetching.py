from __future__ import annotations

import json
from pathlib import Path

import pytest

from allocation.adapters.price_list.fetching import PriceList
from allocation.adapters.price_list.offers import PriceListError, open_offer
from tests.allocation.adapters.price_list.offer_files import RDS, VERSION
from tests.allocation.adapters.price_list.price_server import index_of, serving
from tests.allocation.adapters.usage.server import Answer, answering, in_turn


def fetched(url: str, folder: Path, region: str = "us-east-1", code: str = "AmazonRDS") -> Path:
    return PriceList(url, first_wait_seconds=0.01).fetch(code, region, folder, lambda *_: None)


def test_the_current_version_of_a_region_is_fetched(tmp_path: Path) -> None:
    with answering(serving(RDS)) as server:
        path = fetched(server.url, tmp_path)
    assert open_offer(path).head.version == VERSION
    assert path.read_text(encoding="utf-8") == RDS.as_csv()
    assert [asked[0] for asked in server.asked] == [
        "/offers/v1.0/aws/AmazonRDS/current/region_index.json",
        f"/offers/v1.0/aws/AmazonRDS/{VERSION}/us-east-1/index.csv",
    ]


def test_no_credentials_are_sent(tmp_path: Path) -> None:
    with answering(serving(RDS)) as server:
        fetched(server.url, tmp_path)
    assert not {"authorization", "cookie"} & {name.lower() for _, _, sent in server.asked for name in sent}


def test_how_much_has_come_is_reported(tmp_path: Path) -> None:
    reported: list[tuple[str, int, int]] = []
    with answering(serving(RDS)) as server:
        PriceList(server.url).fetch("AmazonRDS", "us-east-1", tmp_path, lambda *said: reported.append(said))
    size = len(RDS.as_csv().encode())
    assert reported[-1] == ("AmazonRDS", size, size)


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with answering(
        in_turn((503, "busy"), (200, index_of(RDS)), (429, "slower"), (200, RDS.as_csv()))
    ) as server:
        path = fetched(server.url, tmp_path)
    assert open_offer(path).head.code == "AmazonRDS"
    assert len(server.asked) == 4


def test_a_server_that_stays_busy_is_one_sentence(tmp_path: Path) -> None:
    with answering(lambda *_: (503, "busy")) as server, pytest.raises(PriceListError) as error:
        fetched(server.url, tmp_path)
    assert str(error.value).endswith("region_index.json: answered status 503, every time; try later")


def test_what_breaks_off_is_fetched_again_from_its_beginning(tmp_path: Path) -> None:
    whole = RDS.as_csv()
    with answering(in_turn((200, index_of(RDS)), (200, whole))) as server:
        (tmp_path / "AmazonRDS.csv").write_text("half of it", encoding="utf-8")
        path = fetched(server.url, tmp_path)
    assert path.read_text(encoding="utf-8") == whole


def test_an_address_that_cannot_be_reached_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PriceListError) as error:
        fetched("http://127.0.0.1:1", tmp_path)
    assert str(error.value) == (
        "http://127.0.0.1:1: could not be reached (ConnectError); where it can, fetch "
        "/offers/v1.0/aws/OFFER/current/REGION/index.csv there and give it with --file"
    )


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((404, "no such offer"), "answered status 404; check --service, --region and --url"),
        ((302, ""), "answered status 302"),
        ((200, "<html>"), "answered no JSON object; check --url"),
        ((200, "[]"), "answered no JSON object"),
        ((200, "{}"), "offer AmazonRDS has no prices of region us-east-1"),
        ((200, json.dumps({"regions": {"us-east-1": {}}})), "has no prices of region us-east-1"),
        (
            (
                200,
                json.dumps({"regions": {"us-east-1": {"currentVersionUrl": "http://elsewhere/index.json"}}}),
            ),
            "has no prices of region us-east-1",
        ),
        ((200, " " * 5_000_001), "answered more than 5,000,000 bytes; check --url"),
    ],
)
def test_an_answer_that_is_no_index_is_refused(tmp_path: Path, answer: Answer, message: str) -> None:
    with answering(lambda *_: answer) as server, pytest.raises(PriceListError, match=message):
        fetched(server.url, tmp_path)


@pytest.mark.parametrize("url", ["ftp://prices.example", "prices.example", "http://"])
def test_what_is_no_address_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(PriceListError, match="expected a URL that begins with http:// or https://"):
        fetched(url, tmp_path)


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    with answering(serving(RDS)) as server, pytest.raises(PriceListError, match="cannot be written"):
        fetched(server.url, tmp_path / "none")
