"""A tenant that is upgraded to another major version of Odoo: the job that does it on a database beside."""
