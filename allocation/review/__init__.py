"""The review of a month: why costs changed, and which decisions are due."""
