-- Health of an ApisixTls (apisix.apache.org/v2) with a deadline.
local os = require("os")
--fragments values clock deadline apisix
