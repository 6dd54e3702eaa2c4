-- Health of a Service: one of type LoadBalancer has an address or a deadline,
-- 600 seconds since its spec changed unless the annotation
-- gatorcloud.io/progress-deadline says otherwise. Argo CD's own check waits
-- for ever where nobody serves the class of load balancers.
local os = require("os")
--fragments values clock deadline address

if map(obj.spec).type ~= "LoadBalancer" then return health("Healthy", "") end
return addressed("no load balancer has taken it")
