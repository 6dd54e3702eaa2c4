--kinds Certificate ClusterIssuer Issuer
-- Health of a <Kind> of cert-manager: ready for the present generation, or a
-- deadline, 600 seconds since the spec or the readiness changed unless the
-- annotation gatorcloud.io/progress-deadline says otherwise. Argo CD's own check
-- of a certificate waits for ever for an issuer that does not answer, and those
-- of all kinds are Degraded at the first refusal, which cert-manager retries. A
-- certificate that is renewed is Healthy meanwhile: its Secret still serves.
local os = require("os")
--fragments values clock deadline conditions

return reported({Ready = true}, "cert-manager has not taken it")
