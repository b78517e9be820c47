"""What a public scanner says of a stack: rendered for checkov, its findings held against waivers."""
