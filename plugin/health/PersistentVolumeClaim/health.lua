-- Health of a PersistentVolumeClaim: a deadline for provisioning, and none for
-- a claim that nobody uses.
--
-- A claim of a class with WaitForFirstConsumer stays Pending until a pod uses
-- it, and a claim does not say what its class is. But it says when somebody
-- asked for its volume: the volume controller then sets the annotation
-- volume.kubernetes.io/storage-provisioner, after the scheduler has set
-- selected-node if it had to wait. Without such a sign the claim is Healthy: it
-- does what it was asked to do, the bucket after it may hold the pod that it
-- waits for, and a pod that cannot get its volume fails its own deadline.
local os = require("os")
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
-- begin clock
-- Argo CD gives a script no string library, and its os.date ignores "!" for a
-- given time. So times are compared as what they are in the object, the UTC
-- strings of the API server, and the script needs no time zone.
local function stamp(seconds)
  local function div(a, b) return (a - a % b) / b end
  local function two(n)
    if n < 10 then return "0" .. n end
    return "" .. n
  end
  if seconds < 0 then seconds = 0 end
  local second = seconds % 86400
  -- Days are counted from 1 March of year 0, so that the leap day is a year's last.
  local days = div(seconds, 86400) + 719468
  local era = div(days, 146097)
  days = days % 146097
  local year = div(days - div(days, 1460) + div(days, 36524) - div(days, 146096), 365)
  days = days - (365 * year + div(year, 4) - div(year, 100))
  local month = div(5 * days + 2, 153)
  local day = days - div(153 * month + 2, 5) + 1
  year = year + era * 400
  if month >= 10 then
    month, year = month - 9, year + 1
  else
    month = month + 3
  end
  return year .. "-" .. two(month) .. "-" .. two(day) .. "T" .. two(div(second, 3600)) .. ":" ..
    two(div(second % 3600, 60)) .. ":" .. two(second % 60) .. "Z"
end
-- ago returns the time that was some seconds before now.
local function ago(seconds) return stamp(os.time() - seconds) end
-- moment returns v when it is a time of the API server's form, else "", which
-- is before every time.
local function moment(v)
  if type(v) == "string" and #v == 20 and v >= "1970-01-01T00:00:00Z" and v < "3000-01-01T00:00:00Z" then return v end
  return ""
end
local function latest(a, b)
  a, b = moment(a), moment(b)
  if a < b then return b end
  return a
end
-- end clock
-- begin deadline
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
-- end deadline

local spec, status = map(obj.spec), map(obj.status)
local annotations = map(map(obj.metadata).annotations)
local asking = {
  "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/selected-node",
}

-- asked accepts the entries whose time is that of the request.
local function asked(fields)
  local set = map(map(fields["f:metadata"])["f:annotations"])
  for _, key in ipairs(asking) do
    if set["f:" .. key] ~= nil then return true end
  end
  return wanted(fields)
end

if status.phase == "Lost" then return health("Degraded", "the volume is lost") end
if status.phase == "Bound" then
  for _, condition in ipairs(map(status.conditions)) do
    condition = map(condition)
    if condition.status == "True" and (condition.type == "ControllerResizeError" or condition.type == "NodeResizeError") then
      local verdict = waiting(text(condition.message), changed(wanted, {condition}))
      if verdict.status == "Degraded" then return verdict end
    end
  end
  return health("Healthy", "")
end
if status.phase == "Pending" then
  local used = text(spec.volumeName) ~= ""
  for _, key in ipairs(asking) do used = used or annotations[key] ~= nil end
  if not used then return health("Healthy", "no pod uses the claim yet") end
end
return waiting("waiting for a volume", changed(asked))
