"""The dbt project (staging, core, marts), the process that runs it, and the plan that repeats it for a few days."""

from watthouse.transform.node import Node
from watthouse.transform.plan import Step, replay
from watthouse.transform.runner import PROJECT, Transform, fingerprint

__all__ = ["PROJECT", "Node", "Step", "Transform", "fingerprint", "replay"]
