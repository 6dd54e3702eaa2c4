-- Health of a StatefulSet: Argo CD's own check and a deadline, because a
-- StatefulSet has none and never degrades by itself. The deadline is that of a
-- Deployment: seconds without any progress, 600 unless the annotation
-- gatorcloud.io/progress-deadline says otherwise.
local os = require("os")
--fragments values clock deadline pods

local replicas = count(spec.replicas, 1)
local available = count(status.availableReplicas, count(status.readyReplicas, 0))
local waits = unseen() or unavailable(available, replicas)
if waits then return waits end

local strategy = map(spec.updateStrategy)
if strategy.type == "OnDelete" then
  return health("Healthy", available .. " pods available; pods are updated when they are deleted")
end
local moved = replicas - count(map(strategy.rollingUpdate).partition, 0)
return outdated(count(status.updatedReplicas, 0), moved) or health("Healthy", available .. " pods available")
