"""What `platform.yaml` says of the namespaces that tenants share: quotas."""
