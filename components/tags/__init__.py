"""Cost tags on everything that is declared, and on what AWS and Kubernetes create from it."""
