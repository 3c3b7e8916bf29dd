"""What a run loads of the SDKs."""

from __future__ import annotations

from tests.support.tool import SUBSCRIPTION, Tool


def test_an_answer_of_graph_loads_only_the_models_it_needs(tool: Tool) -> None:
    assert tool.deploy().code == 0
    tool.extra["PYTHONPROFILEIMPORTTIME"] = "1"
    done = tool.run("plan", "--yes", "--subscription", SUBSCRIPTION)
    assert done.code == 0
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
    models = [name for name in loaded if name.startswith("msgraph.generated.models.")]
    assert "msgraph.generated.models.application" in models
    assert len(models) < 150
    assert not [name for name in loaded if name.startswith("azure.storage")]  # only a state in a blob needs it
