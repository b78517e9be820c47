"""What a plan costs in a month: quantities at the price book's prices, as a statement."""
