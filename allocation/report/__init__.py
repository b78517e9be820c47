"""What a statement looks like: pure functions from a statement to text."""
