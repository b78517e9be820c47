"""A tenant that is upgraded to another major version of Odoo, as facts."""
