package main

import (
	"flag"
	"net/http"
	"os"
	"path/filepath"

	"github.com/gatorcloud/sluice/cmd/lab/internal/githttp"
	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
)

// service is what the flags ask for.
func service() githttp.Service {
	s := githttp.Service{Program: os.Args[0]}
	flag.StringVar(&s.Root, "root", ".", "folder of the bare repositories")
	flag.StringVar(&s.Addr, "addr", "127.0.0.1:0", "loopback address to listen on")
	flag.StringVar(&s.Webhook, "webhook", "", "URL that hears of every push")
	project := flag.String("gitlab", "", "repository that is a project of GitLab, too; empty is none")
	tokens := flag.String("tokens", ".", "folder into which the tokens of GitLab's users are written")
	flag.Parse()
	if *project != "" {
		s.Beside = func(git http.Handler) (http.Handler, error) { return gitlab(s.Root, *project, *tokens, git) }
	}
	return s
}

// gitlab returns a GitLab whose project is the repository, and which leaves all
// others to git.
func gitlab(root, project, tokens string, git http.Handler) (http.Handler, error) {
	fake := gitlabtest.New(gitlabtest.Options{Dir: filepath.Join(root, project+".git"), Project: project, Git: git, Person: githttp.Person})
	for _, user := range []string{githttp.Person, githttp.Bot} {
		if err := os.WriteFile(filepath.Join(tokens, githttp.TokenFile(user)), []byte(fake.User(user)+"\n"), 0o600); err != nil {
			return nil, err
		}
	}
	mux := http.NewServeMux()
	mux.Handle("/", git)
	for _, path := range []string{"/api/v4/", "/" + project + "/", "/" + project + ".git/"} {
		mux.Handle(path, fake)
	}
	return mux, nil
}
