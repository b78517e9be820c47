"""Reads the usage of tenants from files, Prometheus and OpenCost.

The servers' data goes into a CSV, and the CSV into the allocation, so that a statement is based on a file
that can be kept, hashed and read again.
"""
