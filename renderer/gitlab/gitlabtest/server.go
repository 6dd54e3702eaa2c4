package gitlabtest

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options say what a Server is of. Dir and Project are required.
type Options struct {
	// Dir is the bare repository.
	Dir string
	// Project is the path of the only project, such as clouds/fleet.
	Project string
	// Path is where the instance stands on its host, such as /gitlab; may be empty.
	Path string
	// Git serves the repository at <Path>/<Project>.git; nil serves it nowhere.
	Git http.Handler
	// Checks is how often a merge request is read as being checked after it is
	// made or pushed to.
	Checks int
	// MaxDescription and MaxNote are the most characters; those of GitLab when zero.
	MaxDescription, MaxNote int
	// MaxFiles is how many changed files are listed; 1,000 when zero.
	MaxFiles int
	// NeedPipeline lets nothing merge whose pipeline is not green.
	NeedPipeline bool
	// Person is who reads the pages and presses their buttons; empty serves none.
	Person string
}

// Server is a GitLab. Its methods may be called while it serves.
type Server struct {
	o    Options
	git  repository
	hear sync.WaitGroup
	// serves nobody's pages to other sites: they could press a button.
	serves *http.CrossOriginProtection

	mu        sync.Mutex
	users     []*user
	tokens    map[string]*token
	requests  []*mergeRequest
	pipelines []*pipeline
	hooks     []hook
	faults    []*Fault
	calls     []string
	tips      map[string]string // of the branches, as they were seen last
	url       string            // by which it was asked last; addresses begin with it
	ids, now  int64
}

// project is the number of the only project.
const project = 1

// New returns a GitLab without users and merge requests.
func New(o Options) *Server {
	for at, fallback := range map[*int]int{&o.MaxDescription: 1 << 20, &o.MaxNote: 1_000_000, &o.MaxFiles: 1000} {
		if *at == 0 {
			*at = fallback
		}
	}
	return &Server{o: o, git: repository{o.Dir, map[string]told{}}, tokens: map[string]*token{}, serves: http.NewCrossOriginProtection()}
}

// Close waits until the webhooks are delivered.
func (s *Server) Close() { s.hear.Wait() }

// Calls returns what was asked so far, as "PUT /projects/1/merge_requests/7".
func (s *Server) Calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.calls...)
}

// id and moment are each another one every time.
func (s *Server) id() int64 { s.ids++; return s.ids }

func (s *Server) moment() time.Time {
	s.now++
	return time.Unix(1_700_000_000+s.now, 0).UTC()
}

// web returns an address of the project's pages.
func (s *Server) web(format string, args ...any) string {
	return s.url + s.o.Path + "/" + s.o.Project + fmt.Sprintf(format, args...)
}

// ServeHTTP answers a call of the API, or of Git.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if rest, ok := strings.CutPrefix(r.URL.Path, s.o.Path+"/"+s.o.Project+".git"); ok && s.o.Git != nil {
		s.serveGit(w, r, rest)
		return
	}
	if rest, ok := strings.CutPrefix(r.URL.Path, s.o.Path+"/"+s.o.Project+pagesPath); ok && s.o.Person != "" {
		s.serves.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.page(w, r, rest) })).ServeHTTP(w, r)
		return
	}
	rest, ok := strings.CutPrefix(r.URL.EscapedPath(), s.o.Path+"/api/v4")
	if !ok {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, r.Method+" "+rest)
	s.asked(r)
	failing(s.fault(r.Method, rest), http.HandlerFunc(s.call)).ServeHTTP(w, r)
}

// asked notes by which address the server is reached.
func (s *Server) asked(r *http.Request) {
	if s.url = "http://" + r.Host; r.TLS != nil {
		s.url = "https://" + r.Host
	}
}

// call routes one call of the API.
func (s *Server) call(w http.ResponseWriter, r *http.Request) {
	c := &call{w: w, r: r, s: s}
	rest := strings.TrimPrefix(r.URL.EscapedPath(), s.o.Path+"/api/v4/")
	for part := range strings.SplitSeq(rest, "/") {
		text, err := url.PathUnescape(part)
		if err != nil {
			c.refuse(http.StatusBadRequest, "400 Bad request")
			return
		}
		c.parts = append(c.parts, text)
	}
	if !c.known() {
		return
	}
	switch {
	case len(c.parts) == 1 && c.parts[0] == "user":
		c.answer(http.StatusOK, c.by.full())
	case len(c.parts) == 1 && c.parts[0] == "users":
		s.listUsers(c)
	case c.parts[0] != "projects" || len(c.parts) < 2:
		c.refuse(http.StatusNotFound, "404 Not Found")
	case c.parts[1] != fmt.Sprint(project) && c.parts[1] != s.o.Project || c.token.blind:
		c.refuse(http.StatusNotFound, "404 Project Not Found")
	default:
		s.inProject(c, c.parts[2:])
	}
}

// inProject routes what is below the project.
func (s *Server) inProject(c *call, parts []string) {
	switch {
	case len(parts) == 0 && c.on(http.MethodGet):
		c.answer(http.StatusOK, s.projectAnswer())
	case len(parts) == 1 && parts[0] == "merge_requests" && c.r.Method == http.MethodPost:
		s.create(c)
	case len(parts) == 1 && parts[0] == "merge_requests":
		s.list(c)
	case len(parts) == 4 && parts[0] == "repository" && parts[1] == "files" && parts[3] == "raw":
		s.file(c, parts[2])
	case len(parts) == 1 && parts[0] == "pipelines":
		s.listPipelines(c)
	case len(parts) == 3 && parts[0] == "pipelines" && parts[2] == "jobs":
		s.jobs(c, parts[1])
	case len(parts) > 0 && parts[0] == "hooks":
		s.inHooks(c, parts[1:])
	case len(parts) > 1 && parts[0] == "merge_requests":
		if m := s.numbered(parts[1]); m != nil {
			s.inMergeRequest(c, m, parts[2:])
			return
		}
		c.refuse(http.StatusNotFound, "404 Not found")
	default:
		c.refuse(http.StatusNotFound, "404 Not Found")
	}
}

// inMergeRequest routes what is below a merge request.
func (s *Server) inMergeRequest(c *call, m *mergeRequest, parts []string) {
	switch {
	case len(parts) == 0 && c.r.Method == http.MethodPut:
		s.update(c, m)
	case len(parts) == 0:
		s.read(c, m)
	case len(parts) == 1 && parts[0] == "merge" && c.on(http.MethodPut):
		s.accept(c, m)
	case len(parts) == 1 && parts[0] == "merge_ref":
		s.mergeRef(c, m)
	case len(parts) == 1 && parts[0] == "diffs":
		s.diffs(c, m)
	case parts[0] == "notes":
		s.notes(c, m, parts[1:])
	default:
		c.refuse(http.StatusNotFound, "404 Not Found")
	}
}
