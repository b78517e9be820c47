"""What must hold for every resource, whoever declared it: the same rules in `pulumi preview` and in tests."""
