"""A tenant's upgrade to another major version of Odoo: its stages, and what it needs."""
