-- Health of a HorizontalPodAutoscaler. Argo CD 2.14 believes the first condition
-- that it knows and waits for ever for the first; 3.x is Degraded from the first
-- moment in which a metric is missing, as it is for every new pod. Here what
-- fails has a deadline, 600 seconds since it began or the spec changed unless
-- the annotation gatorcloud.io/progress-deadline says otherwise.
local os = require("os")
--fragments values clock deadline conditions

-- A target at no replicas is one that somebody suspended; but that of an
-- autoscaler of sluice's own, which goes with the right, should run.
local ours = map(map(obj.metadata).annotations)["gatorcloud.io/autoscaler"] ~= nil
for _, kind in ipairs({"AbleToScale", "ScalingActive"}) do
  local last = taken({[kind] = true})
  if last ~= nil and last.status == "False" and (ours or last.reason ~= "ScalingDisabled") then return refusal(last) end
end
-- Of version v1 the conditions are a text in an annotation, which only says that there are some.
local told = map(map(obj.metadata).annotations)["autoscaling.alpha.kubernetes.io/conditions"] ~= nil
if told and obj.apiVersion == "autoscaling/v1" then return health("Healthy", "") end
return reported({AbleToScale = true}, "no autoscaler has taken it")
