"""The options and help of every command; nothing here takes time to import."""
