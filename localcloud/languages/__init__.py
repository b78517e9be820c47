"""Language hosts of Go, Java and Node.js, and SDKs for C# and Python: for a Pulumi without its release."""
