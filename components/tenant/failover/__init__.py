"""A tenant's part in its second region, and the jobs that lead it there and back."""
