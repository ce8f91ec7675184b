"""The outcome of a model or a test in a build."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A finished model or test. ``status``: success, pass, warn, error, fail or skipped; ``seconds`` it took."""

    name: str
    status: str
    seconds: float
    message: str = ""

    @property
    def title(self) -> str:
        """Its name without the prefix and suffix that dbt adds."""
        return self.name.split(".")[2]

    @property
    def is_model(self) -> bool:
        """Whether it is a model, not a test."""
        return self.name.startswith("model.")
