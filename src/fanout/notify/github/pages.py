"""Whether a repository has GitHub Pages, which a private one on a free plan has not."""

from __future__ import annotations

from collections.abc import Mapping

import requests

from fanout.notify.github.client import API, SECONDS, UnreachableGitHub

NONE = (403, 404)  # where there are no Pages, or the plan has none


def served_by_workflow(environment: Mapping[str, str], token: str) -> bool:
    """Whether Pages of GITHUB_REPOSITORY takes what a workflow deploys.

    Raises UnreachableGitHub if GitHub does not say.
    """
    address = f"{environment.get('GITHUB_API_URL') or API}/repos/{environment['GITHUB_REPOSITORY']}"
    head = {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json"}
    try:
        answer = requests.get(f"{address}/pages", headers=head, timeout=SECONDS)
        if answer.status_code in NONE:
            return False
        answer.raise_for_status()
        return bool(answer.json().get("build_type") == "workflow")
    except (requests.RequestException, ValueError, AttributeError) as error:
        raise UnreachableGitHub(
            f"GitHub could not say whether it has Pages: {type(error).__name__}",
            "run the job again",
        ) from error
