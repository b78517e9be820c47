"""Reports of a month for everybody who asks: one page each, with the same data beside it."""
