"""Namespaces under policy: what all pods of one may request, and whose pods go first."""
