"""Reads the price lists that AWS publishes, and brings a file of the price book up to date with them.

An offer is AWS's price list of one service in one region, as CSV or JSON; it needs no credentials. Rules say
which of its lines is which item of the book. A rule that finds other than one SKU stops the update: a wrong
price looks like any other.
"""
