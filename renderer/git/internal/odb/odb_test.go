package odb

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gatorcloud/sluice/renderer/git/gittest"
	"github.com/gatorcloud/sluice/renderer/git/internal/object"
	"github.com/gatorcloud/sluice/renderer/git/internal/pack"
	"github.com/gatorcloud/sluice/renderer/model/short"
)

// openStore returns the store of a repository.
func openStore(t testing.TB, repo *gittest.Repo) *Store {
	t.Helper()
	dir := filepath.Join(repo.Dir, "objects")
	s, err := Open(dir, filepath.Join(repo.Dir, "sluice", "packs"), Disk(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// every reads all objects that git lists and returns how many they are.
func every(t testing.TB, repo *gittest.Repo, s *Store) int {
	t.Helper()
	names := strings.Fields(repo.Git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)"))
	for _, name := range names {
		h, err := object.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		if k, _, err := s.Read(h); err != nil || !s.Has(h) || k == 0 {
			t.Errorf("Read(%s) = %v, Has = %v", name, err, s.Has(h))
		}
	}
	return len(names)
}

// makeHistory gives the repository commits with a file that grows.
func makeHistory(t testing.TB, repo *gittest.Repo, n int) {
	t.Helper()
	for i := range n {
		repo.Write(fmt.Sprintf("dir%d/file", i%3), strings.Repeat(fmt.Sprintf("line %d\n", i), 50+i))
	}
}

func TestReadsWhatGitWrites(t *testing.T) {
	cases := map[string]func(repo *gittest.Repo){
		"Loose":   func(repo *gittest.Repo) { repo.Git("config", "fastimport.unpackLimit", "100") },
		"Packs":   func(repo *gittest.Repo) { repo.Git("config", "fastimport.unpackLimit", "1") },
		"Deltas":  func(repo *gittest.Repo) {},
		"Mixture": func(repo *gittest.Repo) {},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			if name != "Deltas" {
				short.Skip(t, "runs git again and again")
			}
			repo := gittest.New(t)
			prepare(repo)
			makeHistory(t, repo, 10)
			if name == "Deltas" || name == "Mixture" {
				repo.Git("repack", "-q", "-a", "-d", "-f", "--depth=50")
			}
			if name == "Mixture" {
				makeHistory(t, repo, 5)
				repo.Git("repack", "-q", "-d")
				makeHistory(t, repo, 4)
				repo.Git("tag", "-a", "-m", "a tag", "v1", "main")
			}
			if n := every(t, repo, openStore(t, repo)); n < 30 {
				t.Errorf("only %d objects", n)
			}
		})
	}
}

// TestGitMovesObjects has git repack under an open store.
func TestGitMovesObjects(t *testing.T) {
	short.Skip(t, "runs git again and again")
	repo := gittest.New(t)
	makeHistory(t, repo, 5)
	s := openStore(t, repo)
	makeHistory(t, repo, 5)
	every(t, repo, s)
	repo.Git("gc", "-q", "--prune=now")
	every(t, repo, s)
	h, _ := object.Parse(repo.Tip())
	if !s.Freshen(h) {
		t.Error("Freshen of an object that git moved = false, want true")
	}
}

func TestAlternates(t *testing.T) {
	base := gittest.New(t)
	makeHistory(t, base, 5)
	repo := gittest.New(t)
	alternates := filepath.Join(repo.Dir, "objects", "info", "alternates")
	if err := os.WriteFile(alternates, []byte("# comment\n\n"+filepath.Join(base.Dir, "objects")+"\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := openStore(t, repo)
	if n := every(t, repo, s); n < 15 {
		t.Errorf("only %d objects", n)
	}
	base.Git("gc", "-q", "--prune=now")
	makeHistory(t, base, 1)
	base.Git("repack", "-q", "-a", "-d")
	every(t, repo, s)
	if err := os.WriteFile(alternates, []byte("../objects\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(repo.Dir, "objects")
	if s, err := Open(dir, "", Disk(dir)); err == nil {
		s.Close()
		t.Error("Open with an alternate that is itself = nil, want an error")
	}
}

func TestMissingAndDamaged(t *testing.T) {
	repo := gittest.New(t)
	repo.Git("config", "fastimport.unpackLimit", "100")
	makeHistory(t, repo, 3)
	s := openStore(t, repo)
	if _, _, err := s.Read(object.Hash{1}); !errors.Is(err, ErrMissing) {
		t.Errorf("Read of an absent object = %v, want ErrMissing", err)
	}
	h, _ := object.Parse(repo.Tip())
	path := s.loosePath(h)
	other, _ := object.Parse(repo.Git("rev-parse", "main~1"))
	stolen, err := os.ReadFile(s.loosePath(other))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"Empty": nil, "Garbage": []byte("garbage"), "CutOff": stolen[:len(stolen)/2], "AnotherOne": stolen} {
		if err := errors.Join(os.Chmod(path, 0o600), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, _, err := s.Read(h); !errors.Is(err, ErrDamaged) {
			t.Errorf("%s: Read of a damaged object = %v, want ErrDamaged", name, err)
		}
	}
	if _, err := s.ReadKind(object.Tree, other); err == nil || errors.Is(err, ErrDamaged) {
		t.Errorf("ReadKind(tree) of a commit = %v, want an error that says so", err)
	}
}

// addBlobs installs a pack of n new blobs and takes note of it.
func addBlobs(t testing.TB, s *Store, salt string, n int) []object.Hash {
	t.Helper()
	w := pack.NewWriter(s.Disk(), pack.NewBatches())
	b := w.Batch()
	var added []object.Hash
	for i := range n {
		data := fmt.Appendf(nil, "%s %d", salt, i)
		h := object.Sum(object.Blob, data)
		added = append(added, h)
		if err := b.Add(object.Blob, h, data); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Flush(); err != nil {
		t.Fatal(err)
	}
	p, err := w.Finish()
	if err == nil {
		err = errors.Join(s.Install(p, true), s.Compact(p, true))
	}
	if err != nil {
		t.Fatal(err)
	}
	return added
}

func packs(t testing.TB, repo *gittest.Repo) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(repo.Dir, "objects", "pack", "*.pack"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestPacksStayFew installs hundreds of small packs while others read.
func TestPacksStayFew(t *testing.T) {
	if testing.Short() {
		t.Skip("writes hundreds of packs")
	}
	repo := gittest.New(t)
	makeHistory(t, repo, 1)
	repo.Git("repack", "-q", "-a", "-d")
	foreign := packs(t, repo)
	s, reader := openStore(t, repo), openStore(t, repo)
	var mu sync.Mutex
	var all []object.Hash
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-done:
					return
				case <-time.After(time.Millisecond):
				}
				mu.Lock()
				known := all
				mu.Unlock()
				for _, h := range known[max(0, len(known)-40):] {
					if _, _, err := reader.Read(h); err != nil {
						t.Errorf("Read while packs are joined: %v", err)
						return
					}
				}
			}
		})
	}
	most := 0
	for i := range 600 {
		added := addBlobs(t, s, fmt.Sprint("commit ", i), 9)
		mu.Lock()
		all = append(all, added...)
		mu.Unlock()
		most = max(most, len(packs(t, repo)))
	}
	close(done)
	wg.Wait()
	if most > 3*fanIn {
		t.Errorf("%d packs at once after 600 commits, want at most %d", most, 3*fanIn)
	}
	fresh := openStore(t, repo)
	for _, h := range all {
		if !fresh.Has(h) || !s.Has(h) {
			t.Fatalf("object %s is gone", h)
		}
	}
	if _, err := os.Stat(foreign[0]); err != nil {
		t.Errorf("a pack of git's is gone: %v", err)
	}
	repo.Check()
	if said := repo.Git("count-objects", "-v"); !strings.Contains(said, "garbage: 0") {
		t.Errorf("git count-objects: %s", said)
	}
}

// TestReadsWhatIsMovedMeanwhile moves packs between the moment at which a
// reader lists them and that at which it opens them.
func TestReadsWhatIsMovedMeanwhile(t *testing.T) {
	short.Skip(t, "runs git again and again")
	cases := map[string]struct {
		reason string
		moves  int
		seen   func([]os.DirEntry) []os.DirEntry
	}{
		"Overtaken": {"what was listed is gone when it is opened", 1, func(all []os.DirEntry) []os.DirEntry { return all }},
		"Twice":     {"and so is what is listed then", 2, func(all []os.DirEntry) []os.DirEntry { return all }},
		"Torn":      {"a listing in several parts shows neither the old packs nor the new one", 1, func([]os.DirEntry) []os.DirEntry { return nil }},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			repo := gittest.New(t)
			s, reader := openStore(t, repo), openStore(t, repo)
			added := addBlobs(t, s, "first", 9)
			for i := range fanIn - 2 {
				addBlobs(t, s, fmt.Sprint(i), 9)
			}
			listed := 0
			reader.readDir = func(path string) []os.DirEntry {
				all := readDir(path)
				if filepath.Base(path) != "pack" || listed == tc.moves {
					return all
				}
				if listed++; listed == 1 {
					addBlobs(t, s, "last", 9)
				} else {
					repo.Git("repack", "-q", "-a", "-d", "--keep-unreachable")
				}
				return tc.seen(all)
			}
			if _, _, err := reader.Read(added[0]); err != nil {
				t.Errorf("Read() = %v, want it found: %s", err, tc.reason)
			}
			if got := len(packs(t, repo)); got != 1 || listed != tc.moves {
				t.Errorf("%d packs after %d moves, want all in one after %d", got, listed, tc.moves)
			}
			if _, _, err := reader.Read(object.Hash{1}); !errors.Is(err, ErrMissing) {
				t.Errorf("Read() of an absent object = %v, want ErrMissing", err)
			}
		})
	}
}

// TestJoiningSurvivesGit has git gc take packs away that the ledger lists, and
// checks that a multi-pack index is left alone.
func TestJoiningSurvivesGit(t *testing.T) {
	short.Skip(t, "runs git again and again")
	repo := gittest.New(t)
	makeHistory(t, repo, 1)
	s := openStore(t, repo)
	for i := range fanIn - 1 {
		addBlobs(t, s, fmt.Sprint(i), 9)
	}
	repo.Git("repack", "-q", "-a", "-d", "--keep-unreachable")
	last := addBlobs(t, s, "last", 9)
	if got := len(packs(t, repo)); got != 2 {
		t.Errorf("%d packs, want git's and the joined one", got)
	}
	if _, _, err := s.Read(last[0]); err != nil {
		t.Error(err)
	}
	every(t, repo, s)
	repo.Git("multi-pack-index", "write")
	before := len(packs(t, repo))
	for i := range 2 * fanIn {
		addBlobs(t, s, fmt.Sprint("more ", i), 9)
	}
	if got := len(packs(t, repo)); got != before+2*fanIn {
		t.Errorf("%d packs beside a multi-pack index, want %d untouched ones", got, before+2*fanIn)
	}
	repo.Check()
}

// TestJoinedPackMayBeOneOfItsParts joins packs of which one holds everything.
func TestJoinedPackMayBeOneOfItsParts(t *testing.T) {
	repo := gittest.New(t)
	s := openStore(t, repo)
	all := addBlobs(t, s, "x", 40)
	for i := range fanIn {
		addBlobs(t, s, "x", 39-i)
	}
	if got := len(packs(t, repo)); got != 2 {
		t.Errorf("%d packs, want the joined one and the one since", got)
	}
	fresh := openStore(t, repo)
	for _, h := range all {
		if _, _, err := fresh.Read(h); err != nil {
			t.Fatal(err)
		}
	}
	repo.Check()
}

// TestDamagedPackIsLeftAlone damages a small pack: it must neither be deleted
// nor keep the others from being joined.
func TestDamagedPackIsLeftAlone(t *testing.T) {
	short.Skip(t, "runs git again and again")
	repo := gittest.New(t)
	s := openStore(t, repo)
	addBlobs(t, s, "bad", 9)
	bad := packs(t, repo)[0]
	data, err := os.ReadFile(bad)
	if err != nil {
		t.Fatal(err)
	}
	data[20] ^= 0xff
	if err := errors.Join(os.Chmod(bad, 0o600), os.WriteFile(bad, data, 0o600)); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for i := range 3 * fanIn {
		w := pack.NewWriter(s.Disk(), pack.NewBatches())
		b := w.Batch()
		data := fmt.Appendf(nil, "blob %d", i)
		if err := errors.Join(b.Add(object.Blob, object.Sum(object.Blob, data), data), b.Flush()); err != nil {
			t.Fatal(err)
		}
		p, err := w.Finish()
		if err == nil {
			p.Count = 9 // the level of the others
			err = s.Install(p, false)
		}
		if err != nil {
			t.Fatal(err)
		}
		if s.Compact(p, false) != nil {
			failed++
		}
	}
	if failed != 1 {
		t.Errorf("Compact failed %d times, want once", failed)
	}
	if got := len(packs(t, repo)); got > fanIn+3 {
		t.Errorf("%d packs are left, want at most %d", got, fanIn+3)
	}
	if _, err := os.Stat(bad); err != nil {
		t.Errorf("the damaged pack is gone: %v", err)
	}
}

// TestHostileLedger checks that a ledger cannot name files outside of the packs.
func TestHostileLedger(t *testing.T) {
	repo := gittest.New(t)
	s := openStore(t, repo)
	victim := filepath.Join(repo.Dir, "HEAD")
	lines := strings.Repeat("../../../HEAD 9\nxyz\n\n4b825dc642cb6eb9a060e54bf8d69288fbee4904 9\n", 20)
	if err := errors.Join(os.MkdirAll(filepath.Dir(s.ledger), 0o777), os.WriteFile(s.ledger, []byte(lines), 0o666)); err != nil {
		t.Fatal(err)
	}
	added := addBlobs(t, s, "x", 9)
	if _, _, err := s.Read(added[0]); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(victim); err != nil {
		t.Error(err)
	}
}

// What could not be removed while the disk was read-only goes with the next file; what is in use stays.
func TestCreateTempSweeps(t *testing.T) {
	disk := Disk(t.TempDir())
	left, err := disk.CreateTemp("pack_")
	if err != nil {
		t.Fatal(err)
	}
	if err := left.Close(); err != nil {
		t.Fatal(err)
	}
	used, err := disk.CreateTemp("pack_")
	if err != nil {
		t.Fatal(err)
	}
	defer used.Close()
	next, err := disk.CreateTemp("idx_")
	if err != nil {
		t.Fatal(err)
	}
	defer next.Close()
	for f, there := range map[*os.File]bool{left: false, used: true, next: true} {
		if _, err := os.Stat(f.Name()); (err == nil) != there {
			t.Errorf("%s: %v, want it there: %v", f.Name(), err, there)
		}
	}
}
