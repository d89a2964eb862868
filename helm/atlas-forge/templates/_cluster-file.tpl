{{/* The cluster file of docs/compute.md. */}}
{{- define "atlas-forge.clusterFile" -}}
{{- $dask := .Values.dask -}}
schema: 1
image: {{ include "atlas-forge.image" . | quote }}
namespace: {{ .Release.Namespace }}
tls_secret: {{ include "atlas-forge.tlsSecret" . }}
service_account: {{ include "atlas-forge.fullname" . }}-dask
image_pull_policy: {{ .Values.image.pullPolicy }}
{{- with .Values.image.pullSecrets }}
image_pull_secrets: {{- toYaml . | nindent 2 }}
{{- end }}
labels:
  app.kubernetes.io/instance: {{ .Release.Name }}
  app.kubernetes.io/part-of: atlas-forge
  {{- with .Values.commonLabels }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
fs_group: 10001
{{- if .Values.monitoring.enabled }}
metrics: true
{{- end }}
scheduler:
  resources: {{- toYaml $dask.scheduler.resources | nindent 4 }}
  {{- include "atlas-forge.daskPlacement" $dask.scheduler | nindent 2 }}
  {{- if .Values.podDisruptionBudgets.protectRuns }}
  annotations:
    cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
    karpenter.sh/do-not-disrupt: "true"
  {{- end }}
worker:
  threads: {{ $dask.worker.threads }}
  resources: {{- toYaml $dask.worker.resources | nindent 4 }}
  env: {{- include "atlas-forge.storeEnv" . | nindent 4 }}
  {{- with include "atlas-forge.storeVolumes" . }}
  volumes: {{- . | nindent 4 }}
  volume_mounts: {{- include "atlas-forge.storeMounts" $ | nindent 4 }}
  {{- end }}
  {{- include "atlas-forge.daskPlacement" $dask.worker | nindent 2 }}
  {{- with $dask.worker.topologySpread }}
  topology_spread: {{- toYaml . | nindent 4 }}
  {{- end }}
  termination_seconds: {{ $dask.worker.terminationSeconds }}
workers:
  {{- if eq $dask.mode "fixed" }}
  fixed: {{ $dask.fixedWorkers }}
  {{- else }}
  minimum: {{ $dask.autoscale.minimum }}
  maximum: {{ $dask.autoscale.maximum }}
  target_seconds: {{ $dask.autoscale.targetSeconds }}
  {{- end }}
limits:
  idle_seconds: {{ $dask.limits.idleSeconds }}
  start_seconds: {{ $dask.limits.startSeconds }}
  no_workers_seconds: {{ $dask.limits.noWorkersSeconds }}
  allowed_failures: {{ $dask.limits.allowedFailures }}
  temporary_storage: {{ $dask.limits.temporaryStorage }}
{{- end -}}

{{- define "atlas-forge.daskPlacement" -}}
{{- with .nodeSelector }}
node_selector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priority_class: {{ . }}
{{- end }}
{{- end -}}
