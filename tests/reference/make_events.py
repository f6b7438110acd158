"""Makes tests/reference/events.json: what Brian2 2.9.0 gives for groups that spike.

    target/venv/bin/python tests/reference/make_events.py

Each case is a model in dvdt's notation and the same in Brian2's. Spikes are compared tick for tick,
values within 1e-9 of the largest.
"""

import json
from pathlib import Path

import numpy as np
from brian2 import (Hz, Network, NeuronGroup, PopulationRateMonitor, SpikeGeneratorGroup, SpikeMonitor, EventMonitor,
                    StateMonitor, TimedArray, defaultclock, mV, ms, prefs, second, start_scope, us)

prefs.codegen.target = "numpy"
CASES = []


def case(name, text, build, dt=0.1):
    """`build` gives a list of objects; monitors have names that say what they are compared with."""
    start_scope()
    defaultclock.dt = dt * ms
    objects, duration = build()
    Network(objects).run(duration)
    entry = {"name": name, "model": text, "events": {}, "values": {}}
    for monitor in objects:
        key = monitor.name.replace("__", ".").replace("_no", "#").removeprefix("z.")
        if isinstance(monitor, (SpikeMonitor, EventMonitor)):
            ticks = np.round(np.asarray(monitor.t / second) / (dt * 1e-3)).astype(int)
            kept = {v: np.asarray(getattr(monitor, v + "_")).tolist() for v in sorted(monitor.record_variables) if v not in ("i", "t")}
            entry["events"][key] = {"ticks": ticks.tolist(), "elements": np.asarray(monitor.i).tolist(), "kept": kept}
        elif isinstance(monitor, StateMonitor):
            # Objects of one slot run in the order of their names; Brian2's own put monitors last, as `z` does.
            variable = key.split(".")[1].split("#")[0]
            entry["values"][key] = np.asarray(getattr(monitor, variable + "_")).T.tolist()
        elif isinstance(monitor, PopulationRateMonitor):
            entry["values"][key] = [[float(rate)] for rate in np.asarray(monitor.rate / Hz)]
    CASES.append(entry)


def spiking(equations, lines, n=1, method="euler", init="", duration=40, namespace=None, **options):
    """The same group in both notations, with monitors of its spikes."""
    text = "\n".join("    " + line.strip() for line in equations.strip().splitlines())
    model = f"clock dt = 0.1*ms\ngroup g[{n}] {{\n{text}\n    method {method}\n"
    model += "".join(f"    {line}\n" for line in lines) + init + "}\n"

    def build(monitors=lambda group: []):
        group = NeuronGroup(n, equations, method=method, name="g", **options)
        return group, [group, SpikeMonitor(group, name="g__spikes"), *monitors(group)], duration * ms

    return model + "record g.spikes\n", f"run {duration}*ms\n", build


def plain(name, equations, lines, set_group=None, init="", **options):
    model, run, build = spiking(equations, lines, init=init, **options)

    def objects():
        group, list_, duration = build(lambda group: [StateMonitor(group, "v", record=True, name="g__v")])
        if set_group:
            set_group(group)
        return list_, duration

    case(name, model + "record g.v\n" + run, objects)


# 1: refractoriness with each method.
for method in ["exact", "euler", "rk2", "rk4", "exponential_euler", "heun"]:
    plain(f"refractory, {method}", "dv/dt = (1.5 - v)/(10*ms) : 1 (unless refractory)",
          ["threshold v > 1", "reset v = 0", "refractory 2*ms"], method=method,
          threshold="v > 1", reset="v = 0", refractory=2 * ms)

# 2: the length of the period in ticks.
for period in [1, 0.06, 0.15, 0.2, 0]:
    plain(f"a period of {period} ms", "dv/dt = 1/ms : 1 (unless refractory)",
          ["threshold v >= 0.45", "reset v = 0", f"refractory {period}*ms"], duration=3,
          threshold="v >= 0.45", reset="v = 0", refractory=period * ms)

# 3: a condition.
plain("a condition", "dv/dt = (1.5 - v)/(10*ms) : 1\ndw/dt = (v - w)/(5*ms) : 1",
      ["threshold v > 1", "reset { v = 0; w += 1 }", "refractory w > 0.6"],
      threshold="v > 1", reset="v = 0; w += 1", refractory="w > 0.6")

# 4: by element, and without (unless refractory).
plain("a period by element", "dv/dt = (1.5 - v)/(10*ms) : 1\nref : second",
      ["threshold v > 1", "reset v = 0.5", "refractory ref"], n=4, init="    init ref = i*1.3*ms\n",
      set_group=lambda group: setattr(group, "ref", "i*1.3*ms"),
      threshold="v > 1", reset="v = 0.5", refractory="ref")

# 5: a coupled variable goes on while v rests.
for method in ["euler", "rk2", "rk4", "exponential_euler"]:
    plain(f"coupled, {method}",
          "dv/dt = (2 - v - w)/(10*ms) : 1 (unless refractory)\ndw/dt = (0.5*v - w)/(20*ms) : 1",
          ["threshold v > 1", "reset { v = 0; w += 0.1 }", "refractory 3*ms"], method=method, duration=100,
          threshold="v > 1", reset="v = 0; w += 0.1", refractory=3 * ms)

# 6: statements see what those before them wrote; names of their own.
plain("statements", "dv/dt = (1.5 - v)/(10*ms) : 1\nw : 1",
      ["threshold v > 1", "reset {\n        old = v\n        v = 0.25*w\n        w = old - v\n        v *= 0.5\n    }"],
      threshold="v > 1", reset="old = v\nv = 0.25*w\nw = old - v\nv *= 0.5")

# 7: names of refractoriness in equations.
plain("lastspike in equations", "dv/dt = (1.5 - v + 0.1*int(not_refractory) + 0.01*(t - lastspike)/second)/(10*ms) : 1",
      ["threshold v > 1", "reset v = 0", "refractory 2*ms"], threshold="v > 1", reset="v = 0", refractory=2 * ms)

# 8: regular code writes what rests.
def regular():
    group = NeuronGroup(2, "dv/dt = (1.5 - v)/(10*ms) : 1 (unless refractory)\nn : 1", method="euler", name="g",
                        threshold="v > 1", reset="v = 0", refractory=5 * ms)
    group.run_regularly("v += 0.1*(i + 1)\nn += v", dt=1 * ms)
    return [group, SpikeMonitor(group, name="g__spikes"), StateMonitor(group, "n", record=True, name="z__g__n")], 40 * ms

case("regular code", """clock dt = 0.1*ms
group g[2] {
    dv/dt = (1.5 - v)/(10*ms) : 1 (unless refractory)
    n : 1
    method euler
    threshold v > 1
    reset v = 0
    refractory 5*ms
    run_regularly every 1*ms { v += 0.1*(i + 1); n += v }
}
record g.spikes
record g.n
run 40*ms
""", regular)

# 9: another event beside spikes: its condition is looked at before resets, its code runs after them.
def events():
    group = NeuronGroup(3, "dv/dt = (1.5 + 0.1*i - v)/(10*ms) : 1\nn : 1", method="euler", name="g", threshold="v > 1",
                        reset="v = 0; n += 10", refractory=1 * ms, events={"up": "v > 0.9"})
    group.run_on_event("up", "n += v")
    return [group, SpikeMonitor(group, variables=["v", "n"], name="g__spikes"),
            EventMonitor(group, "up", variables=["v", "n"], name="g__up"),
            StateMonitor(group, "n", record=True, name="g__n")], 30 * ms

case("another event", """clock dt = 0.1*ms
group g[3] {
    dv/dt = (1.5 + 0.1*i - v)/(10*ms) : 1
    n : 1
    method euler
    threshold v > 1
    reset v = 0; n += 10
    refractory 1*ms
    event up = v > 0.9
    run_on_event up { n += v }
}
record g.spikes(v, n)
record g.up(v, n)
record g.n
run 30*ms
""", events)

# 10: recordings in each slot, and with an interval of their own.
SLOTS = ["start", "after_groups", "before_thresholds", "after_thresholds", "before_resets", "after_resets", "end"]

def slots():
    group = NeuronGroup(2, "dv/dt = (1.5 + i - v)/(1*ms) : 1", method="euler", name="g", threshold="v > 1", reset="v = 0")
    monitors = [StateMonitor(group, "v", record=True, when=slot, name="g__v" + (f"_no{k + 1}" if k else ""))
                for k, slot in enumerate(SLOTS)]
    slow = StateMonitor(group, "v", record=True, dt=0.25 * ms, name=f"g__v_no{len(SLOTS) + 1}")
    return [group, SpikeMonitor(group, name="g__spikes"), PopulationRateMonitor(group, name="g__population_rate"),
            *monitors, slow], 5 * ms

case("slots", """clock dt = 0.1*ms
group g[2] {
    dv/dt = (1.5 + i - v)/(1*ms) : 1
    method euler
    threshold v > 1
    reset v = 0
}
record g.spikes
record g.population_rate
""" + "".join(f"record g.v when {slot}\n" for slot in SLOTS) + "record g.v every 0.25*ms\nrun 5*ms\n", slots)

# 11: timed arrays.
def timed():
    one = TimedArray([1, 2, 4, 8] * mV, dt=0.3 * ms)
    two = TimedArray([[1, 10], [2, 20], [3, 30]], dt=0.25 * ms)
    group = NeuronGroup(2, "v = one(t)/mV + two(t, i) + 100*two(t - 0.4*ms, 1 - i) : 1", name="g",
                        namespace={"one": one, "two": two})
    return [group, StateMonitor(group, "v", record=True, name="g__v")], 2 * ms

case("timed arrays", """clock dt = 0.1*ms
timed_array one every 0.3*ms = [1, 2, 4, 8]*mV
timed_array two every 0.25*ms = [[1, 10], [2, 20], [3, 30]]
group g[2] {
    v = one(t)/mV + two(t, i) + 100*two(t - 0.4*ms, 1 - i) : 1
}
record g.v
run 2*ms
""", timed)

# 12: a timed array drives a spiking group, exactly solved.
def driven():
    drive = TimedArray([0.5, 1.5, 1.2, 3.0], dt=5 * ms)
    group = NeuronGroup(1, "dv/dt = (drive(t) - v)/(10*ms) : 1", method="exact", name="g", threshold="v > 1",
                        reset="v = 0", namespace={"drive": drive})
    return [group, SpikeMonitor(group, name="g__spikes"), StateMonitor(group, "v", record=True, name="g__v")], 40 * ms

case("a driven group", """clock dt = 0.1*ms
timed_array drive every 5*ms = [0.5, 1.5, 1.2, 3.0]
group g[1] {
    dv/dt = (drive(t) - v)/(10*ms) : 1
    method exact
    threshold v > 1
    reset v = 0
}
record g.spikes
record g.v
run 40*ms
""", driven)

# 13: given spikes.
def given():
    group = SpikeGeneratorGroup(6, range(6), [0.0999, 0.09999, 0.1, 0.15, 0.1999, 0.19999] * ms, name="g")
    return [group, SpikeMonitor(group, name="g__spikes")], 1 * ms

case("given spikes", """clock dt = 0.1*ms
group g[6] {
    spikes [0, 1, 2, 3, 4, 5] at [0.0999, 0.09999, 0.1, 0.15, 0.1999, 0.19999]*ms
}
record g.spikes
run 1*ms
""", given)

def periodic():
    group = SpikeGeneratorGroup(3, [0, 2, 1], [0.2, 0.2, 0.7] * ms, period=1.1 * ms, name="g")
    return [group, SpikeMonitor(group, name="g__spikes")], 5 * ms

case("given spikes with a period", """clock dt = 0.1*ms
group g[3] {
    spikes [0, 2, 1] at [0.2, 0.2, 0.7]*ms period 1.1*ms
}
record g.spikes
run 5*ms
""", periodic)

# 14: constant over dt beside a threshold.
def stored():
    group = NeuronGroup(2, "dv/dt = (1.5 - v)/(10*ms) : 1\nw = 2*v : 1 (constant over dt)\nn : 1", method="euler", name="g",
                        threshold="w > 1.9", reset="v = 0.1*w; n = w")
    return [group, SpikeMonitor(group, name="g__spikes"), StateMonitor(group, "n", record=True, name="g__n")], 30 * ms

case("constant over dt", """clock dt = 0.1*ms
group g[2] {
    dv/dt = (1.5 - v)/(10*ms) : 1
    w = 2*v : 1 (constant over dt)
    n : 1
    method euler
    threshold w > 1.9
    reset v = 0.1*w; n = w
}
record g.spikes
record g.n
run 30*ms
""", stored)

if __name__ == "__main__":
    path = Path(__file__).with_name("events.json")
    rounded = json.loads(json.dumps(CASES), parse_float=lambda text: float(f"{float(text):.12g}"))
    path.write_text(json.dumps({"made_by": "Brian2 2.9.0, make_events.py", "cases": rounded}, indent=None,
                               separators=(",", ":")).replace('},{"name"', '},\n{"name"') + "\n")
    print(len(CASES), "cases,", path.stat().st_size, "bytes")
