package report

import (
	"cmp"
	"slices"
	"time"
)

const (
	// deadline is how long the objects of one group may take: Kubernetes' default
	// of progressDeadlineSeconds, after which they are Degraded and a sync ends.
	deadline = 10 * time.Minute
	// longest is how long an operation may take that waits for other Applications.
	longest = time.Hour
)

// Operation is one of Argo CD that keeps its Application from everything newer.
type Operation struct {
	Application string     `json:"application"`
	Since       *time.Time `json:"since,omitempty"`
	Sentence    string     `json:"sentence"`
	Command     string     `json:"command"`
}

// Hanging returns the operations that work on what nobody asks for any more, or
// run longer than their objects need, the oldest first.
func (j *Join) Hanging(now time.Time) []Operation {
	var all []Operation
	look := func(a *Application) {
		if a != nil && j.hangs(a, now) {
			l := j.hanging(a)
			all = append(all, Operation{Application: a.Name, Since: l.Since, Sentence: l.Sentence, Command: l.Command})
		}
	}
	for _, a := range j.above {
		look(a)
	}
	for _, t := range j.tenants {
		look(t.app)
		look(t.base)
		for i := range t.holdings {
			look(t.holdings[i].trouble)
		}
	}
	slices.SortFunc(all, func(a, b Operation) int {
		return cmp.Or(compareTimes(a.Since, b.Since), cmp.Compare(a.Application, b.Application))
	})
	return all
}

// compareTimes orders times, none first.
func compareTimes(a, b *time.Time) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return -1
	case b == nil:
		return 1
	}
	return a.Compare(*b)
}

// hangs reports whether the operation of an Application is one of those.
func (j *Join) hangs(a *Application, now time.Time) bool {
	return a.Obstacle == Hanging || a.Working && !a.Since.IsZero() && now.Sub(a.Since) > j.bears(a)
}

// bears returns how long the objects of an Application may take.
func (j *Join) bears(a *Application) time.Duration {
	switch a.Level {
	case "product":
		return deadline * time.Duration(max(1, j.groups(a)))
	case "base", "shared":
		return deadline
	}
	return longest
}

// hanging is an operation that hangs as a link.
func (j *Join) hanging(a *Application) Link {
	l := Link{Code: Hanging, Sentence: "the operation works on what nobody asks for any more", Object: "Application " + a.Name, Since: moment(a.Since),
		Command: "sluice rollout unblock --env " + j.env.String()}
	if a.Obstacle != Hanging {
		l.Sentence = "the operation has run longer than its objects need, which is " + j.bears(a).String()
		l.Command = "argocd app terminate-op " + a.Name
	}
	if a.Says != "" {
		l.Sentence += ": " + a.Says
	}
	return l
}
