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
