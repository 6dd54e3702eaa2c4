-- taken returns the newest condition of some types, {<type> = true}, that is
-- about the present generation: a controller that was replaced leaves its
-- condition behind. Controllers that say no generation are believed.
local function taken(types)
  local status = map(obj.status)
  local generation, last = number(map(obj.metadata).generation) or 0, nil
  for _, condition in ipairs(map(status.conditions)) do
    condition = map(condition)
    local known = types[text(condition.type)]
    local seen = number(condition.observedGeneration) or number(status.observedGeneration) or generation
    if known and seen >= generation and moment(condition.lastTransitionTime) >= moment(map(last).lastTransitionTime) then
      last = condition
    end
  end
  return last
end
-- refusal is Progressing until the deadline since the spec or the condition
-- changed. Changed messages of the same refusal do not postpone it.
local function refusal(condition)
  local said = text(condition.message)
  if said == "" then said = text(condition.type) .. " is " .. text(condition.status) end
  if text(condition.reason) ~= "" then said = condition.reason .. ": " .. said end
  return waiting(said, changed(wanted, {condition}))
end
-- reported is Healthy when the condition is True; whoever reports none of the
-- types is waited for.
local function reported(types, absent)
  local last = taken(types)
  if last == nil then return waiting(absent, changed(wanted)) end
  if last.status ~= "True" then return refusal(last) end
  return health("Healthy", "")
end
