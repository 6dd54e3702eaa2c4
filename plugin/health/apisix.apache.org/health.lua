--kinds ApisixConsumer ApisixRoute ApisixTls ApisixUpstream
-- Health of an <Kind> (apisix.apache.org/v2) with a deadline.
local os = require("os")
--fragments values clock deadline apisix
