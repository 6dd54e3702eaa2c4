-- What workloads report in the same fields: the generation that the controller
-- has seen, and how many pods are available and updated. Progress is any change
-- of the wanted or the reported state.
local spec, status = map(obj.spec), map(obj.status)
local function wait(message) return waiting(message, changed(progress, status.conditions)) end
local function count(v, default) return number(v) or default end
local function unseen()
  local generation, observed = count(map(obj.metadata).generation, 0), count(status.observedGeneration, 0)
  if observed == 0 or observed < generation then return wait("the controller has not seen the present spec") end
end
local function unavailable(available, desired)
  if available < desired then return wait(available .. " of " .. desired .. " pods available") end
end
local function outdated(updated, moved)
  if updated < moved then return wait(updated .. " of " .. moved .. " pods updated") end
end
