-- Health of a CloneSet of OpenKruise. Argo CD's own check is Suspended as long
-- as a partition holds pods back or the update is paused, and Degraded in the
-- middle of every update. Here a partition is what was asked for, and all else
-- has the deadline of a Deployment: seconds without any progress, 600 unless
-- the annotation gatorcloud.io/progress-deadline says otherwise.
local os = require("os")
--fragments values clock deadline pods

local replicas, available = count(spec.replicas, 1), count(status.availableReplicas, 0)
local strategy = map(spec.updateStrategy)
-- A partition may be a percentage; the controller says how many pods that is.
local moved = count(status.expectedUpdatedReplicas, replicas - count(strategy.partition, 0))
local waits = unseen() or unavailable(available, replicas) or outdated(count(status.updatedReplicas, 0), moved)
if waits and strategy.paused == true then return wait("the update is paused") end
return waits or health("Healthy", available .. " pods available")
