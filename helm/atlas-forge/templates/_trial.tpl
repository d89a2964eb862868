{{/* The volume claim of a trial server, mounted as `data`. Its labels are those that never change:
     a StatefulSet's claim templates cannot. */}}
{{- define "atlas-forge.trialVolume" -}}
volumeClaimTemplates:
  - metadata:
      name: data
      labels: {{- include "atlas-forge.selector" .who | nindent 8 }}
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .storage.className }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests: {storage: {{ .storage.size }}}
{{- end -}}
