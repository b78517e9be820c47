"""What is declared on AWS: networks, clusters, databases, caches, files, buckets, keys, roles."""
