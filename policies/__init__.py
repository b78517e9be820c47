"""Policies for every resource, from any program: the same rules in `pulumi preview` and in tests."""
