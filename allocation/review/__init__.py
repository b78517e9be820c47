"""What a month calls for: why costs changed, and what should be looked at."""
