-- Actions on an Application: refresh on all, approve, pause and resume on rings.
--fragments values versions

local metadata = map(obj.metadata)
local annotations = map(metadata.annotations)
local actions = {refresh = {displayName = "Refresh", iconClass = "fa fa-sync"}}

if map(metadata.labels)["gatorcloud.io/level"] == "ring" then
  local versions = granted(map(obj.spec))
  local asks = annotations["gatorcloud.io/asks"] == "approval" or annotations["gatorcloud.io/approval"] == "required"
  local awaited = asks and versions ~= "" and
    annotations["gatorcloud.io/approved"] ~= versions
  local held = annotations["gatorcloud.io/paused"] ~= nil and annotations["gatorcloud.io/paused"] ~= "false"
  actions["approve"] = {disabled = not awaited, displayName = "Approve " .. versions, iconClass = "fa fa-check"}
  actions["pause"] = {disabled = held, displayName = "Pause", iconClass = "fa fa-pause"}
  actions["resume"] = {disabled = not held, displayName = "Resume", iconClass = "fa fa-play"}
end
return actions
