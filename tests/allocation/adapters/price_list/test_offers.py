from __future__ import annotations

from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest

from allocation.adapters.price_list.offers import OfferHead, PriceListError, on_demand_rows, open_offer
from tests.allocation.adapters.price_list.offer_files import PUBLISHED, RDS, S3, VERSION, Offer


@pytest.mark.parametrize("suffix", [".csv", ".json"])
def test_an_offer_says_what_it_is(tmp_path: Path, suffix: str) -> None:
    path = RDS.written(tmp_path, suffix)
    offer = open_offer(path)
    assert offer.head == OfferHead("AmazonRDS", VERSION, PUBLISHED)
    assert offer.sha256 == sha256(path.read_bytes()).hexdigest()


def test_csv_and_json_say_the_same(tmp_path: Path) -> None:
    read = [
        {
            (row.sku, row.begins, row.unit, row.price, row.get("usagetype"), row.get("productfamily"))
            for row in on_demand_rows(open_offer(RDS.written(tmp_path, suffix)))
        }
        for suffix in (".csv", ".json")
    ]
    assert read[0] == read[1]
    assert len(read[0]) == len(RDS.products)


def test_reserved_prices_are_not_read(tmp_path: Path) -> None:
    for suffix in (".csv", ".json"):
        prices = {row.price for row in on_demand_rows(open_offer(RDS.written(tmp_path, suffix)))}
        assert Decimal("0.01") not in prices


def test_every_range_of_a_price_is_read(tmp_path: Path) -> None:
    rows = [row for row in on_demand_rows(open_offer(S3.written(tmp_path))) if row.sku == "S3TIERED"]
    assert {(row.begins, row.price) for row in rows} == {
        ("0", Decimal("0.023")),
        ("51200", Decimal("0.022")),
    }


def read(path: Path) -> None:
    list(on_demand_rows(open_offer(path)))


def test_a_json_that_is_cut_off_is_one_sentence(tmp_path: Path) -> None:
    path = RDS.written(tmp_path, ".json")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(PriceListError, match=r"AmazonRDS.json:1: is not JSON: .*; it may be cut off"):
        read(path)


def test_a_csv_that_is_cut_off_is_one_sentence(tmp_path: Path) -> None:
    path = RDS.written(tmp_path)
    path.write_bytes(path.read_bytes()[:-60])
    with pytest.raises(PriceListError, match=r"cells, expected|is not CSV"):
        read(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.json", "[]", "is no offer file of AWS: expected a JSON object"),
        ("a.json", "{}", "has no offer code, version and publication date"),
        (
            "a.json",
            '{"offerCode": "X", "version": "1", "publicationDate": "2", "products": {"A": {}}, "terms": {}}',
            "KeyError 'attributes' among its products and terms",
        ),
        ("a.csv", "", "has no line of column names that begins with SKU"),
        ("a.csv", '"OfferCode","X"\n"SKU","Unit"\n', "has no offer code"),
        ("a.csv", "price;unit\n" * 50, "has no line of column names"),
    ],
)
def test_what_is_no_offer_is_refused(tmp_path: Path, name: str, text: str, message: str) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PriceListError, match=message):
        read(path)


def test_a_column_that_is_missing_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(RDS.as_csv().replace('"TermType"', '"Term Kind"'), encoding="utf-8")
    with pytest.raises(PriceListError, match="has no column termtype"):
        read(path)


@pytest.mark.parametrize("price", ["[1, 1]", "true", "{}"])
def test_a_price_of_another_kind_is_refused(tmp_path: Path, price: str) -> None:
    path = RDS.written(tmp_path, ".json")
    path.write_text(path.read_text(encoding="utf-8").replace('"0.0650000000"', price), encoding="utf-8")
    with pytest.raises(PriceListError, match="expected a number"):
        read(path)


@pytest.mark.parametrize("suffix", [".csv", ".json"])
@pytest.mark.parametrize("price", ["free", "NaN"])
def test_a_price_that_is_no_number_is_refused(tmp_path: Path, suffix: str, price: str) -> None:
    path = RDS.written(tmp_path, suffix)
    path.write_text(path.read_text(encoding="utf-8").replace("0.0650000000", price), encoding="utf-8")
    with pytest.raises(PriceListError, match=f"a price is '{price}', expected a number"):
        read(path)


def test_other_currencies_are_not_ours(tmp_path: Path) -> None:
    path = Offer("AmazonRDS", RDS.products[:1]).written(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace('"USD"', '"CNY"'), encoding="utf-8")
    assert list(on_demand_rows(open_offer(path))) == []


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PriceListError, match="is not UTF-8 text"):
        read(path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PriceListError, match="no such file"):
        open_offer(tmp_path / "none.csv")
