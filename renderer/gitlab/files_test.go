package gitlab

import (
	"os"
	"path"
	"strings"
	"testing"
)

// The pipeline that sluice gives to others has the job whose page notes link to.
func TestPipelineHasThePlan(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../install/pipeline.yml")
	if err != nil {
		t.Fatal(err)
	}
	_, job, found := strings.Cut(string(text), "\n"+planJob+":\n")
	job, _, _ = strings.Cut(job, "\n\n")
	if dir := path.Dir(planFile); !found || !strings.Contains(job, "--artifacts "+dir+" ") || !strings.Contains(job, "paths: ["+dir+"]") {
		t.Errorf("pipeline.yml has no job %s that leaves %s:\n%s", planJob, planFile, job)
	}
}
