"""A tenant's failover to its second region: the cluster there, and the stages."""
