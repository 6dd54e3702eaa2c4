-- A script sees one snapshot and no history. What it can see of the past are
-- the times at which each field manager last changed a value
-- (metadata.managedFields), the conditions' transitions and the creation.
-- changed returns the newest of them whose fields counts(fields) accepts.
local function changed(counts, conditions)
  local metadata = map(obj.metadata)
  local newest = moment(metadata.creationTimestamp)
  for _, entry in ipairs(map(metadata.managedFields)) do
    if counts(map(map(entry).fieldsV1)) then newest = latest(newest, map(entry).time) end
  end
  for _, condition in ipairs(map(conditions)) do
    newest = latest(newest, map(condition).lastTransitionTime)
  end
  return newest
end
-- wanted and progress are the usual answers to what counts: a change of what is
-- wanted, or besides it any change of what is reported.
local function wanted(fields) return fields["f:spec"] ~= nil end
local function progress(fields) return fields["f:spec"] ~= nil or fields["f:status"] ~= nil end
-- waiting is Progressing until the deadline since the given time, then Degraded.
local function waiting(message, since)
  local seconds = number(map(map(obj.metadata).annotations)["gatorcloud.io/progress-deadline"])
  if seconds == nil or seconds <= 0 then seconds = 600 end
  if since ~= "" and since <= ago(seconds) then
    return health("Degraded", "no progress for " .. seconds .. " s since " .. since .. ": " .. message)
  end
  return health("Progressing", message)
end
