"""A single scenario explained: a project's base, or the catalogue's defaults, with settings."""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.explain.explanation import explained
from pipeline.explain.model import Explanation, Setting
from pipeline.inputs.encode import base_of, problem_of
from pipeline.inputs.request import Request


def explain_scenario(
    request: Request, settings: Mapping[str, object], scenario: str = "base"
) -> Explanation:
    """The explanation of a request's base; `settings` are those that stand on top of its file."""
    problem = problem_of(request)
    title = request.project.title if request.project else "Catalogue defaults"
    told = [
        Setting(name, value if isinstance(value, (str, int, float, bool)) else str(value))
        for name, value in settings.items()
    ]
    return explained(
        problem,
        base_of(request),
        title=title,
        currency=request.currency,
        settings=told,
        scenario=scenario,
    )
