"""Pulumi's engine side on one machine: language host, resource providers and the servers they talk to."""
