--kinds ApisixConsumer ApisixPluginConfig ApisixRoute ApisixTls ApisixUpstream
-- Health of an <Kind> (apisix.apache.org/v2) with a deadline.
--
-- The ingress controller reports in one condition whether it took the present
-- generation of an object: Accepted (2.x) or ResourcesAvailable (1.x); it tries
-- again for ever and never gives up. So does an object that no controller
-- takes, for want of one that serves its ingress class. Both get a deadline,
-- counted from the last change of the spec or from the refusal, 600 seconds
-- unless the annotation gatorcloud.io/progress-deadline says otherwise.
local os = require("os")
--fragments values clock deadline conditions

-- 1.x refuses an upstream that no route uses yet with a text that begins so.
-- Routes come last, so this is what an upstream should say. "/" is the character behind ".".
local types = {Accepted = true, ResourcesAvailable = true}
local message = text(map(taken(types)).message)
if message >= "upstream doesn't exist." and message < "upstream doesn't exist/" then
  return health("Healthy", "no route uses it yet")
end
return reported(types, "no ingress controller has taken it")
