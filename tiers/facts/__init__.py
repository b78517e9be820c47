"""All kinds of facts: one plain record for each thing that is built, bought or worked."""
