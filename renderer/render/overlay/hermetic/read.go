package hermetic

import (
	"sigs.k8s.io/kustomize/api/types"

	"github.com/gatorcloud/sluice/renderer/model/fault"
	"github.com/gatorcloud/sluice/renderer/model/tree"
)

// Kustomization returns the name and contents of the kustomization in d, read
// within the limits and with deprecated fields moved to where they belong. The
// name is empty unless d holds exactly one.
func Kustomization(d *tree.Dir, limits Limits) (string, *types.Kustomization, error) {
	file := kustomizationOf(d)
	if file == "" {
		return "", nil, nil
	}
	data, err := d.Read(file)
	if err != nil {
		return "", nil, err
	}
	if _, _, err := documents(data, limits.withDefaults()); err != nil {
		return "", nil, err
	}
	var k types.Kustomization
	if err := k.Unmarshal(data); err != nil {
		return "", nil, fault.Hintf("see the reference of kustomization.yaml", "%w", err)
	}
	k.FixKustomization()
	return file, &k, nil
}

// Text refuses YAML that is larger, deeper or expands to more than the limits allow.
func Text(data []byte, limits Limits) error {
	_, _, err := documents(data, limits.withDefaults())
	return err
}
