"""What `platform.yaml` says of gates: who approves a change, and what images may hold."""
