"""What a change costs: two cost estimates side by side, and all that is shown beside them."""
