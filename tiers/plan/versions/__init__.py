"""The plan of a tenant's version of Odoo: the jobs that prepare it."""
