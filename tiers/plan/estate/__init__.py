"""The portfolios of a project beside each other: the names they make, and what two must not share."""
