"""The outcome of a model or a test in a build."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Node:
    """A finished model or test. ``status``: success, pass, warn, error, fail or skipped; ``seconds`` it took."""

    name: str
    status: str
    seconds: float
    message: str = ""

    title: str = field(init=False)
    """Its name without the prefix and suffix that dbt adds."""
    is_model: bool = field(init=False)
    """Whether it is a model, not a test."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "title", self.name.split(".")[2])
        object.__setattr__(self, "is_model", self.name.startswith("model."))
