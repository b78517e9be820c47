"""The register of a portfolio's reviews: what became of its signals, and what was decided."""
