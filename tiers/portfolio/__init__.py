"""What a portfolio's files say: the platform, its tenants, and whether they can be had like that."""
