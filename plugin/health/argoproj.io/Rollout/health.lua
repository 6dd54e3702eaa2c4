-- Health of a Rollout of Argo Rollouts, which sums itself up in a phase. Argo
-- CD's own check is Suspended while a step waits for a person, which would hold
-- a ring for ever. Here every phase but Healthy and Degraded has a deadline:
-- seconds without any progress, 600 unless the annotation
-- gatorcloud.io/progress-deadline says otherwise; longer pauses need it.
local os = require("os")
--fragments values clock deadline pods

local phase, message = text(status.phase), text(status.message)
local waits = unseen()
if waits then return waits end
if phase == "Healthy" or phase == "Degraded" then return health(phase, message) end
return wait(phase .. ": " .. message)
