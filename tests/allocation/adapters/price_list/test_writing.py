from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allocation.adapters.price_list.writing import price_file_text, write_price_file
from allocation.errors import AllocationError
from allocation.prices.price_book import Offer, Price, PriceFile, Source, price_files, read_price_file

texts = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S", "Zs")), min_size=1, max_size=30)
amounts = st.decimals(min_value=0, max_value=10**6, allow_nan=False, allow_infinity=False, places=10)


@settings(deadline=None)
@given(texts, texts, texts, texts, amounts)
def test_what_is_written_is_read_again(
    service: str, item: str, unit: str, note: str, amount: Decimal
) -> None:
    price = Price(
        service=service,
        item=item,
        unit=unit,
        price=amount,
        confidence="A",
        source="s",
        date="2026-10",
        note=note,
    )
    file = PriceFile(
        provider="aws",
        region="us-east-1",
        currency="USD",
        compiled="2026-11-24",
        sources={"s": Source(what=note, date=unit)},
        offers={"s": Offer(version="1", published="2026-10-06", sha256="0" * 64)},
        prices=[price],
    )
    with TemporaryDirectory() as folder:  # a fixture would be one folder for all examples
        path = Path(folder) / "aws.yaml"
        assert write_price_file(file, path) is True
        assert read_price_file(path) == file
        assert write_price_file(file, path) is False


@pytest.mark.parametrize("path", [path for path in price_files() if path.name.startswith("aws-")])
def test_the_files_of_the_book_are_written_by_this(path: Path) -> None:
    assert price_file_text(read_price_file(path)) == path.read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_one_sentence_and_stays(tmp_path: Path) -> None:
    file = read_price_file(price_files()[0])
    target = tmp_path / "aws.yaml"
    target.mkdir()
    with pytest.raises(AllocationError, match=r"aws\.yaml: cannot be written: "):
        write_price_file(file, target)
    assert [path.name for path in tmp_path.iterdir()] == ["aws.yaml"]
