"""What a bill says a month cost: its statement, its state, and whether it can be booked."""
