"""How Odoo on machines that Costack did not make is taken over: a checklist by phases, in a file."""
