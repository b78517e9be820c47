"""Reads the price lists that AWS publishes, and updates the price book with them.

An offer is AWS's price list of one service in one region, as CSV or JSON; it needs no credentials. Rules map
its lines to items of the book. A rule that does not find exactly one SKU stops the update, because a wrong
price looks like any other.
"""
