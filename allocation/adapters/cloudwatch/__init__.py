"""Metrics of Amazon CloudWatch: what is asked for, and the export that `aws cloudwatch` writes."""
