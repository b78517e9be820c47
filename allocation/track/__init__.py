"""Tracks a month before it ends: spend to date, forecast, budgets and anomalies."""
