"""Commitments: what usage bought ahead would have saved on filed months."""
