"""The file that says what a run's cluster on Kubernetes is made of (docs/compute.md)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from pipeline.inputs.errors import InputErrors
from pipeline.inputs.models import SchemaVersion, StrictModel, Text, TupleOf, build
from pipeline.inputs.yaml_reader import read_file

# The user of the image, who has to be able to read the mounted key.
IMAGE_USER: Final = 10_001

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$")]
Labels = dict[str, str]
Quantity = Annotated[
    str | int | float, Field(union_mode="left_to_right", json_schema_extra={"type": "string"})
]
Workers = Annotated[int, Field(ge=1, le=10_000)]
Seconds = Annotated[int, Field(ge=1, le=86_400)]


class Variable(StrictModel):
    """An entry of a container's `env`."""

    name: Text
    value: str | None = None
    valueFrom: dict[str, Any] | None = None  # noqa: N815 - Kubernetes' own name

    @model_validator(mode="after")
    def _one_of_both(self) -> Variable:
        if (self.value is None) == (self.valueFrom is None):
            raise PydanticCustomError("env", "has to have either value or valueFrom")
        return self


class VariableSource(StrictModel):
    """An entry of a container's `envFrom`."""

    prefix: str | None = None
    configMapRef: dict[str, Any] | None = None  # noqa: N815 - Kubernetes' own name
    secretRef: dict[str, Any] | None = None  # noqa: N815 - Kubernetes' own name


class Toleration(StrictModel):
    """An entry of a pod's `tolerations`."""

    key: str | None = None
    operator: Annotated[str, Field(pattern="^(Exists|Equal)$")] | None = None
    value: str | None = None
    effect: Annotated[str, Field(pattern="^(NoSchedule|PreferNoSchedule|NoExecute)$")] | None = None
    tolerationSeconds: int | None = None  # noqa: N815 - Kubernetes' own name


class Resources(StrictModel):
    """A container's `resources`."""

    requests: dict[str, Quantity] = Field(default_factory=dict)
    limits: dict[str, Quantity] = Field(default_factory=dict)


class Affinity(StrictModel):
    """A pod's `affinity`."""

    nodeAffinity: dict[str, Any] | None = None  # noqa: N815 - Kubernetes' own name
    podAffinity: dict[str, Any] | None = None  # noqa: N815 - Kubernetes' own name
    podAntiAffinity: dict[str, Any] | None = None  # noqa: N815 - Kubernetes' own name


class PodTemplate(StrictModel):
    """What scheduler and worker pods may differ in."""

    resources: Resources = Resources()
    node_selector: Labels = Field(default_factory=dict)
    tolerations: TupleOf[Toleration] = ()
    affinity: Affinity = Affinity()
    priority_class: str = ""
    labels: Labels = Field(default_factory=dict)
    annotations: Labels = Field(default_factory=dict)


class WorkerTemplate(PodTemplate):
    """A worker's pod; `threads` is how many partitions it computes at a time."""

    threads: Annotated[int, Field(ge=1, le=256)] = 1
    env: TupleOf[Variable] = ()
    env_from: TupleOf[VariableSource] = ()
    volumes: TupleOf[dict[str, Any]] = ()
    volume_mounts: TupleOf[dict[str, Any]] = ()
    topology_spread: TupleOf[dict[str, Any]] = ()
    termination_seconds: Annotated[int, Field(ge=0, le=3_600)] = 30


class WorkerCount(StrictModel):
    """How many workers: `fixed`, or as many as the work wants within bounds."""

    fixed: Workers | None = None
    minimum: Workers = 1
    maximum: Workers = 10
    target_seconds: Seconds = 300

    @model_validator(mode="after")
    def _in_order(self) -> WorkerCount:
        if self.minimum > self.maximum:
            raise PydanticCustomError("workers", "has a minimum above its maximum")
        if self.fixed is not None and self.model_fields_set - {"fixed"}:
            raise PydanticCustomError(
                "workers", "is either fixed, or has minimum, maximum and target_seconds"
            )
        return self


class Limits(StrictModel):
    """Patience in seconds, failures of workers, storage of a pod."""

    idle_seconds: Seconds = 300
    start_seconds: Seconds = 600
    no_workers_seconds: Seconds = 1_800
    allowed_failures: Annotated[int, Field(ge=0, le=1_000)] = 16
    temporary_storage: Quantity = "1Gi"


class ClusterFile(StrictModel):
    """The whole file; with `metrics` scheduler and workers serve theirs to Prometheus."""

    schema_version: Annotated[SchemaVersion, Field(alias="schema")]
    image: Text
    tls_secret: Name
    namespace: Name | None = None
    service_account: Name | None = None
    image_pull_policy: Annotated[str, Field(pattern="^(Always|IfNotPresent|Never)$")] | None = None
    image_pull_secrets: TupleOf[Name] = ()
    labels: Labels = Field(default_factory=dict)
    annotations: Labels = Field(default_factory=dict)
    fs_group: Annotated[int, Field(ge=1)] = IMAGE_USER
    env: TupleOf[Variable] = ()
    metrics: bool = False
    scheduler: PodTemplate = PodTemplate()
    worker: WorkerTemplate = WorkerTemplate()
    workers: WorkerCount = WorkerCount()
    limits: Limits = Limits()


def load_cluster_file(path: str) -> ClusterFile:
    """The cluster file at `path`. Raises InputErrors with everything wrong at once."""
    document = read_file(Path(path))
    collector = document.collector()
    found = build(ClusterFile, document.value, collector)
    if found is None:
        raise InputErrors(collector.errors)
    return found
