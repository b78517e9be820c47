"""What `costack stacks` does with many stacks: update them, split one into them, render them as manifests."""
