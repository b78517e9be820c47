"""Where uploads come from and go to: buckets of S3."""
