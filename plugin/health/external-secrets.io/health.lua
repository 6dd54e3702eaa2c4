--kinds ClusterSecretStore ExternalSecret SecretStore
-- Health of a <Kind> of External Secrets: ready, or a deadline, 600 seconds
-- since the spec or the readiness changed unless the annotation
-- gatorcloud.io/progress-deadline says otherwise. Argo CD's own check waits for
-- ever for an operator that is not there and is Degraded at the first refusal,
-- which the operator retries.
local os = require("os")
--fragments values clock deadline conditions

-- An ExternalSecret says the generation that it synced as "<generation>-<hash>",
-- and "." is the character behind "-". One that is synced once only never says another.
local synced = text(map(obj.status).syncedResourceVersion)
local generation = number(map(obj.metadata).generation)
if synced ~= "" and generation ~= nil and map(obj.spec).refreshPolicy ~= "CreatedOnce" and
  not (synced >= generation .. "-" and synced < generation .. ".") then
  local last = taken({Ready = true})
  if map(last).status == "False" then return refusal(last) end
  return waiting("the operator has not synced the present spec", changed(wanted))
end
return reported({Ready = true}, "no operator has taken it")
