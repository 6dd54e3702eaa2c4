-- addressed is Healthy when a load balancer has told its address. Objects whose
-- status has no condition and no generation carry one time that moves with what
-- is wanted: that of the managed fields of spec.
local function addressed(absent)
  if next(map(map(map(obj.status).loadBalancer).ingress)) ~= nil then return health("Healthy", "") end
  return waiting(absent, changed(wanted))
end
