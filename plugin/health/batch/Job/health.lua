-- Health of a Job: Argo CD's own check and a deadline for a Job that neither
-- completes nor fails: seconds without any change of what it reports, 600
-- unless the annotation gatorcloud.io/progress-deadline says otherwise. A Job
-- with activeDeadlineSeconds and without the annotation has none here:
-- Kubernetes fails it itself, unless it is suspended. A Job that runs longer
-- than ten minutes in one pod needs one of the two. Argo CD's own check is
-- Suspended for ever while nobody resumes a Job; here the deadline counts.
local os = require("os")
--fragments values clock deadline

local spec, status = map(obj.spec), map(obj.status)
local message = "running"
for _, condition in ipairs(map(status.conditions)) do
  condition = map(condition)
  if condition.status == "True" then
    if condition.type == "Failed" then return health("Degraded", text(condition.message)) end
    if condition.type == "Complete" then return health("Healthy", text(condition.message)) end
    if text(condition.message) ~= "" then message = condition.message end
  end
end
if spec.suspend == true then message = "suspended" end

local annotated = map(map(obj.metadata).annotations)["gatorcloud.io/progress-deadline"] ~= nil
if number(spec.activeDeadlineSeconds) ~= nil and spec.suspend ~= true and not annotated then
  return health("Progressing", message)
end
return waiting(message, changed(progress, status.conditions))
