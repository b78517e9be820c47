"""Security as facts: what services of the cloud meter, and the hours people work."""
