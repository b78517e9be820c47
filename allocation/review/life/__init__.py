"""The life of signals and of decisions: what a month shows, beside what people said of it."""
