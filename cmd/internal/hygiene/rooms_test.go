package hygiene_test

// room says what the packages of a folder may import. A folder within it that
// has a room of its own is apart. A package that is in no room fails.
type room struct {
	dir string
	// reach are folders of ours that may be imported, directly or through
	// others; what is below them is meant too. A room reaches itself.
	reach []string
	// media are what its own files may touch beside; see media.
	media []string
}

// rooms are the wings, from the ground up; arrows go up the page only.
var rooms = []room{
	// Nouns: values and what can be said of them. No I/O, no clock.
	{"renderer/model", nil, []string{"yaml", "quantity"}},
	{"catalog", []string{"renderer/model"}, []string{"yaml", "schema"}},
	{"environments", []string{"renderer/model"}, []string{"yaml"}},

	// Pure work on nouns.
	{"renderer/render", []string{"renderer/model", "renderer/rollout", "catalog", "environments"}, []string{"yaml", "sync"}},
	{"renderer/render/impact", []string{"renderer/model", "renderer/render", "renderer/rollout", "catalog", "environments"}, []string{"sync", "diff"}},
	{"renderer/render/shape", []string{"renderer/model"}, []string{"kubernetes", "kinds", "cron", "schema", "yaml"}},
	{"renderer/render/overlay", []string{"renderer/model"}, []string{"yaml", "kustomize"}},
	{"renderer/render/chart", []string{"renderer/model"}, []string{"yaml", "helm", "schema"}},
	{"renderer/render/overlay/overlaytest", []string{"renderer/model"}, []string{"disk"}},
	{"renderer/rollout", []string{"renderer/model", "catalog", "environments"}, []string{"yaml"}},
	{"renderer/report", []string{"renderer/model", "renderer/rollout", "catalog", "environments"}, nil},

	// One wing for each outside system.
	{"renderer/backoff", nil, []string{"clock", "chance"}},
	{"renderer/git", []string{"renderer/model", "renderer/backoff"}, []string{"disk", "network", "process", "environment", "clock", "chance", "go-git", "openpgp", "ssh", "compress", "sync"}},
	{"renderer/git/worktree", []string{"renderer/model", "renderer/git/internal/edit"}, []string{"disk", "chance"}},
	{"renderer/etcd", []string{"renderer/model", "renderer/backoff"}, []string{"disk", "network", "clock", "chance", "etcd", "grpc", "zap"}},
	{"renderer/argocd", []string{"renderer/model", "renderer/backoff", "renderer/rollout", "renderer/report", "catalog", "environments", "plugin/health"}, []string{"network", "clock", "yaml", "kubernetes"}},
	{"renderer/prometheus", []string{"renderer/model", "renderer/rollout", "catalog", "environments"}, []string{"disk", "network", "prometheus", "sync"}},
	{"renderer/gitlab", []string{"renderer/model", "renderer/backoff"}, []string{"network", "clock", "gitlab"}},
	{"renderer/ingest", []string{"renderer/model", "renderer/backoff", "renderer/etcd"}, []string{"clock", "etcd", "kubernetes", "sync"}},
	{"renderer/ingest/sps", []string{"renderer/model"}, []string{"disk", "network", "yaml"}},
	{"renderer/ingest/caller", []string{"renderer/model"}, []string{"disk", "network", "clock", "rate"}},
	{"renderer/ingest/query", []string{"renderer/model", "renderer/backoff", "renderer/etcd", "renderer/ingest/caller"}, []string{"network", "clock"}},
	{"renderer/ingest/notify", []string{"renderer/model"}, []string{"network", "rate"}},
	{"renderer/etcd/task", []string{"renderer/model", "renderer/backoff", "renderer/etcd"}, []string{"clock", "etcd", "cron"}},

	// Where they meet.
	{"renderer/run", []string{"renderer", "catalog", "environments"}, []string{"clock", "chance"}},
	{"renderer/run/publish", []string{"renderer/model", "renderer/backoff", "renderer/render", "renderer/rollout", "renderer/git", "catalog", "environments"}, []string{"disk"}},
	{"renderer/run/telemetry", nil, []string{"network", "clock", "prometheus"}},
	{"renderer/run/web", []string{"renderer", "catalog", "environments"}, []string{"network", "clock"}},
	{"renderer/run/web/bars", nil, nil},
	{"renderer/install", nil, nil},

	// The plugin sees what it is sent and nothing else.
	{"plugin", []string{"renderer/model"}, []string{"yaml"}},
	{"plugin/unpack", []string{"renderer/model"}, []string{"compress"}},
	{"plugin/cmpserver", []string{"renderer/model", "plugin"}, []string{"disk", "network", "clock", "grpc", "prometheus"}},
	{"plugin/health", nil, nil},
	{"plugin/install", []string{"renderer/model"}, nil},
	{"plugin/install/image", []string{"renderer/model"}, []string{"disk", "images"}},

	// Commands.
	{"cmd/internal/cli", []string{"renderer", "catalog", "environments", "plugin/health"}, []string{"cobra", "yaml", "schema", "disk"}},
	{"cmd/internal/cli/terminal", nil, []string{"disk", "terminal"}},
	{"cmd/internal/cli/progress", []string{"cmd/internal/cli/terminal"}, []string{"clock"}},
	{"cmd/internal/cli/democmd", []string{"cmd/internal/cli", "renderer", "catalog", "environments"}, []string{"cobra", "yaml", "disk", "go-git"}},
	{"cmd/internal/cli/doctorcmd", []string{"cmd/internal/cli", "renderer", "catalog", "environments", "plugin/health"}, []string{"cobra", "etcd"}},
	{"cmd/internal/cli/ingestflags", []string{"cmd/internal/cli", "renderer"}, []string{"cobra", "disk", "network"}},
	{"cmd/internal/cli/runcmd", []string{"cmd/internal/cli", "renderer", "catalog", "environments"}, []string{"cobra", "disk", "sync"}},
	{"cmd/internal/cli/rendercmd", []string{"cmd/internal/cli", "renderer", "catalog", "environments"}, []string{"cobra", "diff"}},
	{"cmd/internal/wire", []string{"cmd/internal/cli", "renderer", "catalog", "environments", "plugin/health"}, []string{"cobra", "disk", "clock", "environment", "images"}},
	{"cmd/sluice", []string{"cmd/internal", "renderer", "catalog", "environments", "plugin/health"}, []string{"disk"}},
	{"cmd/sluice-cmp", []string{"cmd/internal/cli/exit", "cmd/internal/cli/words", "plugin", "renderer/model", "renderer/render/overlay"},
		[]string{"cobra", "disk", "network", "environment", "grpc", "prometheus"}},

	// Tools of the project itself.
	{"cmd/lab", []string{"renderer/model", "renderer/run/web/bars"}, []string{"cobra", "yaml", "disk", "network", "process", "environment", "clock", "chance", "kubernetes"}},
	{"cmd/lab/gitserver", []string{"cmd/lab", "renderer/model", "renderer/gitlab/gitlabtest"}, []string{"disk", "network", "environment"}},
	{"cmd/internal/bench", []string{"renderer", "plugin", "catalog", "environments"},
		[]string{"disk", "network", "process", "environment", "clock", "kustomize", "etcd", "argo-cd", "protobuf"}},
	{"cmd/internal/chaos", nil, nil},
	{"cmd/internal/hygiene", nil, nil},
	{"cmd/internal/mkimage", []string{"plugin/install/image", "renderer/model"}, []string{"disk"}},
}

// media are what is outside: packages, by the beginning of their path, and
// single functions. A foreign package that no medium names fails.
var media = map[string][]string{
	"disk":        {"os", "syscall"},
	"network":     {"net", "net/http", "net/rpc", "net/smtp", "golang.org/x/net/netutil"},
	"process":     {"os/exec", "plugin"},
	"environment": {"os.Getenv", "os.LookupEnv", "os.Environ", "os.ExpandEnv"},
	"clock": {"time.Now", "time.Since", "time.Until", "time.After", "time.AfterFunc", "time.NewTimer", "time.NewTicker",
		"time.Tick", "time.Sleep"},
	"chance": {"math/rand", "crypto/rand"},

	"argo-cd":    {"github.com/argoproj/"},
	"cobra":      {"github.com/spf13/"},
	"cron":       {"github.com/robfig/cron/"},
	"compress":   {"github.com/klauspost/compress/"},
	"diff":       {"github.com/rogpeppe/go-internal/diff"},
	"etcd":       {"go.etcd.io/"},
	"gitlab":     {"gitlab.com/gitlab-org/api/client-go/", "github.com/hashicorp/go-retryablehttp"}, // and what it asks with
	"go-git":     {"github.com/go-git/"},
	"grpc":       {"google.golang.org/grpc", "google.golang.org/protobuf/encoding/protowire"},
	"helm":       {"helm.sh/", "github.com/BurntSushi/toml", "github.com/Masterminds/", "github.com/gobwas/glob"}, // and what its templates call
	"images":     {"github.com/google/go-containerregistry/"},
	"kubernetes": {"k8s.io/client-go", "k8s.io/apimachinery", "k8s.io/klog/"},
	"kinds":      {"k8s.io/api/", "k8s.io/pod-security-admission/"},
	"quantity":   {"k8s.io/apimachinery/pkg/api/resource"},
	"kustomize":  {"sigs.k8s.io/kustomize/"},
	"openpgp":    {"github.com/ProtonMail/go-crypto/"},
	"prometheus": {"github.com/prometheus/"},
	"protobuf":   {"google.golang.org/protobuf"},
	"rate":       {"golang.org/x/time/"},
	"schema":     {"github.com/santhosh-tekuri/jsonschema/", "golang.org/x/text/"},
	"ssh":        {"golang.org/x/crypto/ssh"},
	"sync":       {"golang.org/x/sync/"},
	"terminal":   {"golang.org/x/term"},
	"yaml":       {"sigs.k8s.io/yaml", "sigs.k8s.io/json", "go.yaml.in/yaml/"},
	"zap":        {"go.uber.org/zap"},
}
