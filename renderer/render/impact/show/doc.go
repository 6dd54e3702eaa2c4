// Package show writes plans for people and machines: as text for a terminal,
// as Markdown for the note of a merge request, as a page of HTML, and as the
// counts that GitLab reads.
//
// What a plan says comes from tenants and catalogs and is hostile: no form lets
// it speak for itself. In Markdown it stands in code alone, where GitLab knows
// no command, mention, link, image or HTML, and no line begins with it; HTML is
// escaped; a terminal is sent printable characters.
package show
