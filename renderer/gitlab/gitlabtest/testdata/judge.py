"""Asks a GitLab, by python-gitlab, what package gitlab relies on."""
import sys
import warnings

import gitlab

warnings.simplefilter("error", UserWarning)

url, token, old, readonly = sys.argv[1:]


def client(token):
    return gitlab.Gitlab(url, private_token=token, retry_transient_errors=False)


def refused(code, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except gitlab.exceptions.GitlabError as e:
        assert e.response_code == code, f"{call}: {e.response_code} {e.error_message}, want {code}"
        return str(e.error_message)
    raise AssertionError(f"{call}{args}{kwargs} is not refused")


def wait(what):
    print(what, flush=True)
    sys.stdin.readline()


gl = client(token)
gl.auth()
assert gl.user.username == "ann"
assert [u.username for u in gl.users.list(username="BOB")] == ["bob"]
project = gl.projects.get("clouds/fleet")
assert project.path_with_namespace == "clouds/fleet" and project.default_branch == "main"

# Pages.
first = project.mergerequests.list(state="opened", per_page=100, get_all=False)
everything = project.mergerequests.list(state="opened", per_page=100, iterator=True)
assert len(first) == 100 and everything.total == 250, everything.total
assert len({m.iid for m in everything}) == 250
assert len(list(project.mergerequests.list(get_all=True, order_by="created_at", sort="asc"))) == 250

# Who may not.
refused(401, client("glpat-nobody").auth)
refused(401, client(old).auth)
refused(404, gl.projects.get, "clouds/other")
refused(404, project.mergerequests.get, 9999)
there = client(readonly).projects.get("clouds/fleet")
refused(403, there.mergerequests.create, {"title": "x", "source_branch": "edit", "target_branch": "main"})

# Making one, and another of the same branch.
refused(400, project.mergerequests.create, {"title": "t" * 256, "source_branch": "edit", "target_branch": "main"})
made = project.mergerequests.create({"title": "An edit", "source_branch": "edit", "target_branch": "main", "labels": "b,a",
                                     "reviewer_ids": [gl.users.list(username="bob")[0].id]})
assert made.state == "opened" and made.labels == ["a", "b"] and made.author["username"] == "ann"
assert [r["username"] for r in made.reviewers] == ["bob"]
text = refused(409, project.mergerequests.create, {"title": "An edit", "source_branch": "edit", "target_branch": "main"})
assert f"already exists for this source branch: !{made.iid}" in text, text
made.title = "Draft: an edit"
made.save()
assert project.mergerequests.get(made.iid).detailed_merge_status == "checking"
again = project.mergerequests.get(made.iid)
assert again.draft and again.detailed_merge_status == "draft_status", again.detailed_merge_status
again.title = "An edit"
again.save()

# Notes.
note = made.notes.create({"body": "hello"})
note.body = "hello again"
note.save()
assert [n.body for n in made.notes.list(order_by="created_at", sort="asc")] == ["hello again"]
refused(400, made.notes.create, {"body": "x" * 1001})
refused(403, there.mergerequests.get(made.iid).notes.delete, note.id)
note.delete()
assert made.notes.list() == []

# What it changes, and what a merge would give.
assert [(d["old_path"], d["new_path"]) for d in gl.http_get(f"/projects/1/merge_requests/{made.iid}/diffs")] == [("README.md", "README.md")]
commit = again.merge_ref()["commit_id"]
assert project.files.raw(file_path="README.md", ref=commit) == b"two\n"
refused(404, project.files.raw, file_path="nothing/here", ref=commit)

# Merging: closed, without a pipeline, at another commit, then for real.
made.state_event = "close"
made.save()
refused(405, made.merge)
made.state_event = "reopen"
made.save()
assert project.mergerequests.get(made.iid).detailed_merge_status == "checking"
assert project.mergerequests.get(made.iid).detailed_merge_status == "ci_must_pass"
refused(405, made.merge)
wait(f"pipeline {made.iid} running")
refused(409, made.merge, sha="0" * 40)
ready = project.mergerequests.get(made.iid)
assert ready.detailed_merge_status == "ci_still_running" and ready.head_pipeline["status"] == "running"
ready.merge(merge_when_pipeline_succeeds=True)
assert project.mergerequests.get(made.iid).merge_when_pipeline_succeeds
wait(f"pipeline {made.iid} success")
done = project.mergerequests.get(made.iid)
assert done.state == "merged" and done.merge_commit_sha, done.state
assert project.files.raw(file_path="README.md", ref="main") == b"two\n"
refused(405, done.merge)
jobs = project.pipelines.get(done.head_pipeline["id"], lazy=True).jobs.list()
assert [j.name for j in jobs] == ["sluice-plan"] and jobs[0].artifacts_file["filename"], jobs

# Webhooks.
refused(422, project.hooks.create, {"url": "nonsense"})
refused(403, there.hooks.create, {"url": "http://127.0.0.1:1/"})
hook = project.hooks.create({"url": "http://127.0.0.1:1/", "token": "a secret of its own", "merge_requests_events": True})
assert hook.push_events and hook.merge_requests_events and not hasattr(hook, "token"), hook
assert hook.id in [h.id for h in project.hooks.list()]
hook.delete()
assert hook.id not in [h.id for h in project.hooks.list()]
print("all is well")
