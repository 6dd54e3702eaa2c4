package main

import (
	"fmt"
	"net"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gatorcloud/sluice/renderer/gitlab/gitlabtest"
	"github.com/rogpeppe/go-internal/testscript"
)

// forge is a command of scripts that is a GitLab in this process:
//
//	gitlab start DIR            serves a bare repository as clouds/fleet: its URL is $GITLAB, a token $TOKEN,
//	                            and $HOOK a free address for webhooks
//	gitlab hook URL SECRET      reports pushes and merge requests from now on
//	gitlab open BRANCH TITLE    has somebody open a merge request
//	gitlab pipeline N STATUS    says how the pipeline of a merge request is
//	gitlab merge N              has somebody merge one
//	gitlab revert N             has somebody revert a merged one, by another merge request
//	gitlab wait N TEXT          waits until a note of a merge request has a text
//	gitlab show                 prints all merge requests with their notes
func forge() func(*testscript.TestScript, bool, []string) {
	var servers sync.Map // by the script's folder
	return func(ts *testscript.TestScript, _ bool, args []string) {
		if args[0] == "start" {
			dir := ts.MkAbs(args[1])
			git, err := gitlabtest.Git(dir)
			ts.Check(err)
			fake := gitlabtest.New(gitlabtest.Options{Dir: dir, Project: "clouds/fleet", Git: git, Checks: 1, NeedPipeline: true})
			server := httptest.NewServer(fake)
			ts.Defer(server.Close)
			free, err := net.Listen("tcp", "127.0.0.1:0")
			ts.Check(err)
			ts.Check(free.Close())
			ts.Setenv("GITLAB", server.URL)
			ts.Setenv("TOKEN", fake.User("sluice-bot"))
			ts.Setenv("HOOK", free.Addr().String())
			servers.Store(ts.Getenv("WORK"), fake)
			return
		}
		found, ok := servers.Load(ts.Getenv("WORK"))
		if !ok {
			ts.Fatalf("gitlab %s: start it first", args[0])
		}
		number := int64(0)
		if len(args) > 1 {
			number, _ = strconv.ParseInt(args[1], 10, 64)
		}
		switch fake := found.(*gitlabtest.Server); args[0] {
		case "hook":
			fake.Hook(args[1], args[2])
		case "open":
			fake.Open("ann", args[2], args[1])
		case "pipeline":
			ts.Check(fake.Pipeline(number, args[2]))
		case "merge":
			ts.Check(fake.Merge(number, "ann"))
		case "revert":
			_, err := fake.Revert(number, "ann")
			ts.Check(err)
		case "wait":
			noted := func() bool {
				return slices.ContainsFunc(fake.MergeRequests()[number-1].Notes, func(n gitlabtest.Note) bool { return strings.Contains(n.Body, args[2]) })
			}
			for deadline := time.Now().Add(time.Minute); !noted(); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					ts.Fatalf("!%d has no note with %q", number, args[2])
				}
			}
		case "show":
			for _, m := range fake.MergeRequests() {
				fmt.Fprintf(ts.Stdout(), "!%d %s: %s by %v, reviewed by %v\n", m.Number, m.State, m.Title, m.Labels, m.Reviewers)
				for _, n := range m.Notes {
					fmt.Fprintf(ts.Stdout(), "%s: %s\n", n.By, n.Body)
				}
			}
		default:
			ts.Fatalf("gitlab %s is unknown", args[0])
		}
	}
}
