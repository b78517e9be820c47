"""What a lifecycle command does in the world: AWS, Kubernetes, Pulumi and tenant files."""
