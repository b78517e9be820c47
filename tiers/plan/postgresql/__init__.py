"""An upgrade of a PostgreSQL server to a newer major version, as facts."""
