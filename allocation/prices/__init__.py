"""What a unit costs: the price book, what is doubtful in it, and how to search it."""
