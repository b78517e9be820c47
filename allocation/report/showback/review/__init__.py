"""What reviews decide with: decisions to take and what became of them, sizes that would do, trends."""
