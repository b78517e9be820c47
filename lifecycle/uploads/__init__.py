"""An Odoo that somebody uploads: what is in its archive, whether it may come in, where it is put."""
