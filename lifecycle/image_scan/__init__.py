"""Scanned images: what scanners reported, and whether the rules of `platform.yaml` accept it."""
