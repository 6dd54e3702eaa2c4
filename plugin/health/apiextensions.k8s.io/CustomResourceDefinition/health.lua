-- Health of a CustomResourceDefinition: established, or a deadline, 600 seconds
-- since its spec or the refusal changed unless the annotation
-- gatorcloud.io/progress-deadline says otherwise. Argo CD 2.14 has no check, so
-- that what needs the kind is applied too early; that of 3.x fails without a
-- status and is Degraded while the API server is installing the kind.
local os = require("os")
--fragments values clock deadline conditions

local names = taken({NamesAccepted = true})
if names ~= nil and names.status == "False" then return refusal(names) end
return reported({Established = true}, "the API server has not looked at it")
