"""Language hosts for Go and Node.js, and SDKs for Python, too: what a Pulumi without its release lacks."""
