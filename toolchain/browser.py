"""Provides Chromium for the tests: found on PATH, or Debian's packages unpacked once per user."""

from __future__ import annotations

import sys

from debian import DebianProgram, command

OLDEST = 150
"""The oldest major version that Playwright was seen to drive through our tests."""
# Only these fonts are used, so that a page has the same width on every machine.
FONTS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
<dir prefix="relative">usr/share/fonts</dir>
<cachedir prefix="xdg">fontconfig</cachedir>
<alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
<alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
<alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
"""
CHROMIUM = DebianProgram(
    name="chromium",
    title="Chromium",
    names=(
        *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"),
        "chromium-headless-shell",
    ),
    oldest=(OLDEST,),
    # The shell is Chromium without windows. The font is wider than most: what fits in it fits in others.
    packages=("chromium-headless-shell", "fonts-dejavu-core"),
    program="usr/lib/chromium/chromium-headless-shell",
    fetches="Chromium, its libraries and a font",
    size="about 110 MB",
    remedy=f"put a `chromium` or `google-chrome` of version {OLDEST} or newer on PATH, then run this again.",
    settings='export FONTCONFIG_FILE="$here/fonts.conf"\n',
    files={"fonts.conf": FONTS},
)


if __name__ == "__main__":
    sys.exit(command(CHROMIUM))
