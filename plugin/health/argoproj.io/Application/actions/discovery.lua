-- Actions on an Application: refresh on all, approve, pause and resume on rings.
-- begin values
-- Objects are hostile: any field may be missing or of any type. These give a
-- value that can be read on without a check, because a script that fails makes
-- its object Unknown, and Argo CD leaves an Unknown Application out of its
-- parent's health.
local function map(v)
  if type(v) == "table" then return v end
  return {}
end
local function text(v)
  if type(v) == "string" then return v end
  return ""
end
-- number also reads strings; nil for anything that is not a finite number.
local function number(v)
  local n = nil
  if type(v) == "number" then n = v end
  if type(v) == "string" then n = tonumber(v) end
  if n == nil or n - n ~= 0 then return nil end
  return n
end
local function health(status, message)
  return {status = status, message = message}
end
-- end values
-- begin versions
-- granted returns the versions that an Application hands to its plugin as one
-- line, "dsa=31,swg=202", sorted; "" when there are none. An approval is for
-- exactly this line.
local function granted(spec)
  local list = {}
  for _, parameter in ipairs(map(map(map(spec.source).plugin).parameters)) do
    if map(parameter).name == "versions" then
      for product, version in pairs(map(map(parameter).map)) do
        if type(product) ~= "string" or text(version) == "" then return "" end
        table.insert(list, product .. "=" .. version)
      end
    end
  end
  table.sort(list)
  return table.concat(list, ",")
end
-- end versions

local metadata = map(obj.metadata)
local annotations = map(metadata.annotations)
local actions = {refresh = {displayName = "Refresh", iconClass = "fa fa-sync"}}

if map(metadata.labels)["gatorcloud.io/level"] == "ring" then
  local versions = granted(map(obj.spec))
  local awaited = annotations["gatorcloud.io/approval"] == "required" and versions ~= "" and
    annotations["gatorcloud.io/approved"] ~= versions
  local held = annotations["gatorcloud.io/paused"] ~= nil and annotations["gatorcloud.io/paused"] ~= "false"
  actions["approve"] = {disabled = not awaited, displayName = "Approve " .. versions, iconClass = "fa fa-check"}
  actions["pause"] = {disabled = held, displayName = "Pause", iconClass = "fa fa-pause"}
  actions["resume"] = {disabled = not held, displayName = "Resume", iconClass = "fa fa-play"}
end
return actions
