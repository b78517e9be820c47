// Package v2 registers nothing: what a bundle of YAML holds would be registered through the generated SDK.
package v2

import (
	"errors"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// RegisterResource refuses with a sentence.
func RegisterResource(_ *pulumi.Context, version, kind, name string, _ pulumi.Input, _ ...pulumi.ResourceOption) (pulumi.CustomResource, error) {
	return nil, errors.New(version + "/" + kind + " " + name + ": this build of the provider unpacks no charts and no bundles of YAML")
}
