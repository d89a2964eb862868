{{/* What a schema cannot say: values that need or exclude each other. All problems at once. */}}
{{- define "atlas-forge.validate" -}}
{{- $v := .Values -}}
{{- $problems := list -}}

{{- if eq $v.image.tag "latest" -}}
{{- $problems = append $problems "image.tag: latest is refused, since flow and workers have to be the same engine; name a version, or image.digest" -}}
{{- end -}}
{{- if regexMatch "(:[^/]*|@.*)$" $v.image.repository -}}
{{- $problems = append $problems (printf "image.repository: %q has a tag or digest; they belong into image.tag and image.digest" $v.image.repository) -}}
{{- end -}}

{{- if and $v.prefect.server.enabled $v.prefect.external.apiUrl -}}
{{- $problems = append $problems "prefect.external.apiUrl: is set while prefect.server.enabled is true; a release has one server, its own or another" -}}
{{- end -}}
{{- if and (not $v.prefect.server.enabled) (not $v.prefect.external.apiUrl) -}}
{{- $problems = append $problems "prefect.external.apiUrl: is needed where prefect.server.enabled is false" -}}
{{- end -}}
{{- if $v.prefect.server.enabled -}}
{{- if and (not $v.trial.postgres.enabled) (not $v.prefect.server.database.existingSecret) -}}
{{- $problems = append $problems "prefect.server.database.existingSecret: is needed (a secret with Prefect's PostgreSQL URL), or trial.postgres.enabled for a trial" -}}
{{- end -}}
{{- if and $v.trial.postgres.enabled $v.prefect.server.database.existingSecret -}}
{{- $problems = append $problems "trial.postgres.enabled: is true while prefect.server.database.existingSecret names another database; choose one" -}}
{{- end -}}
{{- if $v.prefect.server.ingress.enabled -}}
{{- if not $v.prefect.server.ingress.host -}}
{{- $problems = append $problems "prefect.server.ingress.host: is needed where ingress.enabled is true" -}}
{{- end -}}
{{- if not $v.prefect.server.ingress.tlsSecret -}}
{{- $problems = append $problems "prefect.server.ingress.tlsSecret: is needed where ingress.enabled is true; people log in with a password" -}}
{{- end -}}
{{- if and $v.networkPolicy.enabled (not $v.networkPolicy.serverClients) -}}
{{- $problems = append $problems "networkPolicy.serverClients: has to let the ingress controller in, or ingress.enabled has no effect" -}}
{{- end -}}
{{- end -}}
{{- else -}}
{{- if $v.trial.postgres.enabled -}}
{{- $problems = append $problems "trial.postgres.enabled: is for prefect.server.enabled, which is false" -}}
{{- end -}}
{{- if $v.prefect.server.ingress.enabled -}}
{{- $problems = append $problems "prefect.server.ingress.enabled: is for prefect.server.enabled, which is false" -}}
{{- end -}}
{{- if and (ne $v.prefect.external.credential "none") (not $v.prefect.auth.existingSecret) -}}
{{- $problems = append $problems "prefect.auth.existingSecret: is needed for prefect.external, or prefect.external.credential: none" -}}
{{- end -}}
{{- end -}}

{{- if and $v.store.url $v.trial.s3.enabled -}}
{{- $problems = append $problems "trial.s3.enabled: is true while store.url names another store; choose one" -}}
{{- end -}}
{{- if not (or $v.store.url $v.trial.s3.enabled) -}}
{{- $problems = append $problems "store.url: is needed (s3://bucket/prefix, reached by flow and workers), or trial.s3.enabled for a trial" -}}
{{- end -}}
{{- if and $v.trial.s3.enabled (or $v.store.existingSecret $v.store.endpoint $v.store.caSecret) -}}
{{- $problems = append $problems "store: endpoint, existingSecret and caSecret are of a store of your own; trial.s3 brings its own" -}}
{{- end -}}

{{- if and $v.mongo.existingSecret $v.trial.mongo.enabled -}}
{{- $problems = append $problems "trial.mongo.enabled: is true while mongo.existingSecret names another database; choose one" -}}
{{- end -}}
{{- if not (or $v.mongo.existingSecret $v.trial.mongo.enabled $v.flow.runs.existingClaim) -}}
{{- $problems = append $problems "mongo.existingSecret: is needed, or flow.runs.existingClaim, or trial.mongo.enabled for a trial; results would go with the flow's pod" -}}
{{- end -}}

{{- if gt (int $v.dask.autoscale.minimum) (int $v.dask.autoscale.maximum) -}}
{{- $problems = append $problems (printf "dask.autoscale.minimum: %d is more than maximum, %d" (int $v.dask.autoscale.minimum) (int $v.dask.autoscale.maximum)) -}}
{{- end -}}
{{- if and (eq $v.dask.tls.mode "existingSecret") (not $v.dask.tls.existingSecret) -}}
{{- $problems = append $problems "dask.tls.existingSecret: is needed for dask.tls.mode existingSecret (keys ca.crt, tls.crt, tls.key)" -}}
{{- end -}}
{{- if and (ne $v.dask.tls.mode "existingSecret") $v.dask.tls.existingSecret -}}
{{- $problems = append $problems (printf "dask.tls.existingSecret: is set while dask.tls.mode is %s" $v.dask.tls.mode) -}}
{{- end -}}
{{- if and $v.dask.requireOperator (not (.Capabilities.APIVersions.Has "kubernetes.dask.org/v1/DaskCluster")) -}}
{{- $problems = append $problems "dask.requireOperator: this cluster does not know DaskCluster; install the Dask operator first (docs/kubernetes.md; for `helm template` add --api-versions kubernetes.dask.org/v1/DaskCluster)" -}}
{{- end -}}

{{- $m := $v.monitoring -}}
{{- if $m.enabled -}}
{{- if and $m.prefectServer.enabled (not $v.prefect.server.enabled) -}}
{{- $problems = append $problems "monitoring.prefectServer.enabled: is for prefect.server.enabled, which is false" -}}
{{- end -}}
{{- if and $m.prefectServer.enabled (not $m.prefectServer.existingSecret) -}}
{{- $problems = append $problems "monitoring.prefectServer.existingSecret: is needed (keys username, password): the server's metrics are behind its login" -}}
{{- end -}}
{{- range $v.flow.env -}}
{{- if has .name (list "ATLAS_FORGE_METRICS" "ATLAS_FORGE_METRICS_PUSH") -}}
{{- $problems = append $problems (printf "flow.env: %s is set by monitoring.port and monitoring.pushgateway.url" .name) -}}
{{- end -}}
{{- end -}}
{{- range $where := list "prometheus" "pushgateway" -}}
{{- $who := index $m $where -}}
{{- if and $v.networkPolicy.enabled (or (eq $where "prometheus") $who.url) (not (and $who.namespaceLabels $who.podLabels)) -}}
{{- $problems = append $problems (printf "monitoring.%s: namespaceLabels and podLabels are needed; without labels a network policy lets every pod in" $where) -}}
{{- end -}}
{{- end -}}
{{- else if or $m.prefectServer.enabled $m.pushgateway.url -}}
{{- $problems = append $problems "monitoring.enabled: is false while monitoring.prefectServer or monitoring.pushgateway is set" -}}
{{- end -}}

{{- range $name, $pod := dict "prefect.server" $v.prefect.server "prefect.worker" $v.prefect.worker "prefect.register" $v.prefect.register "flow" $v.flow "dask.scheduler" $v.dask.scheduler "dask.worker" $v.dask.worker "trial.postgres" $v.trial.postgres "trial.mongo" $v.trial.mongo "trial.s3" $v.trial.s3 -}}
{{- range list "cpu" "memory" -}}
{{- if not (dig "requests" . "" $pod.resources) -}}
{{- $problems = append $problems (printf "%s.resources.requests.%s: is needed" $name .) -}}
{{- end -}}
{{- end -}}
{{- if not (dig "limits" "memory" "" $pod.resources) -}}
{{- $problems = append $problems (printf "%s.resources.limits.memory: is needed" $name) -}}
{{- end -}}
{{- end -}}

{{/* A StatefulSet's claims cannot change; on a cluster this is seen before anything was touched. */}}
{{- range $name := list "postgres" "mongo" "s3" -}}
{{- $trial := index $v.trial $name -}}
{{- $set := lookup "apps/v1" "StatefulSet" $.Release.Namespace (printf "%s-%s" (include "atlas-forge.fullname" $) $name) -}}
{{- if and $trial.enabled $set -}}
{{- $claim := (first $set.spec.volumeClaimTemplates).spec -}}
{{- if ne $claim.resources.requests.storage $trial.storage.size -}}
{{- $problems = append $problems (printf "trial.%s.storage.size: %s cannot follow the installed %s; keep it, or uninstall and delete the volume claim first" $name $trial.storage.size $claim.resources.requests.storage) -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- range $key, $_ := $v.commonLabels -}}
{{- if regexMatch "^(app\\.kubernetes\\.io|helm\\.sh|dask\\.org|prefect\\.io|atlas-forge)/" $key -}}
{{- $problems = append $problems (printf "commonLabels: %q is one of the chart's own" $key) -}}
{{- end -}}
{{- end -}}

{{- if $problems -}}
{{- fail (printf "\n\natlas-forge cannot be installed with these values:\n  - %s\n" (join "\n  - " $problems)) -}}
{{- end -}}
{{- end -}}
