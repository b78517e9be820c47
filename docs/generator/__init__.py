"""Writes the pages made from code: commands, files of a portfolio, modules. `python -m docs.generator`."""
