// Package v4 has the options of a chart, as far as the provider names their fields.
package v4

import (
	"reflect"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RepositoryOpts says where a chart is.
type RepositoryOpts struct {
	Repo, Username, Password  *string
	CaFile, CertFile, KeyFile pulumi.AssetOrArchive
}

// PostRenderer is the command that rewrites what a chart renders.
type PostRenderer struct {
	Command string
	Args    []string
}

// RepositoryOptsInput is any input that becomes a RepositoryOpts.
type RepositoryOptsInput interface{ pulumi.Input }

// PostRendererInput is any input that becomes a PostRenderer.
type PostRendererInput interface{ pulumi.Input }

// ElementType makes them an input.
func (RepositoryOpts) ElementType() reflect.Type { return reflect.TypeFor[RepositoryOpts]() }

// ElementType makes it an input.
func (PostRenderer) ElementType() reflect.Type { return reflect.TypeFor[PostRenderer]() }
