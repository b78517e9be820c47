"""Several stacks of a portfolio: how tenants come into them, and how all of them are updated."""
