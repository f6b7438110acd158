"""Makes tests/reference/spiking_examples.json: what Brian2 2.9.0 gives for the examples that spike.

    target/venv/bin/python tests/reference/make_spiking_examples.py

The models are read from examples/, so that both sides run the same text: equations are Brian2's
own notation, and thresholds, resets and initial values are lines of their own.
"""

import json
import re
from pathlib import Path

import brian2
import numpy as np
from brian2 import Network, NeuronGroup, SpikeMonitor, defaultclock, ms, prefs, second

prefs.codegen.target = "numpy"
ROOT = Path(__file__).resolve().parents[2]
UNITS = {name: unit for name, unit in vars(brian2).items() if isinstance(unit, brian2.Unit)}


def read(name):
    """Constants, the length of a tick, the lines of the only group, and the length of the run."""
    text = "\n".join(line.split("#")[0].rstrip() for line in (ROOT / "examples" / f"{name}.dvdt").read_text().splitlines())
    constants = {}
    for key, value in re.findall(r"^constant (\w+) = (.+)$", text, re.M):
        constants[key] = eval(value, dict(UNITS), constants)
    dt = eval(re.search(r"^clock dt = (.+)$", text, re.M)[1], dict(UNITS))
    size, body = re.search(r"^group \w+\[(\d+)\] \{\n(.*?)^\}", text, re.M | re.S).groups()
    duration = eval(re.search(r"^run (.+)$", text, re.M)[1], dict(UNITS))
    reset = re.search(r"^    reset (\{.*?^    \}|.+?)$", body, re.M | re.S)
    body = body.replace(reset[0], "") if reset else body
    code = reset[1].strip("{}\n ") if reset else None
    lines = [line.strip() for line in body.splitlines() if line.strip()]
    words = ("threshold", "refractory", "method", "init")
    equations = "\n".join(line for line in lines if line.split()[0] not in words)
    of = lambda word: [line[len(word):].strip() for line in lines if line.split()[0] == word]
    return constants, dt, int(size), equations, of, code, duration


def run(name, step):
    brian2.start_scope()
    constants, dt, size, equations, of, code, duration = read(name)
    defaultclock.dt = dt
    options = {"refractory": of("refractory")[0]} if of("refractory") else {}
    if options and not any(sign in options["refractory"] for sign in "<>"):
        options["refractory"] = eval(options["refractory"], dict(UNITS), constants)
    reset = "\n".join(line.strip() for line in code.replace(";", "\n").splitlines()) if code else None
    group = NeuronGroup(size, equations, method=of("method")[0], threshold=of("threshold")[0], reset=reset,
                        namespace={**constants}, **options)
    for line in of("init"):
        variable, value = (part.strip() for part in line.split("=", 1))
        shared = re.search(rf"^{variable} : .*shared", equations, re.M)
        setattr(group, variable, eval(value, dict(UNITS), constants) if shared else value)
    monitor = SpikeMonitor(group)
    Network(group, monitor).run(duration)
    ticks = np.round(np.asarray(monitor.t / second) / float(dt / second)).astype(int)
    elements = np.asarray(monitor.i)
    chosen = list(range(0, size, step))
    spikes = {str(element): ticks[elements == element].tolist() for element in chosen}
    print(name, len(ticks), "spikes", flush=True)
    return {"spikes": spikes, "counts": np.bincount(elements, minlength=size).tolist()}


def statistics(name):
    """Mean and standard error over cells of the rate, and of the coefficient of variation of intervals."""
    brian2.seed(1)
    constants, dt, size, equations, of, code, duration = read(name)
    result = run(name, 1)
    counts = np.array(result["counts"])
    variations = []
    for ticks in result["spikes"].values():
        intervals = np.diff(ticks)
        if len(intervals) > 3:
            variations.append(intervals.std(ddof=1) / intervals.mean())
    error = lambda values: float(np.std(values, ddof=1) / np.sqrt(len(values)))
    rates = counts / float(duration / second)
    return {"rate": float(rates.mean()), "rate_error": error(rates), "variation": float(np.mean(variations)),
            "variation_error": error(variations)}


if __name__ == "__main__":
    examples = {"lif_refractory": 9, "adex": 1, "izhikevich": 499, "fi_curve": 7}
    results = {name: run(name, step) for name, step in examples.items()}
    results["noisy_hodgkin_huxley"] = statistics("noisy_hodgkin_huxley")
    path = Path(__file__).with_name("spiking_examples.json")
    path.write_text(json.dumps(results, separators=(",", ":")).replace('},"', '},\n"') + "\n")
    print(path.stat().st_size, "bytes")
