-- Records that a person approved exactly the versions that the ring runs now;
-- the next bump needs an approval of its own.
--fragments values versions

local annotations = map(map(obj.metadata).annotations)
local versions = granted(map(obj.spec))
if annotations["gatorcloud.io/asks"] ~= "approval" and annotations["gatorcloud.io/approval"] ~= "required" then
  error("this Application waits for no approval: its annotation gatorcloud.io/asks is not \"approval\"", 0)
end
if versions == "" then
  error("this Application grants no versions that could be approved", 0)
end
annotations["gatorcloud.io/approved"] = versions
return obj
