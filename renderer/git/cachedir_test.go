package git

import (
	"strings"
	"testing"
)

// A mirror's folder says whose it is, to people and for each URL and branch.
func TestCacheName(t *testing.T) {
	const url = "https://git.example.com/Clouds/a b:fleet2.git"
	got := cacheName(url, "main")
	if want := "git.example.com_Clouds_a_b_fleet2.git-"; !strings.HasPrefix(got, want) {
		t.Errorf("cacheName(%q) = %q, want it to begin with %q", url, got, want)
	}
	if again := cacheName(url, "main"); again != got {
		t.Errorf("cacheName(%q) = %q and %q, want one name", url, got, again)
	}
	for _, other := range [][2]string{{url, "release"}, {url + "/", "main"}, {strings.ToLower(url), "main"}, {strings.ReplaceAll(url, " ", "_"), "main"}} {
		if cacheName(other[0], other[1]) == got {
			t.Errorf("cacheName(%q, %q) = %q, which is another's", other[0], other[1], got)
		}
	}
}
