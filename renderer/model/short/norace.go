//go:build !race

package short

const race = false
