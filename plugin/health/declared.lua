-- Health of a <Kind>, of which a catalog says what makes it ready: the condition
-- <Condition> for the present generation, or a deadline, 600 seconds since the
-- spec or the condition changed unless the annotation gatorcloud.io/progress-deadline
-- says otherwise. What rests, as its right has ended, waits for nothing.
local os = require("os")
--fragments values clock deadline conditions

if <Rest> then return health("Healthy", "at rest") end
return reported({["<Condition>"] = true}, "no controller has reported <Condition>")
