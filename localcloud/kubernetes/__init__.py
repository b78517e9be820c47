"""The Kubernetes provider of this machine: any kind, applied to an API server or written as manifests."""
