"""A tenant that is restored in place: a database beside the one in use, and the jobs that fill it."""
