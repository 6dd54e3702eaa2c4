-- Ends a pause. The annotation is set to "false" and not removed: Argo CD takes
-- an emptied table for an unchanged one.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["gatorcloud.io/paused"] = "false"
return obj
