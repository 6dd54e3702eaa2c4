-- Health of an Argo CD Application, strict enough to gate a sync wave.
--
-- The checks run in the order of the list at the end, and the first that has
-- something to say decides. The order is the contract: nothing that is told of
-- an earlier source may fail or pass the present one, so "compared" comes
-- before every check that can say Degraded, or a revert would fail on the
-- failure that it reverts.
--
-- Annotations, all optional: gatorcloud.io/soak (seconds), /tolerate-unhealthy
-- (child Applications), /approval ("required"), /approved (the versions that a
-- person approved), /paused ("true").
local os = require("os")
--fragments values clock versions

local metadata, spec, status = map(obj.metadata), map(obj.spec), map(obj.status)
local annotations = map(metadata.annotations)
local sync, aggregate, operation = map(status.sync), map(status.health), map(status.operationState)
local phase = operation.phase

-- same compares deeply, without recursion: Lua's call stack here is 256 deep.
local function same(a, b)
  local left, right, n = {a}, {b}, 1
  while n > 0 do
    local x, y = left[n], right[n]
    left[n], right[n] = nil, nil
    n = n - 1
    if type(x) ~= "table" or type(y) ~= "table" then
      if x ~= y then return false end
    else
      for key, value in pairs(x) do
        n = n + 1
        left[n], right[n] = value, y[key]
      end
      for key in pairs(y) do
        if x[key] == nil then return false end
      end
    end
  end
  return true
end

-- sameFields compares the fields of two structs. Argo CD writes a field that is
-- empty in one place and leaves it out in another.
local function sameFields(a, b)
  local function empty(v)
    return v == nil or v == "" or v == false or (type(v) == "table" and next(v) == nil)
  end
  a, b = map(a), map(b)
  for key, value in pairs(a) do
    if not same(value, b[key]) and not (empty(value) and empty(b[key])) then return false end
  end
  for key, value in pairs(b) do
    if a[key] == nil and not empty(value) then return false end
  end
  return true
end

-- present says whether a record (what was compared, synced or deployed) is of the present source.
local function present(record)
  return type(record) == "table" and sameFields(record.source, spec.source) and
    same(map(record.sources), map(spec.sources))
end

-- sameDestination lets Argo CD's record name the cluster both ways: it infers
-- the name from the server and the server from the name.
local function sameDestination(recorded)
  local destination, known = map(spec.destination), map(recorded)
  if text(destination.namespace) ~= text(known.namespace) then return false end
  local asked = false
  for _, key in ipairs({"name", "server"}) do
    if text(destination[key]) ~= "" then
      asked = true
      if destination[key] ~= known[key] then return false end
    end
  end
  return asked or (text(known.name) == "" and text(known.server) == "")
end

local function deleted()
  if metadata.deletionTimestamp ~= nil then return health("Progressing", "being deleted") end
end

local function compared()
  if not (present(map(sync.comparedTo)) and sameDestination(map(sync.comparedTo).destination)) then
    return health("Progressing", "not yet compared with the present spec")
  end
end

-- patience is how many seconds a hiccup of Argo CD or of a cluster gets before
-- it counts as a failure, and deadline how many a wait of which nobody says when
-- it ends.
local patience, deadline = 60, 600

-- erred tells an operation that ended without a verdict on what it syncs: Argo
-- CD met an error of its own, or something could not be applied.
local function erred()
  if phase == "Error" then return true end
  if phase ~= "Failed" then return false end
  for _, resource in ipairs(map(map(operation.syncResult).resources)) do
    if map(resource).status == "SyncFailed" then return true end
  end
  return false
end

-- reconciled says whether Argo CD compared after the end of the operation.
-- Before it, what the status says is of the objects that the operation replaced.
local function reconciled()
  local finished = moment(operation.finishedAt)
  return finished ~= "" and moment(status.reconciledAt) >= finished
end

-- settled tells an error that left nothing to do: all is as wanted in a later
-- comparison, and catalogs have no hooks, which a comparison would not see. The
-- usual one is a self-heal that prunes what is gone already.
local function settled()
  return erred() and sync.status == "Synced" and reconciled()
end

-- What the last operation says counts when it ran with the present source.
local function failed()
  if not present(operation.syncResult) or settled() then return nil end
  if phase == "Failed" or phase == "Error" then
    if erred() and moment(operation.finishedAt) >= ago(patience) then
      return health("Progressing", "sync met an error: " .. text(operation.message))
    end
    return health("Degraded", "sync failed: " .. text(operation.message))
  end
  if phase == "Running" and (number(operation.retryCount) or 0) > 0 then
    return health("Degraded", "sync is being retried: " .. text(operation.message))
  end
end

-- lasting is Degraded by a condition of some types, {<type> = true}, that is
-- older than some seconds.
local function lasting(types, seconds)
  for _, condition in ipairs(map(status.conditions)) do
    local kind = text(map(condition).type)
    if types[kind] and moment(condition.lastTransitionTime) < ago(seconds) then
      return health("Degraded", kind .. ": " .. text(condition.message))
    end
  end
end

-- A hiccup of the repo-server is no failure; one that lasts is. An Application
-- whose manifests cannot be rendered keeps its last health otherwise.
local function uncomparable()
  return lasting({ComparisonError = true, InvalidSpecError = true, UnknownError = true}, patience)
end

local function running()
  if obj.operation ~= nil then return health("Progressing", "sync requested") end
  if phase == "Running" or phase == "Terminating" then
    return health("Progressing", "sync " .. phase .. ": " .. text(operation.message))
  end
  -- Nothing follows by itself on an operation that failed before it had a source.
  if (phase == "Failed" or phase == "Error") and operation.syncResult == nil then
    return health("Degraded", "sync failed: " .. text(operation.message))
  end
end

local function list(names)
  table.sort(names)
  local shown = {}
  for i = 1, 3 do shown[i] = names[i] end
  if #names <= 3 then return table.concat(shown, ", ") end
  return table.concat(shown, ", ") .. " and " .. (#names - 3) .. " more"
end

-- strays names what is not as it is wanted. The status does not say in which
-- field: `argocd app diff` does.
local function strays()
  local names = {}
  for _, resource in ipairs(map(status.resources)) do
    resource = map(resource)
    if resource.status == "OutOfSync" then table.insert(names, text(resource.kind) .. " " .. text(resource.name)) end
  end
  return list(names)
end

-- Argo CD heals what is not as it is wanted, counts how often, and waits longer
-- before each time: with its usual settings the sixth is four minutes after the
-- first, and the next, after which some 3.x count anew, five minutes after that.
-- What is not as wanted again after the sixth is rewritten by somebody for ever.
-- A heal of long ago says nothing: other 3.x go on counting. The last success
-- that is not a heal stands in the history; it has to be some time ago, since
-- Argo CD can be told not to wait.
local heals = 6
local function contested()
  local count = number(map(map(operation.operation).sync).autoHealAttemptsCount) or 0
  local history = map(status.history)
  local deployed = map(history[#history])
  return phase == "Succeeded" and present(operation.syncResult) and reconciled() and count >= heals and
    moment(operation.finishedAt) > ago(deadline) and not (present(deployed) and moment(deployed.deployedAt) > ago(deadline))
end

local function unsynced()
  if sync.status == "Synced" then return nil end
  if sync.status == "OutOfSync" and contested() then
    return health("Degraded", "out of sync again after each sync, so a field is rewritten: " .. strays())
  end
  -- Argo CD says so when it will not sync by itself. The message names the
  -- commit, so that each new one counts anew.
  local refused = lasting({SyncError = true}, patience)
  if refused ~= nil then return refused end
  local message = "not synced: " .. text(sync.status)
  if strays() ~= "" then message = message .. ": " .. strays() end
  return health("Progressing", message)
end

-- unsucceeded also accepts an earlier success of the present source after which
-- only another source failed, and failed before it changed anything: the
-- Application is Synced, so no operation will ever follow. Nor will one on an
-- Application that was Synced from the start, as after Argo CD was restored: it
-- is Degraded until somebody syncs it, because Synced alone may be an accident.
local function unsucceeded()
  if phase == "Succeeded" or settled() then return nil end
  local history = map(status.history)
  if (phase == "Failed" or phase == "Error") and present(history[#history]) then return nil end
  local since = latest(metadata.creationTimestamp, operation.finishedAt)
  if since ~= "" and since <= ago(deadline) then
    return health("Degraded", "no successful sync yet, and nothing to sync since " .. since .. ": sync it once")
  end
  return health("Progressing", "no successful sync yet")
end

local function stale()
  if not reconciled() then return health("Progressing", "not reconciled since the sync") end
end

-- children counts the child Applications in the status, names those that are
-- not Healthy and says whether anything else is not Healthy.
local function children()
  local found = {healthy = 0, unhealthy = {}, others = false}
  for _, resource in ipairs(map(status.resources)) do
    resource = map(resource)
    local state = map(resource.health).status
    if resource.kind == "Application" and resource.group == "argoproj.io" then
      if state == "Healthy" then
        found.healthy = found.healthy + 1
      elseif state ~= nil or aggregate.status ~= "Healthy" then
        table.insert(found.unhealthy, text(resource.name))
      end
    elseif state ~= nil and state ~= "Healthy" then
      found.others = true
    end
  end
  return found
end

-- tolerated is how many children may be unhealthy; what is no number is none.
local function tolerance()
  local n = number(annotations["gatorcloud.io/tolerate-unhealthy"])
  if n == nil or n < 0 then return 0 end
  return n
end

local remark = ""

-- Argo CD leaves a Missing or Unknown child Application out of its parent's
-- health (argo-cd 27917); here it counts. Tolerance needs one Healthy child: a
-- ring in which nothing runs has proven nothing.
local function unhealthy()
  local found = children()
  local count = #found.unhealthy
  local counted = count .. " of " .. (count + found.healthy) .. " Applications not Healthy: " .. list(found.unhealthy)
  local within = count > 0 and count <= tolerance() and found.healthy > 0 and not found.others
  local known = aggregate.status
  if within and (known == "Healthy" or known == "Progressing" or known == "Degraded") then
    remark = "tolerating " .. counted
    return nil
  end
  if known == "Healthy" then
    if count > 0 then return health("Progressing", counted) end
    return nil
  end
  local message = text(aggregate.message)
  if message == "" and count > 0 then message = counted end
  if known == "Degraded" then return health(known, message) end
  -- Nobody is told that something waits for them; it may have been left so.
  if known == "Suspended" then
    local since = moment(aggregate.lastTransitionTime)
    if since <= ago(deadline) then return health("Degraded", "suspended since " .. since .. ": " .. message) end
    return health("Progressing", "suspended: " .. message)
  end
  if known == "Unknown" then return health("Degraded", "health is unknown: see the conditions of its resources") end
  return health("Progressing", message)
end

-- Annotations that a gate depends on fail closed, and visibly.
local function soaking()
  local value = annotations["gatorcloud.io/soak"]
  if value == nil then return nil end
  local seconds = number(value)
  if seconds == nil or seconds < 0 then
    return health("Degraded", "annotation gatorcloud.io/soak: want a number of seconds")
  end
  local since = latest(operation.finishedAt, aggregate.lastTransitionTime)
  if seconds > 0 and since > ago(seconds) then
    return health("Progressing", "soaking " .. seconds .. " s since " .. since)
  end
end

local function unapproved()
  local value = annotations["gatorcloud.io/approval"]
  if value == nil then return nil end
  if value ~= "required" then
    return health("Degraded", "annotation gatorcloud.io/approval: want \"required\"")
  end
  local versions = granted(spec)
  if versions == "" or annotations["gatorcloud.io/approved"] ~= versions then
    return health("Progressing", "waiting for approval of " .. versions)
  end
end

local function paused()
  local value = annotations["gatorcloud.io/paused"]
  if value ~= nil and value ~= "false" then return health("Progressing", "paused") end
end

for _, check in ipairs({
  deleted, compared, failed, uncomparable, running, unsynced, unsucceeded, stale,
  unhealthy, soaking, unapproved, paused,
}) do
  local verdict = check()
  if verdict ~= nil then return verdict end
end
return health("Healthy", remark)
