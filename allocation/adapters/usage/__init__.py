"""Reads the usage of tenants from files, Prometheus, OpenCost, AWS' reports and the manifests of backups.

The servers' data goes into a CSV, and the CSV into the allocation, so that a statement is based on a file
that can be kept, hashed and read again.
"""
