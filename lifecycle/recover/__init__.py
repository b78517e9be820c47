"""How a stack is made whole after a command was killed."""
