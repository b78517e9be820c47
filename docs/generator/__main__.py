"""Writes every generated page to its place: `make docs`."""

from __future__ import annotations

from docs.generator.pages import FOLDER, PAGES

if __name__ == "__main__":
    for name, write in PAGES.items():
        (FOLDER / name).write_text(write(), encoding="utf-8")
