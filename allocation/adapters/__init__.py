"""Adapters: the only code of the allocation that uses files, Pulumi, git, AWS, Prometheus or OpenCost."""
