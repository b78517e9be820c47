"""The `costack` command: parse, call, print. The only reader of the clock and the environment."""
