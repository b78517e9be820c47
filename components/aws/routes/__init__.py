"""The way to a tenant in AWS: records of its host names, and its CDN."""
