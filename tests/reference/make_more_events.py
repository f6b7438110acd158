"""Makes more_events.json: what Brian2 2.9.0 gives for the model texts of more_events.py.

A model is written once: model_file.py reads the text and builds Brian2's objects. Arrays are those of
events.json. A near tie at a threshold, an event or a condition of refractoriness stops the making.
"""

import json
import re
from pathlib import Path

import brian2 as b2
import numpy as np

from model_file import ModelFile
from more_events import CASES

b2.prefs.codegen.target = "numpy"
b2.prefs.logging.console_log_level = "CRITICAL"
SLOTS = ["before_start", "start", "after_start", "before_groups", "groups", "after_groups", "thresholds", "after_thresholds",
         "synapses", "resets", "after_resets", "end"]
METHODS = ["euler", "rk2", "rk4", "exponential_euler", "heun"]
MARGIN = 1e-9


def variants(name, text):
    for word, values in [("SLOT", SLOTS), ("METHOD", METHODS)]:
        if word in text:
            return [(f"{name}: {value}", text.replace(word, value)) for value in values]
    return [(name, text)]


def margin(text):
    """The nearest that a comparison comes to a tie, in relation to its sides, of all ticks."""
    model, nearest = ModelFile(text), np.inf
    for group in model.groups.values():
        conditions = [group.threshold, group.refractory, *group.events.values()]
        for found in filter(None, (re.fullmatch(r"(.+?) >=? (.+)", condition or "") for condition in conditions)):
            names = [f"left_{len(group.equations)}", f"right_{len(group.equations)}"]
            group.equations += [f"{names[0]} = {found[1]} : 1", f"{names[1]} = {found[2]} : 1"]
            run = model.simulate(watch=(group.name, names, True))
            left, right = (np.asarray(getattr(run.monitors["watch"], name)) for name in names)
            nearest = min(nearest, np.min(np.abs(left - right) / np.maximum(np.abs(left), np.abs(right))))
    return nearest


def entry(name, text):
    model = ModelFile(text)
    run = model.simulate()
    nearest = margin(text)
    assert nearest > MARGIN, f"{name}: a near tie, {nearest:e}"
    dt = float(model.dt / b2.second)
    result = {"name": name, "model": text, "margin": None if np.isinf(nearest) else float(f"{nearest:.2g}"), "events": {}, "values": {}}
    for key, monitor in run.events.items():
        kept = {v: np.asarray(getattr(monitor, v + "_")).tolist() for v in sorted(monitor.record_variables) if v not in ("i", "t")}
        ticks = np.round(np.asarray(monitor.t / b2.second) / dt).astype(int)
        result["events"][key] = {"ticks": ticks.tolist(), "elements": np.asarray(monitor.i).tolist(), "kept": kept}
    for key, monitor in run.monitors.items():
        result["values"][key] = np.asarray(getattr(monitor, key.split(".")[1] + "_"), dtype=float).T.tolist()
    for key, monitor in run.rates.items():
        result["values"][key] = [[float(rate)] for rate in np.asarray(monitor.rate / b2.Hz)]
    return result


if __name__ == "__main__":
    cases = [entry(title, variant) for name, text in CASES for title, variant in variants(name, text)]
    for case in cases:
        print(f'{case["name"]}: { {key: len(events["ticks"]) for key, events in case["events"].items()} }, margin {case["margin"]}')
    path = Path(__file__).with_name("more_events.json")
    cases = json.loads(json.dumps(cases), parse_float=lambda text: float(f"{float(text):.12g}"))
    path.write_text(json.dumps({"made_by": "Brian2 2.9.0, make_more_events.py", "cases": cases}, separators=(",", ":"))
                    .replace('},{"name"', '},\n{"name"') + "\n")
    print(len(cases), "cases,", path.stat().st_size, "bytes")
