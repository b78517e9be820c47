"""The allocation of one period: reconciled, filed, explained."""
