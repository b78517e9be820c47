"""The section `routes` of a tenant's file, and `ingress` of platform.yaml."""
