package wire

import (
	"time"

	"github.com/gatorcloud/sluice/cmd/internal/cli/etcdflags"
	"github.com/gatorcloud/sluice/cmd/internal/cli/ingestcmd"
	"github.com/gatorcloud/sluice/cmd/internal/cli/taskcmd"
)

// ingesting returns what `sluice ingest` needs, with etcd flags of its own.
func ingesting() ingestcmd.Deps {
	flags := &etcdflags.Flags{}
	return ingestcmd.Deps{Etcd: placed(flags), EtcdFlags: placing(flags), Now: time.Now, Version: Version()}
}

// tasks returns what `sluice task` needs, with etcd flags of its own.
func tasks() taskcmd.Deps {
	flags := &etcdflags.Flags{}
	return taskcmd.Deps{Etcd: opener(flags), EtcdFlags: flags.Add}
}
