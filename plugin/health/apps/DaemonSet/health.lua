-- Health of a DaemonSet: Argo CD's own check and a deadline, because a
-- DaemonSet has none and never degrades by itself: seconds without any
-- progress, 600 unless the annotation gatorcloud.io/progress-deadline says
-- otherwise. Progress is any change of the wanted or the reported state.
local os = require("os")
--fragments values clock deadline

local status = map(obj.status)
local function wait(message) return waiting(message, changed(progress, status.conditions)) end
local function count(v) return number(v) or 0 end

local generation, observed = count(map(obj.metadata).generation), count(status.observedGeneration)
if observed == 0 or observed < generation then return wait("the controller has not seen the present spec") end

local desired, available = count(status.desiredNumberScheduled), count(status.numberAvailable)
local updated = count(status.updatedNumberScheduled)
local onDelete = map(map(obj.spec).updateStrategy).type == "OnDelete"
if not onDelete and updated < desired then return wait(updated .. " of " .. desired .. " pods updated") end
if available < desired then return wait(available .. " of " .. desired .. " pods available") end
return health("Healthy", available .. " pods available")
