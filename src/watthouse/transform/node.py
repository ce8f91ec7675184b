"""What a build tells of each model and test."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Node:
    """A model or a test that is done. ``status``: success, pass, warn, error, fail or skipped; ``seconds`` it took."""

    name: str
    status: str
    seconds: float
    message: str = ""

    @property
    def title(self) -> str:
        """Its name without what dbt puts before and behind it."""
        return self.name.split(".")[2]

    @property
    def is_model(self) -> bool:
        """Whether it is a model, not a test."""
        return self.name.startswith("model.")
