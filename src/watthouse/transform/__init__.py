"""The dbt project (staging, core, marts) and the process that runs it."""

from watthouse.transform.runner import PROJECT, Node, Transform, fingerprint

__all__ = ["PROJECT", "Node", "Transform", "fingerprint"]
