"""Reads what tenants used: from files, from Prometheus and from OpenCost.

The two servers are read into a CSV, and the CSV into the allocation, so that what a statement rests on is a
file that can be kept, hashed and read again.
"""
