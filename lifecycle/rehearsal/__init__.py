"""Rehearsals of a recovery in the second region: what is made for one, its result, and when one is due."""
