package query

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"sigs.k8s.io/yaml"
)

// contract is openapi.yaml as the judge of answers.
type contract struct {
	t     *testing.T
	paths map[string]map[string]struct {
		Responses map[string]struct {
			Ref     string         `json:"$ref"`
			Content map[string]any `json:"content"`
		} `json:"responses"`
	}
	schemas *jsonschema.Compiler
	seen    map[string]bool // operation and status
}

func newContract(t *testing.T) *contract {
	t.Helper()
	c := &contract{t: t, schemas: jsonschema.NewCompiler(), seen: map[string]bool{}}
	var file struct{ Paths any }
	data, err := yaml.YAMLToJSONStrict(Contract)
	if err != nil {
		t.Fatal(err)
	}
	whole, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil || json.Unmarshal(data, &file) != nil {
		t.Fatal(err)
	}
	paths, _ := json.Marshal(file.Paths)
	if err := json.Unmarshal(paths, &c.paths); err != nil {
		t.Fatal(err)
	}
	c.schemas.AssertFormat()
	if err := c.schemas.AddResource("openapi.json", whole); err != nil {
		t.Fatal(err)
	}
	return c
}

// declared are all operations with their statuses.
func (c *contract) declared() []string {
	var all []string
	for path, methods := range c.paths {
		for method, o := range methods {
			for status := range o.Responses {
				all = append(all, strings.ToUpper(method)+" "+path+" "+status)
			}
		}
	}
	slices.Sort(all)
	return all
}

// check holds an answer to the contract.
func (c *contract) check(path string, req *http.Request, got *httptest.ResponseRecorder) {
	c.t.Helper()
	o, ok := c.paths[path][strings.ToLower(req.Method)].Responses[fmt.Sprint(got.Code)]
	if !ok {
		c.t.Errorf("%s %s answers %d, which the contract does not know", req.Method, path, got.Code)
		return
	}
	c.seen[fmt.Sprintf("%s %s %d", req.Method, path, got.Code)] = true
	kind, _, _ := mime.ParseMediaType(got.Header().Get("Content-Type"))
	at := "openapi.json#/paths/" + strings.ReplaceAll(path, "/", "~1") + "/" + strings.ToLower(req.Method) + "/responses/" + fmt.Sprint(got.Code)
	content := o.Content
	if o.Ref != "" {
		at, content = "openapi.json"+o.Ref, map[string]any{"application/problem+json": nil}
	}
	if len(content) == 0 {
		if got.Body.Len() > 0 {
			c.t.Errorf("%s %s %d has a body, want none: %s", req.Method, path, got.Code, got.Body)
		}
		return
	}
	if _, ok := content[kind]; !ok {
		c.t.Errorf("%s %s %d is %q, want one of %v", req.Method, path, got.Code, kind, slices.Collect(maps.Keys(content)))
	}
	if !strings.HasSuffix(kind, "json") {
		return
	}
	schema, err := c.schemas.Compile(at + "/content/" + strings.ReplaceAll(kind, "/", "~1") + "/schema")
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := jsonschema.UnmarshalJSON(bytes.NewReader(got.Body.Bytes()))
	if err == nil {
		err = schema.Validate(body)
	}
	if err != nil {
		c.t.Errorf("%s %s %d = %s\nis not as the contract says: %v", req.Method, path, got.Code, got.Body, err)
	}
}

// The contract and the handlers have the same operations.
func TestContractNamesTheRoutes(t *testing.T) {
	var told, have []string
	for path, methods := range newContract(t).paths {
		for method := range methods {
			told = append(told, strings.ToUpper(method)+" "+path)
		}
	}
	for _, r := range (&handler{}).routes() {
		have = append(have, r.method+" "+r.path)
	}
	slices.Sort(told)
	slices.Sort(have)
	if !slices.Equal(told, have) {
		t.Errorf("operations of the contract are %q, of the handlers %q", told, have)
	}
}
