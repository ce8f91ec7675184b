"""The dbt project (staging, core, marts), the process that runs it, and the steps that repeat it for a few days."""

from watthouse.transform.runner import BROUGHT, Transform
from watthouse.transform.step import DAYS, PROJECT, Node, Step, broken, fingerprint, steps_as_text, steps_of, tests_of

__all__ = [
    "BROUGHT",
    "DAYS",
    "PROJECT",
    "Node",
    "Step",
    "Transform",
    "broken",
    "fingerprint",
    "steps_as_text",
    "steps_of",
    "tests_of",
]
