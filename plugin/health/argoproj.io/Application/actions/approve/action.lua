-- Records that a person approved exactly the versions that the ring runs now;
-- the next bump needs an approval of its own.
-- begin values
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
-- end values
-- begin versions
-- granted returns the versions that an Application hands to its plugin as one
-- line, "dsa=31,swg=202", sorted; "" when there are none. An approval is for
-- exactly this line.
local function granted(spec)
  local list = {}
  for _, parameter in ipairs(map(map(map(spec.source).plugin).parameters)) do
    if map(parameter).name == "versions" then
      for product, version in pairs(map(map(parameter).map)) do
        if type(product) ~= "string" or text(version) == "" then return "" end
        table.insert(list, product .. "=" .. version)
      end
    end
  end
  table.sort(list)
  return table.concat(list, ",")
end
-- end versions

local annotations = map(map(obj.metadata).annotations)
local versions = granted(map(obj.spec))
if annotations["gatorcloud.io/approval"] ~= "required" then
  error("this Application waits for no approval: its annotation gatorcloud.io/approval is not \"required\"", 0)
end
if versions == "" then
  error("this Application grants no versions that could be approved", 0)
end
annotations["gatorcloud.io/approved"] = versions
return obj
