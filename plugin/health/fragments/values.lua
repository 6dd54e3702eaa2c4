-- Objects are hostile: any field may be missing or of any type. These give a
-- value that can be read on without a check, because a script that fails makes
-- its object Unknown, and Argo CD leaves an Unknown Application out of its
-- parent's health.
local function map(v)
  if type(v) == "table" then return v end
  return {}
end
local function text(v)
  if type(v) == "string" then return v end
  return ""
end
-- number also reads strings; nil for anything that is not a finite number.
local function number(v)
  local n = nil
  if type(v) == "number" then n = v end
  if type(v) == "string" then n = tonumber(v) end
  if n == nil or n - n ~= 0 then return nil end
  return n
end
local function health(status, message)
  return {status = status, message = message}
end
