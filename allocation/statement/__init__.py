"""The statement of a period: reconciled, filed, explained."""
