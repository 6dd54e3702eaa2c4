package report

import (
	"slices"
	"strings"

	"github.com/gatorcloud/sluice/renderer/rollout"
)

// Code names a link of a chain. Codes are stable: scripts and dashboards may
// compare them. The codes of package rollout are codes here, too.
type Code string

// Codes beside those of package rollout, in the order in which they are asked.
const (
	Well        Code = "well"
	Wanted      Code = "wanted"
	NotBought   Code = "not-bought"
	Unrendered  Code = "unrendered"
	Quarantined Code = "quarantined"
	HeldBack    Code = "held-back"
	Edited      Code = "edited"
	Unplanned   Code = "unplanned"
	Suspended   Code = Code(rollout.Suspended)
	Retained    Code = "retained"
	Released    Code = "released"
	Unmerged    Code = "unmerged"
	Later       Code = "later"
	InRing      Code = "in-ring"
	Missing     Code = "missing"
	HandedDown  Code = "handed-down"
	Refusal     Code = "refusal"
	Comparison  Code = "comparison"
	SyncFailed  Code = "sync-failed"
	Hanging     Code = "hanging"
	Syncing     Code = "syncing"
	Differs     Code = "differs"
	InBucket    Code = "bucket"
	InObject    Code = "object"
	Quota       Code = "quota"
	Image       Code = "image"
	Claim       Code = "claim"
	Crash       Code = "crash"
	Admission   Code = "admission"
	Capacity    Code = "capacity"
	Deadline    Code = "deadline"
	Unseen      Code = "unseen"
)

// entry is what is said of a code: a sentence for lists, a paragraph for its
// page, and the act that ends it where package rollout has none.
type entry struct {
	code               Code
	sentence, page, do string
}

// table is the one place of all codes, in the order of a chain.
var table = []entry{
	{Well, "it runs what it should", "Nothing stands in the way.", "nothing to do"},
	{Wanted, "this is what people want", "The first link of most chains: the version that fleet.yaml names for the ring, or the tenant's pin.", "nothing to do"},
	{NotBought, "the tenant does not have the product", "Neither Git nor etcd has an authorisation of this product for this tenant. Nothing is rendered for it.", "see `sluice authz list`"},
	{Unrendered, "etcd has it and Git does not yet", "The record is in etcd, and no commit has it. A running sluice run renders it within seconds.", "run `sluice render`, or look at the log of sluice run"},
	{Quarantined, "its record in etcd cannot be read", "A record that breaks a rule is left out alone; what was rendered before stays as it is until the record is mended.", "mend the record: `sluice authz put`"},
	{HeldBack, "a change of its subscription waits for a person", "A deletion or a shrink that the upstream system sent is held until somebody accepts or drops it. What runs goes on meanwhile.", "`sluice ingest held list`, then accept or drop it"},
	{Edited, "its facts in Git were edited by hand", "tenant.yaml holds something that sluice did not write. The tenant keeps what is rendered, and nothing new is.", "revert the edit"},
	{Unplanned, "the version cannot be rendered for this tenant", "The catalog refuses what the record asks for: a version that is not there, or a parameter that it does not take.", "change the record: `sluice authz put`, or publish a version that takes it"},
	{Suspended, "the right is suspended or over", "The authorisation ended. Workloads are at rest and data stays, for as many days as the environment's life says.", "renew it: `sluice authz put`"},
	{Retained, "only the data is left", "The days of suspension are over. Nothing runs, the volumes are kept until the days of grace are over.", "renew it: `sluice authz put`"},
	{Released, "the tenant's record is gone", "etcd has no record of the tenant any more. It is a tombstone in Git, and leaves it when the release time is over.", "nothing to do; write the record again to keep the tenant"},
	{Unmerged, "the merge request that wants another version is not merged", "People want what is merged. A bump is proposed, and its merge request is open: the link says what GitLab waits for, such as an approval, its pipeline or a newer branch. What is wanted until then stands before it.", "merge it: `glab mr view`, or bump again on top of the branch as it is now"},
	{rc(rollout.Unoffered), "no version of it is named for the ring", "fleet.yaml names no version of the product for the ring.", ""},
	{rc(rollout.Unpublished), "the catalog has no such version", "The wanted version is not in the catalog, or has faults there.", ""},
	{rc(rollout.Blocking), "people blocked the version", "The version stands below blocked in fleet.yaml, for rings and pins alike.", ""},
	{rc(rollout.TakenBack), "the version failed and was taken back", "More tenants than the ring bears became Degraded with the version, and the ring says onFailure: rollback. Every ring is back at what it had.", ""},
	{rc(rollout.NoWayBack), "what runs is newer, and there is no way back", "A lower version is wanted than runs, and the one that runs names none to go back to that was good here.", ""},
	{rc(rollout.NoEdge), "no upgrade leads to the version", "upgradesFrom of the wanted version does not name what runs, and no other version leads there.", ""},
	{rc(rollout.NoObserver), "nobody looks at Argo CD", "The engine has no kubeconfig of Argo CD, so nothing is ever proven.", ""},
	{rc(rollout.Paused), "people paused the ring", "Somebody ran the action pause on one of the ring's Applications, or the engine could not list them.", ""},
	{rc(rollout.Held), "people hold the ring at a version", "A hold in fleet.yaml names another version for the ring and product.", ""},
	{rc(rollout.RingBefore), "the ring before has not passed", "A version reaches a ring after it passed every gate of the ring before. The next link says what that ring waits for.", ""},
	{rc(rollout.HopBefore), "what runs here has not passed its own gates", "A version is left for another one only once it is good in the ring.", ""},
	{rc(rollout.Ill), "more tenants are Degraded than the ring bears", "The rollout halts in this ring. The next link names one of the tenants and what is wrong with it.", ""},
	{rc(rollout.Unproven), "not all that is granted is proven healthy", "The next step comes when every tenant that was granted the version is Healthy with it. The next link names one that is not.", ""},
	{rc(rollout.Refused), "tenants' parameters do not fit the version", "The version refuses a parameter of more tenants than the ring bears.", ""},
	{rc(rollout.Soak), "the version soaks", "It was proven and has to stay so for the ring's soak.", ""},
	{rc(rollout.Measured), "a metric has not passed", "A metric gate of the ring gives another answer than it should, or none.", ""},
	{rc(rollout.Approval), "a person has to approve", "The ring asks for an approval of exactly the versions that it runs.", ""},
	{rc(rollout.Frozen), "there is a freeze", "A freeze in fleet.yaml holds every grant. Going back is always allowed.", ""},
	{rc(rollout.Hours), "the opening hours are over", "The ring opens only at some hours.", ""},
	{rc(rollout.SharedPart), "a shared part is not proven at the version that is needed", "The version needs a higher version of a part that the environment shares. It is raised first, and has to be Healthy.", ""},
	{rc(rollout.Ahead), "the tenant is ahead of its ring", "It runs a higher version than its ring is granted, and waits for it.", ""},
	{Later, "the ring has not been granted the version at the tenant's place", "A ring is granted a version step by step. The tenant's place comes later; the next link says what the ring waits for.", "wait, or run `sluice rollout promote --ring`"},
	{InRing, "it is about this tenant of the ring", "The first tenant in the way, by the deepest reason. Heal it, and the ring goes on.", "see `sluice why` for that tenant"},
	{Missing, "Argo CD has no Application of it", "The Application is not there yet, or was deleted: the ring's or the tenant's Application has not been synced.", "look at the Application of the ring: `argocd app get`"},
	{HandedDown, "Argo CD has not been handed the granted version", "Git grants the version, and the Application still asks for another one: its parents have not taken up the newest commit.", "look at the Applications above it, or run `sluice rollout unblock`"},
	{Refusal, "sluice's plugin refuses the directory", "What is in Git is not what sluice rendered: a file was edited by hand, a seal is broken, or a version is handed down that the ring may not run. The cluster stays as it is.", "revert the commit that edited it, or run `sluice render`"},
	{Comparison, "Argo CD cannot compare it", "A comparison or spec error: the repository, the plugin or the destination does not answer, or the spec is none.", "`argocd app get`, then look at the named component"},
	{SyncFailed, "the sync failed", "The API server took an object not, or an object became Degraded while the sync waited for it.", "`argocd app get`, and fix the named object forward"},
	{Hanging, "an operation works on what nobody asks for any more, or longer than its objects need", "A sync keeps its Application from everything newer. One that waits for something of an earlier source is ended by the leader of sluice run. One of the present source runs too long when it takes over ten minutes for each group of components, or over an hour above them.", "`sluice rollout unblock`, or `argocd app terminate-op`"},
	{Syncing, "Argo CD is at work on it", "A sync of the present source is under way.", "wait"},
	{Differs, "the cluster is not what Git says, and no sync is under way", "Argo CD compared and found a difference, and does not sync it by itself now.", "`argocd app diff`, then `argocd app sync`"},
	{InBucket, "a group of components is not healthy", "Components start group by group. All after the named one wait.", "wait, or see the next link"},
	{InObject, "an object is not healthy", "Argo CD's health check says so of the named object. The next link, if there is one, says what is behind it.", "`kubectl describe` it"},
	{Quota, "the namespace's quota is used up", "The controller may not create pods: the tenant's quota has no room for them.", "raise the quota of the product in the catalog, or lower its replicas"},
	{Image, "an image cannot be pulled", "The registry does not have the image, or does not give it to this cluster.", "push the image, or mend its reference or the pull secret"},
	{Claim, "a volume is not there", "The claim is not bound: there is no such storage class, or it has no room.", "`kubectl describe` the claim, and mend the storage class"},
	{Crash, "a container ends again and again", "The process exits. Its last log says why.", "`kubectl logs --previous`"},
	{Admission, "the cluster refuses the pods", "A policy of the cluster, or Pod Security, refuses what the controller wants to create.", "mend the version, or the policy"},
	{Capacity, "no node has room for the pods", "The scheduler finds no node.", "add nodes, or lower requests or replicas"},
	{Deadline, "it did not become ready in time", "The progress deadline is over, and nothing says why: the pods start and never become ready.", "`kubectl logs`, and look at the readiness probe"},
	{Unseen, "what is behind it was not looked at", "A source that would tell is missing. The link names it.", "name the source with its flag"},
}

func rc(c rollout.Code) Code { return Code(c) }

// Codes returns every code, in the order of a chain.
func Codes() []Code {
	all := make([]Code, 0, len(table))
	for _, e := range table {
		all = append(all, e.code)
	}
	return all
}

func of(c Code) entry {
	if i := slices.IndexFunc(table, func(e entry) bool { return e.code == c }); i >= 0 {
		return table[i]
	}
	return entry{code: c, sentence: string(c)}
}

// Sentence returns what a code says in a list, without names.
func (c Code) Sentence() string { return of(c).sentence }

// Do returns the act that ends it.
func (c Code) Do() string {
	if act := of(c).do; act != "" {
		return act
	}
	return rollout.Code(c).Lift()
}

// Page returns the page of the docs: a section for each code, whose anchor is
// the code.
func Page() []byte {
	var b strings.Builder
	b.WriteString("# Why: the codes\n\n" +
		"`sluice why` and the page give a chain from what is wanted to what stands in the way. Each link has one of these codes;\n" +
		"they never change their meaning. Made from the table in `codes.go`: `go test ./renderer/report -update`.\n")
	for _, e := range table {
		b.WriteString("\n## " + string(e.code) + "\n\n" + upper(e.sentence) + ". " + e.page + "\n\nTo do: " + e.code.Do() + ".\n")
	}
	return []byte(b.String())
}

func upper(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
