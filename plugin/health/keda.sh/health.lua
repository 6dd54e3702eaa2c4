--kinds ScaledJob ScaledObject
-- Health of a <Kind> of KEDA: ready, or a deadline, 600 seconds since the spec
-- changed unless the annotation gatorcloud.io/progress-deadline says otherwise;
-- KEDA's conditions have no times. Argo CD's own check is Suspended while the
-- scaling is paused, which is how an ended authorisation rests: here it is Healthy.
local os = require("os")
--fragments values clock deadline conditions

return reported({Ready = true}, "KEDA has not taken it")
