{{/* Prefect's base job template: the Kubernetes job of a flow run. What Prefect fills in stands in its
     own double braces. Whoever may edit a deployment sets the variables and nothing else: neither
     the service account nor the namespace is one. */}}
{{- define "atlas-forge.jobTemplate" -}}
{{- $full := include "atlas-forge.fullname" . -}}
{{- $who := dict "root" . "component" "flow" -}}
{{- $flow := .Values.flow -}}
job_configuration:
  name: "{{ "{{ name }}" }}"
  command: "{{ "{{ command }}" }}"
  env: "{{ "{{ env }}" }}"
  labels: "{{ "{{ labels }}" }}"
  annotations: "{{ "{{ annotations }}" }}"
  namespace: {{ .Release.Namespace }}
  job_watch_timeout_seconds: "{{ "{{ job_watch_timeout_seconds }}" }}"
  pod_watch_timeout_seconds: "{{ "{{ pod_watch_timeout_seconds }}" }}"
  stream_output: "{{ "{{ stream_output }}" }}"
  job_manifest:
    apiVersion: batch/v1
    kind: Job
    metadata:
      generateName: "{{ "{{ name }}" }}-"
      namespace: {{ .Release.Namespace }}
      labels: {{- include "atlas-forge.podLabels" $who | nindent 8 }}
      annotations: "{{ "{{ annotations }}" }}"
    spec:
      # Prefect, not Kubernetes, starts a run again; it goes on from its checkpoints
      backoffLimit: 0
      ttlSecondsAfterFinished: "{{ "{{ finished_job_ttl }}" }}"
      template:
        metadata:
          labels: {{- include "atlas-forge.podLabels" $who | nindent 12 }}
          {{- if .Values.podDisruptionBudgets.protectRuns }}
          annotations:
            cluster-autoscaler.kubernetes.io/safe-to-evict: "false"
            karpenter.sh/do-not-disrupt: "true"
          {{- end }}
        spec:
          # Prefect asks for these two here; the API server has them in a job's spec and drops them
          completions: 1
          parallelism: 1
          restartPolicy: Never
          serviceAccountName: {{ $full }}-flow
          automountServiceAccountToken: true  # it makes and deletes the run's Dask cluster
          enableServiceLinks: false
          terminationGracePeriodSeconds: {{ $flow.terminationSeconds }}
          {{- include "atlas-forge.pullSecrets" . | nindent 10 }}
          securityContext: {{- include "atlas-forge.podSecurity" 10001 | nindent 12 }}
          {{- include "atlas-forge.placement" $flow | nindent 10 }}
          containers:
            - name: prefect-job
              image: "{{ "{{ image }}" }}"
              imagePullPolicy: "{{ "{{ image_pull_policy }}" }}"
              command: [/usr/bin/env]  # Prefect's command comes as arguments
              args: "{{ "{{ command }}" }}"
              env:
                {{- include "atlas-forge.flowEnv" . | nindent 16 }}
              securityContext: {{- include "atlas-forge.containerSecurity" . | nindent 16 }}
              {{- if .Values.monitoring.enabled }}
              ports:
                - {name: metrics, containerPort: {{ .Values.monitoring.port }}, protocol: TCP}
              {{- end }}
              resources:
                requests:
                  cpu: "{{ "{{ cpu_request }}" }}"
                  memory: "{{ "{{ memory_request }}" }}"
                limits:
                  {{- with $flow.resources.limits.cpu }}
                  cpu: {{ . | quote }}
                  {{- end }}
                  memory: "{{ "{{ memory_limit }}" }}"
              volumeMounts: {{- include "atlas-forge.flowMounts" . | nindent 16 }}
          volumes: {{- include "atlas-forge.flowVolumes" . | nindent 12 }}
variables:
  type: object
  description: What a deployment may set of the Kubernetes job of its runs.
  properties:
    name: {title: Name, description: First part of the job's name., anyOf: [{type: string}, {type: "null"}], default: null}
    command: {title: Command, description: Left empty it is Prefect's own., anyOf: [{type: string}, {type: "null"}], default: null}
    env: {title: Environment Variables, type: object, additionalProperties: {anyOf: [{type: string}, {type: "null"}]}, default: {}}
    labels: {title: Labels, type: object, additionalProperties: {type: string}, default: {}}
    annotations: {title: Annotations, type: object, additionalProperties: {type: string}, default: {}}
    image: {title: Image, description: The image of flow and workers; both have to be the same engine., type: string, default: {{ include "atlas-forge.image" . | quote }}}
    image_pull_policy: {title: Image Pull Policy, type: string, enum: [IfNotPresent, Always, Never], default: {{ .Values.image.pullPolicy }}}
    finished_job_ttl: {title: Finished Job TTL, description: Seconds that a finished job and its log stay., type: integer, minimum: 0, default: {{ $flow.finishedJobSeconds }}}
    cpu_request: {title: CPU Request, type: string, default: {{ $flow.resources.requests.cpu | quote }}}
    memory_request: {title: Memory Request, type: string, default: {{ $flow.resources.requests.memory | quote }}}
    memory_limit: {title: Memory Limit, type: string, default: {{ $flow.resources.limits.memory | quote }}}
    job_watch_timeout_seconds: {title: Job Watch Timeout Seconds, anyOf: [{type: integer}, {type: "null"}], default: null}
    pod_watch_timeout_seconds: {title: Pod Watch Timeout Seconds, description: How long a pod may take to start. Nodes may have to be added first., type: integer, default: 600}
    stream_output: {title: Stream Output, type: boolean, default: true}
{{- end -}}

{{- define "atlas-forge.flowEnv" -}}
{{ include "atlas-forge.quietEnv" . }}
- {name: ATLAS_FORGE_HOME, value: /opt/atlas-forge/app}
- {name: ATLAS_FORGE_POOL, value: {{ .Values.prefect.pool }}}
- {name: ATLAS_FORGE_LOG_LEVEL, value: {{ .Values.flow.logLevel }}}
- {name: ATLAS_FORGE_OUT, value: /runs}
- {name: ATLAS_FORGE_COMPUTE, value: kubernetes}
- {name: ATLAS_FORGE_CLUSTER_FILE, value: /etc/atlas-forge/cluster/cluster.yaml}
- {name: ATLAS_FORGE_SCHEDULER_CA_FILE, value: /etc/atlas-forge/tls/ca.crt}
- {name: ATLAS_FORGE_SCHEDULER_CERT_FILE, value: /etc/atlas-forge/tls/tls.crt}
- {name: ATLAS_FORGE_SCHEDULER_KEY_FILE, value: /etc/atlas-forge/tls/tls.key}
{{- if include "atlas-forge.mongoSecret" . }}
- {name: ATLAS_FORGE_MONGO_FILE, value: /etc/atlas-forge/mongo/uri}
{{- end }}
{{- include "atlas-forge.storeEnv" . }}
{{- with .Values.monitoring }}
{{- if .enabled }}
- {name: ATLAS_FORGE_METRICS, value: "0.0.0.0:{{ .port }}"}
{{- with .pushgateway.url }}
- {name: ATLAS_FORGE_METRICS_PUSH, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end }}
{{- with .Values.flow.env }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "atlas-forge.flowMounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: runs, mountPath: /runs}
- {name: cluster, mountPath: /etc/atlas-forge/cluster, readOnly: true}
- {name: dask-tls, mountPath: /etc/atlas-forge/tls, readOnly: true}
{{- if include "atlas-forge.mongoSecret" . }}
- {name: mongo, mountPath: /etc/atlas-forge/mongo, readOnly: true}
{{- end }}
{{- if .Values.mongo.caSecret }}
- {name: mongo-ca, mountPath: /etc/atlas-forge/mongo-ca, readOnly: true}
{{- end }}
{{- include "atlas-forge.storeMounts" . }}
{{- end -}}

{{- define "atlas-forge.flowVolumes" -}}
- name: tmp
  emptyDir: {sizeLimit: {{ .Values.flow.temporaryStorage }}}
- name: runs
  {{- if .Values.flow.runs.existingClaim }}
  persistentVolumeClaim: {claimName: {{ .Values.flow.runs.existingClaim }}}
  {{- else }}
  emptyDir: {sizeLimit: {{ .Values.flow.runs.size }}}
  {{- end }}
- name: cluster
  configMap: {name: {{ include "atlas-forge.fullname" . }}-dask-cluster}
- name: dask-tls
  secret: {secretName: {{ include "atlas-forge.tlsSecret" . }}, defaultMode: 0440}
{{- with include "atlas-forge.mongoSecret" . }}
- name: mongo
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items: [{key: {{ $.Values.mongo.key }}, path: uri}]
{{- end }}
{{- with .Values.mongo.caSecret }}
- name: mongo-ca
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- include "atlas-forge.storeVolumes" . }}
{{- end -}}
