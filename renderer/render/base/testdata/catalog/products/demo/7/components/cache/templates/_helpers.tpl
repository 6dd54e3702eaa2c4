{{- define "cache.name" -}}demo-{{ .Release.Name }}{{- end }}
