package shape

import (
	"encoding/json"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	structuralschema "k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/defaulting"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
)

// The API server's own code judges the definitions: what it takes is taken, and
// what it refuses or drops is refused.
func TestDefinitionsAgreeWithTheAPIServer(t *testing.T) {
	text, err := json.Marshal(object(t, engineDefinition))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := json.Unmarshal(text, &crd); err != nil {
		t.Fatal(err)
	}
	var internal apiextensions.JSONSchemaProps
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(crd.Spec.Versions[1].Schema.OpenAPIV3Schema, &internal, nil); err != nil {
		t.Fatal(err)
	}
	structural, err := structuralschema.NewStructural(&internal)
	if err != nil {
		t.Fatal(err)
	}
	validator, _, err := validation.NewSchemaValidator(&internal)
	if err != nil {
		t.Fatal(err)
	}
	var d Definitions
	if err := d.Define(object(t, engineDefinition)); err != nil {
		t.Fatal(err)
	}
	for name, tc := range engines {
		t.Run(name, func(t *testing.T) {
			engine := "{apiVersion: example.com/v1, kind: Engine, metadata: {name: x}, spec: " + tc.spec + "}"
			theirs := object(t, engine)
			dropped := pruning.PruneWithOptions(theirs, structural, true, structuralschema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
			defaulting.PruneNonNullableNullsWithoutDefaults(theirs, structural)
			defaulting.Default(theirs, structural)
			faults := validation.ValidateCustomResource(nil, theirs, validator)
			refused := len(dropped) > 0 || len(faults) > 0
			if err := d.Check(object(t, engine)); (err != nil) != refused {
				t.Errorf("Check(%s) = %v, the API server drops %v and says %v: %s", tc.spec, err, dropped, faults, tc.reason)
			}
		})
	}
}
