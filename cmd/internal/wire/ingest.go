package wire

import (
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestcmd"
)

// ingesting returns what `sluice ingest` needs, with etcd flags of its own.
func ingesting() ingestcmd.Deps {
	flags := &etcdflags.Flags{}
	return ingestcmd.Deps{Etcd: placed(flags), EtcdFlags: placing(flags), Now: time.Now, Version: Version()}
}
