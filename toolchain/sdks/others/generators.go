package main

import (
	"bytes"
	"encoding/base64"
	"io"
	"net/http"

	"github.com/pulumi/pulumi-java/pkg/codegen/java"
	"github.com/pulumi/pulumi/pkg/v3/codegen/dotnet"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

// The generator of Java is in a module of its own, published in this version only. That of C# was in the CLI's module
// until v3.225; those of today's releases are in modules that are not published.
var generators = map[string]generator{
	"dotnet": func(pkg *schema.Package, _ schema.ReferenceLoader) (map[string][]byte, error) {
		withoutNetwork()
		return dotnet.GeneratePackage(tool, pkg, nil, nil)
	},
	"java": func(pkg *schema.Package, _ schema.ReferenceLoader) (map[string][]byte, error) {
		return java.GeneratePackage(tool, pkg, nil, nil, true, false)
	},
}

// A transparent dot of 1 x 1 pixels, as PNG.
const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="

type logos struct{}

func (logos) RoundTrip(request *http.Request) (*http.Response, error) {
	image, err := base64.StdEncoding.DecodeString(dot)
	return &http.Response{
		StatusCode: http.StatusOK, Request: request, Body: io.NopCloser(bytes.NewReader(image)),
	}, err
}

// The generator of C# downloads a logo for its NuGet package, Pulumi's own if the package has none. Nobody publishes
// what is made here, and the machine may have no network.
func withoutNetwork() {
	http.DefaultTransport = logos{}
}
