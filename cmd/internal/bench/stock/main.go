// Command stock is Argo CD's own argocd-cmp-server without its flags: what the
// bench compares the native plugin server with. Its argument is the directory
// of plugin.yaml; sockets and work go where Argo CD's environment variables say.
package main

import (
	"log"
	"os"

	"github.com/argoproj/argo-cd/v2/cmpserver"
	"github.com/argoproj/argo-cd/v2/cmpserver/plugin"
)

func main() {
	config, err := plugin.ReadPluginConfig(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	server, err := cmpserver.NewServer(plugin.CMPServerInitConstants{PluginConfig: *config})
	if err != nil {
		log.Fatal(err)
	}
	server.Run()
}
