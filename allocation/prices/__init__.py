"""The price book: unit prices, their checks, and the search."""
