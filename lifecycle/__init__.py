"""A tenant's life after it was built: how it is proven restorable, and what was done to it, as evidence."""
