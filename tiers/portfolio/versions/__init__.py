"""Versions of Odoo: those that a platform offers by name, and the one that each tenant runs."""
