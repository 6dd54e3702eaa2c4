{{- define "policy-cache.fullname" -}}
{{- default .Chart.Name .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "policy-cache.selector" -}}
app.kubernetes.io/name: {{ include "policy-cache.fullname" . }}
{{- end -}}

{{- define "policy-cache.labels" -}}
{{ include "policy-cache.selector" . }}
{{- with .Values.partOf }}
app.kubernetes.io/part-of: {{ . }}
{{- end }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}
