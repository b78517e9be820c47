"""A plan in several stacks: who is in which, what a stack declares, and which stacks a change is for."""
