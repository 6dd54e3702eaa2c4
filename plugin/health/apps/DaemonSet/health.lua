-- Health of a DaemonSet: Argo CD's own check and a deadline, because a
-- DaemonSet has none and never degrades by itself: seconds without any
-- progress, 600 unless the annotation gatorcloud.io/progress-deadline says
-- otherwise.
local os = require("os")
--fragments values clock deadline pods

local desired, available = count(status.desiredNumberScheduled, 0), count(status.numberAvailable, 0)
local moved = desired
if map(spec.updateStrategy).type == "OnDelete" then moved = 0 end
return unseen() or outdated(count(status.updatedNumberScheduled, 0), moved) or unavailable(available, desired) or
  health("Healthy", available .. " pods available")
