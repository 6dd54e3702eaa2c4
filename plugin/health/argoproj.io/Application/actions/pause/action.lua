-- Holds the ring as Progressing, so that the rings behind it wait. Its own
-- tenants still follow Git.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["gatorcloud.io/paused"] = "true"
return obj
