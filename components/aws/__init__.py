"""Resources on AWS: networks, clusters, databases, caches, files, buckets, keys, roles."""
