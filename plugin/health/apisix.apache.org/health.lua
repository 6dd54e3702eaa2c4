--kinds ApisixConsumer ApisixRoute ApisixTls ApisixUpstream
-- Health of an <Kind> (apisix.apache.org/v2) with a deadline.
--
-- The ingress controller reports in one condition whether it took the present
-- generation of an object: Accepted (2.x) or ResourcesAvailable (1.x); it tries
-- again for ever and never gives up. So does an object that no controller
-- takes, for want of one that serves its ingress class. Both get a deadline,
-- counted from the last change of the spec or from the refusal, 600 seconds
-- unless the annotation gatorcloud.io/progress-deadline says otherwise. Changed
-- messages of the same refusal do not postpone it.
local os = require("os")
--fragments values clock deadline

local generation = number(map(obj.metadata).generation) or 0
local last = nil
for _, condition in ipairs(map(map(obj.status).conditions)) do
  condition = map(condition)
  local known = condition.type == "Accepted" or condition.type == "ResourcesAvailable"
  local current = (number(condition.observedGeneration) or generation) >= generation
  -- A controller that was replaced leaves its condition behind; the newest counts.
  if known and current and moment(condition.lastTransitionTime) >= moment(map(last).lastTransitionTime) then
    last = condition
  end
end
if last == nil then return waiting("no ingress controller has taken it", changed(wanted)) end
if last.status ~= "True" then
  return waiting(text(last.reason) .. ": " .. text(last.message), changed(wanted, {last}))
end
return health("Healthy", "")
