"""What is declared on Kubernetes: pods, jobs, routes, policies, monitoring."""
