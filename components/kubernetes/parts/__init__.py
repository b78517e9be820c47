"""Platform parts that are no tenant's: exporters of the cluster and of what tenants share."""
