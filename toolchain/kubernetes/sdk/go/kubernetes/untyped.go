// Package kubernetes stands in for the generated Go SDK. The provider uses it only to unpack charts and bundles
// of YAML, which this project has none of; its core package alone takes 2.8 GB of memory to compile.
package kubernetes

import "reflect"

// UntypedArgs are the properties of an object of any kind.
type UntypedArgs map[string]any

// ElementType makes them an input.
func (UntypedArgs) ElementType() reflect.Type { return reflect.TypeFor[map[string]any]() }
