"""Versions that a change asks for: of servers and of Odoo, and which steps AWS and databases allow."""
