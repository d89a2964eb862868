{{/* Who may read metrics: an entry of `from` in a network policy. */}}
{{- define "atlas-forge.fromPrometheus" -}}
- namespaceSelector:
    matchLabels: {{- toYaml .Values.monitoring.prometheus.namespaceLabels | nindent 6 }}
  podSelector:
    matchLabels: {{- toYaml .Values.monitoring.prometheus.podLabels | nindent 6 }}
{{- end -}}

{{/* A headless service over pods that serve metrics, and its ServiceMonitor: root, part, selector
     (text), port (name of the container's), number. The part and `-metrics` are Prometheus' job. */}}
{{- define "atlas-forge.scraped" -}}
{{- $who := dict "root" .root "component" (printf "%s-metrics" .part) -}}
{{- $name := printf "%s-%s-metrics" (include "atlas-forge.fullname" .root) .part -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels: {{- include "atlas-forge.labels" $who | nindent 4 }}
spec:
  clusterIP: None
  selector: {{- .selector | nindent 4 }}
  ports:
    - {name: metrics, port: {{ .number }}, targetPort: {{ .port }}, protocol: TCP}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ $name }}
  labels:
    {{- include "atlas-forge.labels" $who | nindent 4 }}
    {{- with .root.Values.monitoring.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels: {{- include "atlas-forge.selector" $who | nindent 6 }}
  {{- with .podLabels }}
  podTargetLabels: {{- toYaml . | nindent 4 }}
  {{- end }}
  endpoints:
    - {port: metrics, path: /metrics, interval: {{ .root.Values.monitoring.scrapeSeconds }}s}
{{- end -}}

{{/* An alert rule: root, name, limit (its values), expr, summary, description. */}}
{{- define "atlas-forge.alert" -}}
- alert: {{ .name }}
  expr: |-
    {{- .expr | trim | nindent 4 }}
  for: {{ .limit.minutes }}m
  labels:
    severity: {{ .limit.severity }}
    part_of: atlas-forge
  annotations:
    summary: {{ .summary | quote }}
    description: {{ .description | quote }}
    runbook_url: {{ printf "%s#%s" .root.Values.monitoring.alerts.runbook (lower .name) | quote }}
{{- end -}}
