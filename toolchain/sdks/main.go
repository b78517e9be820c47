// Generates the SDK of a Pulumi package: pulumi-sdks LANGUAGE FOLDER LOADER, with the package's schema as its
// input, and the engine's loader of other packages' schemas.
// Pulumi's releases do this in the language hosts of Go, Node.js and Python, whose modules are not published; the
// generators themselves are a part of the CLI's module.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	gogen "github.com/pulumi/pulumi/pkg/v3/codegen/go"
	"github.com/pulumi/pulumi/pkg/v3/codegen/nodejs"
	"github.com/pulumi/pulumi/pkg/v3/codegen/python"
	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi-sdks"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatal("expected: pulumi-sdks go|nodejs|python FOLDER LOADER < schema.json")
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(language, folder, target string) error {
	text, err := io.ReadAll(os.Stdin)
	if err != nil {
		return err
	}
	var spec schema.PackageSpec
	if err := json.Unmarshal(text, &spec); err != nil {
		return fmt.Errorf("the schema: %w", err)
	}
	client, err := schema.NewLoaderClient(target)
	if err != nil {
		return err
	}
	defer client.Close()
	loader := schema.NewCachedLoader(client)
	pkg, diagnostics, err := schema.BindSpec(spec, loader, schema.ValidationOptions{})
	if err != nil {
		return err
	}
	if diagnostics.HasErrors() {
		return errors.Join(diagnostics.Errs()...)
	}
	files, err := generated(language, pkg, loader)
	if err != nil {
		return err
	}
	for name, content := range files {
		path := filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func generated(language string, pkg *schema.Package, loader schema.ReferenceLoader) (map[string][]byte, error) {
	switch language {
	case "go":
		return gogen.GeneratePackage(tool, pkg, nil)
	case "nodejs":
		return nodejs.GeneratePackage(tool, pkg, nil, nil, true, loader)
	case "python":
		return python.GeneratePackage(tool, pkg, nil, loader)
	}
	return nil, fmt.Errorf("there is no generator for %s: expected go, nodejs or python", language)
}
