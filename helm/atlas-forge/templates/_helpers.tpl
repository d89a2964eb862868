{{- define "atlas-forge.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{/* At most 40 characters, so that every name made from it has at most 63. */}}
{{- define "atlas-forge.fullname" -}}
{{- $name := include "atlas-forge.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* What selects pods; never changes for a release, since selectors of workloads cannot. */}}
{{- define "atlas-forge.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "atlas-forge.labels" -}}
app.kubernetes.io/name: {{ include "atlas-forge.name" .root }}
{{ include "atlas-forge.selector" . }}
app.kubernetes.io/part-of: atlas-forge
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Labels of pods: no version in them, so that a new chart alone restarts nothing. */}}
{{- define "atlas-forge.podLabels" -}}
app.kubernetes.io/name: {{ include "atlas-forge.name" .root }}
{{ include "atlas-forge.selector" . }}
app.kubernetes.io/part-of: atlas-forge
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "atlas-forge.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "atlas-forge.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "atlas-forge.podSecurity" -}}
runAsNonRoot: true
runAsUser: {{ . }}
runAsGroup: {{ . }}
fsGroup: {{ . }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "atlas-forge.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Node selector, tolerations, affinity and priority of a pod, as far as they are set. */}}
{{- define "atlas-forge.placement" -}}
{{- with .nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* Names of secrets: the user's, or the one that the chart makes. */}}
{{- define "atlas-forge.authSecret" -}}
{{- if .Values.prefect.auth.existingSecret -}}
{{- .Values.prefect.auth.existingSecret -}}
{{- else if .Values.prefect.server.enabled -}}
{{- include "atlas-forge.fullname" . }}-prefect-auth
{{- end -}}
{{- end -}}

{{- define "atlas-forge.postgresSecret" -}}
{{- default (printf "%s-postgres" (include "atlas-forge.fullname" .)) .Values.trial.postgres.existingSecret -}}
{{- end -}}

{{- define "atlas-forge.s3Secret" -}}
{{- if .Values.trial.s3.enabled -}}
{{- default (printf "%s-s3" (include "atlas-forge.fullname" .)) .Values.trial.s3.existingSecret -}}
{{- else -}}
{{- .Values.store.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "atlas-forge.mongoSecret" -}}
{{- if .Values.trial.mongo.enabled -}}
{{- default (printf "%s-mongo" (include "atlas-forge.fullname" .)) .Values.trial.mongo.existingSecret -}}
{{- else -}}
{{- .Values.mongo.existingSecret -}}
{{- end -}}
{{- end -}}

{{- define "atlas-forge.tlsSecret" -}}
{{- if eq .Values.dask.tls.mode "existingSecret" -}}
{{- .Values.dask.tls.existingSecret -}}
{{- else -}}
{{- include "atlas-forge.fullname" . }}-dask-tls
{{- end -}}
{{- end -}}

{{/* What a secret of the chart's own already holds under a key, or else the value given: passwords
     stay over upgrades. (`helm template` sees no cluster, so there it is always the value given.) */}}
{{- define "atlas-forge.kept" -}}
{{- $existing := lookup "v1" "Secret" .root.Release.Namespace .name -}}
{{- $data := dict -}}
{{- if $existing -}}{{- $data = default dict $existing.data -}}{{- end -}}
{{- if hasKey $data .key -}}
{{- index $data .key | b64dec -}}
{{- else -}}
{{- .value -}}
{{- end -}}
{{- end -}}

{{- define "atlas-forge.apiUrl" -}}
{{- if .Values.prefect.server.enabled -}}
http://{{ include "atlas-forge.fullname" . }}-prefect-server:4200/api
{{- else -}}
{{- .Values.prefect.external.apiUrl -}}
{{- end -}}
{{- end -}}

{{/* The variable that Prefect's clients take the credential from; empty: none. */}}
{{- define "atlas-forge.credentialVariable" -}}
{{- if or .Values.prefect.server.enabled (eq .Values.prefect.external.credential "authString") -}}
PREFECT_API_AUTH_STRING
{{- else if eq .Values.prefect.external.credential "apiKey" -}}
PREFECT_API_KEY
{{- end -}}
{{- end -}}

{{/* Environment of everything that talks to Prefect's server. */}}
{{- define "atlas-forge.prefectEnv" -}}
- {name: PREFECT_API_URL, value: {{ include "atlas-forge.apiUrl" . | quote }}}
{{- with include "atlas-forge.credentialVariable" . }}
- name: {{ . }}
  valueFrom:
    secretKeyRef: {name: {{ include "atlas-forge.authSecret" $ }}, key: {{ $.Values.prefect.auth.key }}}
{{- end }}
{{ include "atlas-forge.quietEnv" . }}
{{- end -}}

{{- define "atlas-forge.quietEnv" -}}
- {name: PREFECT_HOME, value: /tmp/prefect}
- {name: HOME, value: /tmp}
- {name: DO_NOT_TRACK, value: "1"}
- {name: PREFECT_SERVER_ANALYTICS_ENABLED, value: "false"}
{{- end -}}

{{/* Address of the store and the file of its credentials: of flow and workers, at the same path in both. */}}
{{- define "atlas-forge.storeEnv" -}}
{{- if .Values.trial.s3.enabled }}
- {name: ATLAS_FORGE_STORE, value: s3://atlas-forge/runs}
- {name: ATLAS_FORGE_STORE_ENDPOINT, value: "http://{{ include "atlas-forge.fullname" . }}-s3:8333"}
- {name: ATLAS_FORGE_STORE_REGION, value: us-east-1}
{{- else }}
- {name: ATLAS_FORGE_STORE, value: {{ .Values.store.url | quote }}}
{{- with .Values.store.endpoint }}
- {name: ATLAS_FORGE_STORE_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .Values.store.region }}
- {name: ATLAS_FORGE_STORE_REGION, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- if include "atlas-forge.s3Secret" . }}
- {name: ATLAS_FORGE_STORE_SECRET_FILE, value: /etc/atlas-forge/store/credentials}
{{- end }}
{{- if .Values.store.caSecret }}
- {name: ATLAS_FORGE_STORE_CA_FILE, value: /etc/atlas-forge/store-ca/ca.crt}
{{- end }}
{{- end -}}

{{- define "atlas-forge.storeMounts" -}}
{{- if include "atlas-forge.s3Secret" . }}
- {name: store, mountPath: /etc/atlas-forge/store, readOnly: true}
{{- end }}
{{- if .Values.store.caSecret }}
- {name: store-ca, mountPath: /etc/atlas-forge/store-ca, readOnly: true}
{{- end }}
{{- end -}}

{{- define "atlas-forge.storeVolumes" -}}
{{- with include "atlas-forge.s3Secret" . }}
- name: store
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: {{ $.Values.store.key }}, path: credentials}]}
{{- end }}
{{- with .Values.store.caSecret }}
- name: store-ca
  secret: {secretName: {{ . }}, defaultMode: 0440, items: [{key: ca.crt, path: ca.crt}]}
{{- end }}
{{- end -}}

{{/* Waits until Prefect's server answers, ten minutes at most: programs that start before it would
     only fail and be started again. */}}
{{- define "atlas-forge.waitForPrefect" -}}
- name: wait-for-prefect
  image: {{ include "atlas-forge.image" . | quote }}
  imagePullPolicy: {{ .Values.image.pullPolicy }}
  command: [python3, -c]
  args:
    - |
      import sys, time, urllib.request
      url, last = sys.argv[1] + "/health", ""
      for _ in range(120):
          try:
              urllib.request.urlopen(url, timeout=5).close()
              sys.exit(0)
          except OSError as error:
              if str(error) != last:
                  print(f"{url}: {error}; waiting", flush=True)
                  last = str(error)
              time.sleep(5)
      sys.exit(f"{url} did not answer within ten minutes")
    - {{ include "atlas-forge.apiUrl" . | quote }}
  securityContext: {{- include "atlas-forge.containerSecurity" . | nindent 4 }}
  resources:
    requests: {cpu: 10m, memory: 32Mi}
    limits: {memory: 128Mi}
{{- end -}}
