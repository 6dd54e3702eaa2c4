-- Health of an Ingress: it has an address or a deadline, 600 seconds since its
-- spec changed unless the annotation gatorcloud.io/progress-deadline says
-- otherwise. Argo CD's own check waits for ever where no controller serves the
-- class, or one that tells no address.
local os = require("os")
--fragments values clock deadline address

return addressed("no ingress controller has told an address")
