"""Adapters of lifecycle commands: AWS, Kubernetes, Pulumi and tenant files."""
