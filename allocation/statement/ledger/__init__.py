"""The ledger of a statement: every amount that is shown, in whole cents that add up in every direction."""
