"""The billed cost of a month: its statement, its state, and its readiness for chargeback."""
