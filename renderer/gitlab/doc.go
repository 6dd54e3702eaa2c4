// Package gitlab speaks with GitLab about merge requests: it proposes bumps,
// lets them merge, keeps one note with the plan in each, and hears of pushes.
//
// Guarantees:
//   - Only calls that may be made twice are tried again. After a call whose
//     answer was lost GitLab is asked what became of it, so that there is one
//     merge request for a branch and one note of ours in it, whatever breaks.
//   - Nothing merges before a pipeline of exactly the proposed commit exists.
//   - The token goes to the instance and nowhere else: no redirect is followed,
//     plain http only to this machine unless told, and no error shows it.
//   - What others wrote, in titles, files or errors, becomes no command of GitLab.
//
// Errors are one line and say what a person can do; see package fault. It keeps
// nothing that GitLab does not have: whoever goes on after a crash finds what
// was done by its marks. It pushes no branch, and plans nothing itself.
package gitlab
