"""What AWS and Pulumi say of a restore in place."""
