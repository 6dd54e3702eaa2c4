-- Makes Argo CD look again: a soak that ended is seen on events and resyncs only.
obj.metadata.annotations = obj.metadata.annotations or {}
obj.metadata.annotations["argocd.argoproj.io/refresh"] = "normal"
return obj
