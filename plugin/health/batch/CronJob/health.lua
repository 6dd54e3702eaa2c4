-- Health of a CronJob: nothing waits for it. Argo CD 2.14 has no check; that of
-- 3.x is Degraded from a run that failed until the next that does not, and the
-- run may be one of an earlier version, which would fail the rollout that mends it.
--fragments values

local status = map(obj.status)
local last, good = text(status.lastScheduleTime), text(status.lastSuccessfulTime)
if map(obj.spec).suspend == true then return health("Healthy", "suspended") end
if next(map(status.active)) == nil and good < last then return health("Healthy", "no run since " .. last .. " has succeeded") end
return health("Healthy", "")
