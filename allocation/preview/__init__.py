"""The cost of a change: cost estimates before and after, and everything shown with them."""
