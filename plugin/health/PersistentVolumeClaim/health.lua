-- Health of a PersistentVolumeClaim: a deadline for provisioning, and none for
-- a claim that nobody uses.
--
-- A claim of a class with WaitForFirstConsumer stays Pending until a pod uses
-- it, and a claim does not say what its class is. But it says when somebody
-- asked for its volume: the volume controller then sets the annotation
-- volume.kubernetes.io/storage-provisioner, after the scheduler has set
-- selected-node if it had to wait. Without such a sign the claim is Healthy: it
-- does what it was asked to do, the bucket after it may hold the pod that it
-- waits for, and a pod that cannot get its volume fails its own deadline.
local os = require("os")
--fragments values clock deadline

local spec, status = map(obj.spec), map(obj.status)
local annotations = map(map(obj.metadata).annotations)
local asking = {
  "volume.kubernetes.io/storage-provisioner", "volume.beta.kubernetes.io/storage-provisioner",
  "volume.kubernetes.io/selected-node",
}

-- asked accepts the entries whose time is that of the request.
local function asked(fields)
  local set = map(map(fields["f:metadata"])["f:annotations"])
  for _, key in ipairs(asking) do
    if set["f:" .. key] ~= nil then return true end
  end
  return wanted(fields)
end

if status.phase == "Lost" then return health("Degraded", "the volume is lost") end
if status.phase == "Bound" then
  for _, condition in ipairs(map(status.conditions)) do
    condition = map(condition)
    if condition.status == "True" and (condition.type == "ControllerResizeError" or condition.type == "NodeResizeError") then
      local verdict = waiting(text(condition.message), changed(wanted, {condition}))
      if verdict.status == "Degraded" then return verdict end
    end
  end
  return health("Healthy", "")
end
if status.phase == "Pending" then
  local used = text(spec.volumeName) ~= ""
  for _, key in ipairs(asking) do used = used or annotations[key] ~= nil end
  if not used then return health("Healthy", "no pod uses the claim yet") end
end
return waiting("waiting for a volume", changed(asked))
