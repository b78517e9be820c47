"""Objects on Kubernetes: pods, jobs, routes, policies, monitoring."""
