from __future__ import annotations

from pathlib import Path

from tiers.portfolio.folders import portfolio_folder, portfolio_folders


def test_a_portfolio_lies_where_it_is_said_or_in_the_folder_of_all(tmp_path: Path) -> None:
    assert portfolio_folder(Path("mine"), tmp_path, "local") == Path("mine")
    assert portfolio_folder(None, tmp_path, "local") == tmp_path / "portfolios" / "local"


def test_a_folder_without_a_platform_is_none(tmp_path: Path) -> None:
    for name in ("south", "north", "notes"):
        (tmp_path / "portfolios" / name).mkdir(parents=True)
    for name in ("south", "north"):
        (tmp_path / "portfolios" / name / "platform.yaml").touch()
    assert [path.name for path in portfolio_folders(tmp_path)] == ["north", "south"]
    assert portfolio_folders(tmp_path / "elsewhere") == []
