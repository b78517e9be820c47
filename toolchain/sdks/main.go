// Generates the SDK of a Pulumi package: pulumi-sdks LANGUAGE FOLDER LOADER, with the package's schema as its
// input, and the engine's loader of other packages' schemas.
// Pulumi's releases do this in their language hosts, most of which are no published modules. The generators are:
// each folder here is a module with those that can be built together, and this file is compiled into each.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/pkg/v3/codegen/schema"
)

const tool = "pulumi-sdks"

// A generator returns the files of an SDK by their paths.
type generator func(pkg *schema.Package, loader schema.ReferenceLoader) (map[string][]byte, error)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 4 {
		log.Fatalf("expected: %s LANGUAGE FOLDER LOADER < schema.json", filepath.Base(os.Args[0]))
	}
	if err := run(os.Args[1], os.Args[2], os.Args[3]); err != nil {
		log.Fatal(err)
	}
}

func run(language, folder, target string) error {
	generate, known := generators[language]
	if !known {
		return fmt.Errorf("there is no generator for %s: expected one of %s", language,
			strings.Join(slices.Sorted(maps.Keys(generators)), ", "))
	}
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
	files, err := generate(pkg, loader)
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
