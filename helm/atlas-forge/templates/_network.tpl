{{/* Rules that several policies share. Link-local addresses are left out of 0.0.0.0/0: there clouds
     serve the credentials of nodes. */}}
{{- define "atlas-forge.outside" -}}
- to:
    {{- range .cidrs }}
    - ipBlock:
        cidr: {{ . }}
        {{- if eq . "0.0.0.0/0" }}
        except: [169.254.0.0/16]
        {{- end }}
    {{- end }}
  ports:
    {{- range .ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
{{- end -}}

{{/* To the pods of one component: root, component, port. */}}
{{- define "atlas-forge.toComponent" -}}
- to:
    - podSelector:
        matchLabels: {{- include "atlas-forge.selector" . | nindent 10 }}
  ports:
    - {port: {{ .port }}, protocol: TCP}
{{- end -}}

{{/* Pods of Dask clusters, made by the operator: root, part (scheduler or worker). */}}
{{- define "atlas-forge.daskSelector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
dask.org/component: {{ .part }}
{{- end -}}

{{- define "atlas-forge.toPrefect" -}}
{{- if .Values.prefect.server.enabled }}
{{ include "atlas-forge.toComponent" (dict "root" . "component" "prefect-server" "port" 4200) }}
{{- else }}
{{ include "atlas-forge.outside" .Values.networkPolicy.externalPrefect }}
{{- end }}
{{- end -}}

{{- define "atlas-forge.toStore" -}}
{{- if .Values.trial.s3.enabled }}
{{ include "atlas-forge.toComponent" (dict "root" . "component" "s3" "port" 8333) }}
{{- else }}
{{ include "atlas-forge.outside" .Values.networkPolicy.store }}
{{- end }}
{{- end -}}

{{/* Metadata and selector of a policy for one component: root, component. */}}
{{- define "atlas-forge.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "atlas-forge.fullname" .root }}-{{ .component }}
  labels: {{- include "atlas-forge.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "atlas-forge.selector" . | nindent 6 }}
{{- end -}}
