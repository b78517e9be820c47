"""What must hold for every resource of any program: the same rules in `pulumi preview` and in tests."""
