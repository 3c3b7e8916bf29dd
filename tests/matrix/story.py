"""Any story of runs that are killed, runs under faults and lost state files ends, after one more run, as it should."""

from __future__ import annotations

from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from state.document import parse
from tests.matrix import crash, verdict
from tests.matrix.catalogue import Affliction, afflictions
from tests.matrix.lab import Lab
from tests.support.tool import Tool


class Story(RuleBasedStateMachine):
    """What happens to one deployment. `lab`, `kills` and `afflictions` are set by `of`."""

    lab: ClassVar[Lab]
    kills: ClassVar[list[crash.Kill]]
    afflictions: ClassVar[list[Affliction]]

    @initialize()
    def begin(self) -> None:
        self.tool: Tool = self.lab.fresh()
        self.told: list[str] = []

    @rule(data=st.data())
    def a_run_is_killed(self, data: st.DataObject) -> None:
        kill = data.draw(st.sampled_from(self.kills))
        ran = crash.kill_at(self.lab, self.tool, kill)
        self._tell(f"killed at {kill}: {ran.note}; {ran.code}")

    @rule(data=st.data())
    def a_run_meets_a_fault(self, data: st.DataObject) -> None:
        affliction = data.draw(st.sampled_from(self.afflictions))
        self.lab.azure.faults(affliction.rule())
        ran = self.lab.run(self.tool)
        self.lab.azure.faults()
        self._tell(f"{affliction.fault.name} at {affliction.target}, every: {affliction.every}; {ran.code}")
        assert ran.code in (0, 1), (self.told, ran.text)

    @rule()
    def the_state_file_is_lost(self) -> None:
        self.tool.state_file.unlink(missing_ok=True)
        self._tell("the state file is lost")

    def teardown(self) -> None:
        last = self.lab.run(self.tool)
        found = verdict.Verdict("story", {"told": self.told})
        verdict.look_at_outputs(found, self.lab, self.tool, last)
        verdict.look_at_the_end(found, self.lab, self.tool, last)
        assert not found.problems, (found.problems, self.told, last.text)

    def _tell(self, what: str) -> None:
        self.told.append(what)
        if self.tool.state_file.exists():
            parse(self.tool.state_file.read_text(encoding="utf-8"), self.tool.state_file)
        more = verdict.duplicates(self.lab.azure.inventory(), self.lab.undisturbed.inventory)
        assert not more, (more, self.told)


def of(lab: Lab) -> type[Story]:
    """Return the stories that can happen in `lab`."""
    kills = [one.kills[0] for one in crash.crashes(lab)]
    quick = [one for one in afflictions(lab.undisturbed.requests) if not one.fault.clock and not one.every]
    return type("StoryHere", (Story,), {"lab": lab, "kills": kills, "afflictions": quick})
