-- Health of a StatefulSet: Argo CD's own check and a deadline, because a
-- StatefulSet has none and never degrades by itself. The deadline is that of a
-- Deployment: seconds without any progress, 600 unless the annotation
-- gatorcloud.io/progress-deadline says otherwise. Progress is any change of the
-- wanted or the reported state.
local os = require("os")
--fragments values clock deadline

local spec, status = map(obj.spec), map(obj.status)
local function wait(message) return waiting(message, changed(progress, status.conditions)) end
local function count(v, default) return number(v) or default end

local generation, observed = count(map(obj.metadata).generation, 0), count(status.observedGeneration, 0)
if observed == 0 or observed < generation then return wait("the controller has not seen the present spec") end

local replicas = count(spec.replicas, 1)
local available = count(status.availableReplicas, count(status.readyReplicas, 0))
if available < replicas then return wait(available .. " of " .. replicas .. " pods available") end

local strategy = map(spec.updateStrategy)
if strategy.type == "OnDelete" then
  return health("Healthy", available .. " pods available; pods are updated when they are deleted")
end
local moved = replicas - count(map(strategy.rollingUpdate).partition, 0)
local updated = count(status.updatedReplicas, 0)
if updated < moved then return wait(updated .. " of " .. moved .. " pods updated") end
return health("Healthy", available .. " pods available")
