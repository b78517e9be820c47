// Serves the official Kubernetes provider. Its own main package embeds two documents that are made when it is
// released and are not in its module; kubernetes_provider.py makes them before it builds this.
package main

import (
	"embed"
	"log"

	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/provider"
	"github.com/pulumi/pulumi-kubernetes/provider/v4/pkg/version"
)

//go:embed documents
var documents embed.FS

func document(name string) []byte {
	text, err := documents.ReadFile("documents/" + name)
	if err != nil {
		log.Fatal(err)
	}
	return text
}

func main() {
	provider.Serve("kubernetes", version.Version, document("schema.json"), document("terraform-mapping.json"))
}
