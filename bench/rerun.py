"""Part 3: a run that finds everything done, and verify: requests, depth in round trips, and wall time, against az.

Both after a first run without settings, and after one with everything on.

Where each answer takes a second, and nothing else takes any, a run's depth is plain to see in its recorded traffic.
"""

from __future__ import annotations

from bench import chain, traffic
from bench.against_az import ID, NAME, VERSION, Az, guides, signed_in
from bench.lab import NONE, Failed, Json, Lab, Tool, forget_traffic, middle, say
from emulator.lag import AZURE_TABLE
from tests.matrix.everything import EVERYTHING
from tests.matrix.lab import SETTINGS
from tests.support.tool import GROUP, HOST

_ANSWERS = ("read", "token", "graph_read", "data_plane")
UNIFORM = {row: float(row in _ANSWERS) for row in AZURE_TABLE}
COMMANDS = {"no-op rerun": ("--yes",), "verify": ("verify",)}
ALL_ON = ", everything on"
"""What is added to the names of the commands where the first run was one with everything on."""
GOALS = {
    **{name: {"requests": 12, "depth": 3} for name in COMMANDS},
    f"no-op rerun{ALL_ON}": {"requests": 37, "depth": 4},
    f"verify{ALL_ON}": {"requests": 40, "depth": 4},
}
RUNS = 5


def measure(lab: Lab) -> Json:
    """Return the figures of both commands, and of the az commands that see as much."""
    found: Json = {}
    for more in ("", ALL_ON):
        with lab.tool() as tool:
            _first_run(tool, more)
            tool.run("verify")
            for name, command in COMMANDS.items():
                walls = [tool.run(*command).wall for _ in range(lab.times(RUNS))]
                found[name + more] = {"wall": middle(walls), "walls": [round(wall, 3) for wall in walls]}
        _uniform(lab, found, more)
    for name, measured in found.items():
        say(f"  {name}: {measured['requests']} requests, depth {measured['depth']}, {measured['wall']:.2f} s")
    if lab.az is not None:
        found["az"] = _az(lab)
    return found


def _first_run(tool: Tool, more: str) -> None:
    if not more:
        tool.deploy()
        return
    for name, text in {SETTINGS: str(EVERYTHING.settings), **EVERYTHING.files}.items():
        (tool.folder / name).write_text(text)
    tool.deploy("--config", SETTINGS)


def _uniform(lab: Lab, found: Json, more: str) -> None:
    with lab.tool(lab.table(UNIFORM)) as slow:
        _first_run(slow, more)
        for name, command in COMMANDS.items():
            forget_traffic(slow.azure)
            took = slow.run(*command)
            run = traffic.read(slow.azure.traffic.read_text(), took.begun)
            if any(request.method in ("PUT", "PATCH") for request in run):
                raise Failed(f"the {name} had something to do")
            asked = [{"started": round(request.started, 2), "what": request.label} for request in run]
            figures = {"requests": len(run), "depth": chain.depth(run), "wall_at_1_s": round(took.wall, 3)}
            found[name + more] |= {**figures, "asked": asked}


def _az(lab: Lab) -> Json:
    """Time the az commands that look at the same: once as `plan` does, and once with the question to the instance."""
    with signed_in(lab, NONE) as az:
        guides(az, lambda: None)
        app = az("ad", "app", "list", "--display-name", NAME)[0]["appId"]
        url = f"https://{HOST}/models?api-version=2023-10-31"
        ask = ("rest", "--url", url, "--resource", "https://digitaltwins.azure.net")
        looks: list[float] = []
        asks: list[float] = []
        requests = 0
        for _ in range(lab.times(3)):
            forget_traffic(az.azure)
            looks.append(_look(az, app))
            requests = az.azure.requests()["total"]
            asks.append(az.run(*ask).wall)
    return {"no-op rerun": middle(looks), "verify": round(middle(looks) + middle(asks), 3), "requests": requests}


def _look(az: Az, app: str) -> float:
    commands = (
        ("group", "show", "--name", GROUP),
        ("resource", "show", "--ids", ID, *VERSION),
        ("role", "assignment", "list", "--scope", ID),
        ("ad", "app", "show", "--id", app),
        ("ad", "sp", "show", "--id", app),
        ("ad", "app", "permission", "list-grants", "--id", app),
    )
    return sum(az.run(*command).wall for command in commands)
