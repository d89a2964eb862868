"""Where partitions run: in this process, on a local Dask cluster, or on a scheduler's workers."""

from pipeline.compute.executor import (
    Executor,
    Failure,
    PartitionsFailed,
    SerialExecutor,
    open_executor,
)

__all__ = ["Executor", "Failure", "PartitionsFailed", "SerialExecutor", "open_executor"]
