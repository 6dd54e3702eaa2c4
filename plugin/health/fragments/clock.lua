-- Argo CD gives a script no string library, and its os.date ignores "!" for a
-- given time. So times are compared as what they are in the object, the UTC
-- strings of the API server, and the script needs no time zone.
local function stamp(seconds)
  local function div(a, b) return (a - a % b) / b end
  local function two(n)
    if n < 10 then return "0" .. n end
    return "" .. n
  end
  if seconds < 0 then seconds = 0 end
  local second = seconds % 86400
  -- Days are counted from 1 March of year 0, so that the leap day is a year's last.
  local days = div(seconds, 86400) + 719468
  local era = div(days, 146097)
  days = days % 146097
  local year = div(days - div(days, 1460) + div(days, 36524) - div(days, 146096), 365)
  days = days - (365 * year + div(year, 4) - div(year, 100))
  local month = div(5 * days + 2, 153)
  local day = days - div(153 * month + 2, 5) + 1
  year = year + era * 400
  if month >= 10 then
    month, year = month - 9, year + 1
  else
    month = month + 3
  end
  return year .. "-" .. two(month) .. "-" .. two(day) .. "T" .. two(div(second, 3600)) .. ":" ..
    two(div(second % 3600, 60)) .. ":" .. two(second % 60) .. "Z"
end
-- ago returns the time that was some seconds before now.
local function ago(seconds) return stamp(os.time() - seconds) end
-- moment returns v when it is a time of the API server's form, else "", which
-- is before every time.
local function moment(v)
  if type(v) == "string" and #v == 20 and v >= "1970-01-01T00:00:00Z" and v < "3000-01-01T00:00:00Z" then return v end
  return ""
end
local function latest(a, b)
  a, b = moment(a), moment(b)
  if a < b then return b end
  return a
end
