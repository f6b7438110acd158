"""Makes the reference tables that the tests of dvdt compare with.

Numbers come from Brian2 (the same model text, numpy target), from analytic solutions and from
mpmath, never from dvdt. Run it in a virtual environment:

    pip install "brian2==2.9.0" "numpy<2.4" "setuptools<80" mpmath scipy
    python tests/reference/make_references.py

It writes `*.json` beside itself. See README.md there for the layout.
"""

import json
import re
from pathlib import Path

import brian2 as b2
import mpmath
import numpy as np
import scipy
from scipy.integrate import solve_ivp

HERE = Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / "examples"
VERSIONS = {"brian2": b2.__version__, "numpy": np.__version__, "scipy": scipy.__version__, "mpmath": mpmath.__version__}
UNITS = {name: getattr(b2, name) for name in dir(b2) if isinstance(getattr(b2, name), b2.Unit)}

b2.prefs.codegen.target = "numpy"
b2.prefs.logging.console_log_level = "ERROR"
mpmath.mp.dps = 50


# --- model files -----------------------------------------------------------------------------


class ModelFile:
    """The little of a model file that these models need: one group, unnamed clock."""

    def __init__(self, text):
        lines = [line.split("#")[0].strip() for line in text.splitlines()]
        self.constants, self.equations, self.inits, self.records, self.runs = {}, [], [], [], []
        self.method = None
        for line in filter(None, lines):
            self.read(line)

    def value(self, text):
        return eval(text, {**UNITS, "exp": np.exp, **self.constants})

    def read(self, line):
        if found := re.fullmatch(r"clock dt = (.+)", line):
            self.dt = self.value(found[1])
        elif found := re.fullmatch(r"constant (\w+) = (.+)", line):
            self.constants[found[1]] = self.value(found[2])
        elif found := re.fullmatch(r"group (\w+)\[(\d+)\] \{", line):
            self.group, self.size = found[1], int(found[2])
        elif found := re.fullmatch(r"method (\w+)", line):
            self.method = found[1]
        elif found := re.fullmatch(r"init (\w+) = (.+)", line):
            self.inits.append((found[1], found[2]))
        elif found := re.fullmatch(r"record \w+\.(\w+)(?:\[([\d, ]+)\])?(?: every (.+))?", line):
            elements = [int(k) for k in found[2].split(",")] if found[2] else None
            self.records.append((found[1], elements, found[3]))
        elif found := re.fullmatch(r"run (.+)", line):
            self.runs.append(self.value(found[1]))
        elif line != "}":
            self.equations.append(line)

    def simulate(self, duration=None, method=None, every_tick=False):
        """Runs the model in Brian2: its monitors, by variable."""
        b2.start_scope()
        b2.defaultclock.dt = self.dt
        group = b2.NeuronGroup(
            self.size, "\n".join(self.equations), method=method or self.method, namespace=dict(self.constants)
        )
        for name, value in self.inits:
            setattr(group, name, value)
        monitors = {}
        for name, _, every in self.records:
            clock = {"dt": self.value(every)} if every and not every_tick else {}
            monitors[name] = b2.StateMonitor(group, name, record=True, **clock)
        net = b2.Network(group, *monitors.values())
        for run in [duration] if duration is not None else self.runs:
            net.run(run)
        return monitors


# --- tables ----------------------------------------------------------------------------------


def number(value):
    """A JSON number that reads back as the same float."""
    value = float(value)
    assert np.isfinite(value)
    return value


def table(variable, elements, times, values, by, relative, absolute, reason):
    return {
        "variable": variable,
        "elements": list(elements),
        "times": [number(t) for t in times],
        "values": [[number(v) for v in row] for row in values],
        "produced_by": by,
        "tolerance": {"relative": relative, "absolute": absolute, "reason": reason},
    }


def write(name, content):
    path = HERE / f"{name}.json"
    content = {"name": name, **content, "versions": VERSIONS}
    text = json.dumps(content, indent=1)
    text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda m: "[" + re.sub(r"\s*\n\s*", " ", m[1]) + "]", text)
    path.write_text(text + "\n")
    print(path.name, path.stat().st_size)


ROUNDING = "the same scheme and dt; only the order of operations and Brian2's rewriting by sympy differ"


def brian2_tables(monitors, elements, count, scales, relative, reason=ROUNDING):
    """About `count` samples, evenly spaced, of every monitor."""
    tables = []
    for variable, monitor in monitors.items():
        times = np.asarray(monitor.t / b2.second)
        values = np.asarray(getattr(monitor, variable))
        samples = np.unique(np.linspace(0, len(times) - 1, count).round().astype(int))
        rows = values[np.ix_(elements, samples)].T
        tables.append(
            table(variable, elements, times[samples], rows, "Brian2, numpy target", relative, relative * scales[variable], reason)
        )
    return tables


# --- the examples ----------------------------------------------------------------------------


def example(name):
    return ModelFile((EXAMPLES / f"{name}.dvdt").read_text())


def analytic(variable, elements, times, solution, by, relative, absolute, reason):
    rows = [[solution(mpmath.mpf(t), k) for k in elements] for t in times]
    return table(variable, elements, times, rows, by, relative, absolute, reason)


def decay():
    model = example("decay")
    monitors = model.simulate(200 * b2.ms)
    tables = brian2_tables(monitors, [0, 99], 9, {"v": 1e-3}, 1e-12)
    factor = 1 - mpmath.mpf(1) / 1000
    times = [k * 1e-4 for k in (0, 1, 10, 100, 1000, 10000, 100000)]
    euler = lambda t, k: mpmath.mpf("1e-3") * factor ** int(mpmath.nint(t * 10000))
    tables.append(
        analytic("v", [0, 57], times, euler, "1 mV * 0.999**tick (mpmath)", 1e-10, 0.0,
                 "at most one rounding of 1.1e-16 for each of three operations in up to 1e5 ticks")
    )
    write("decay", {"model": "examples/decay.dvdt", "tables": tables})


def fitzhugh_nagumo():
    model = example("fitzhugh_nagumo")
    tables = brian2_tables(model.simulate(100 * b2.ms), [0, 2, 5, 9], 11, {"v": 1, "w": 1}, 1e-9)
    write("fitzhugh_nagumo", {"model": "examples/fitzhugh_nagumo.dvdt", "tables": tables})


def hodgkin_huxley():
    model = example("hodgkin_huxley")
    reason = ROUNDING + "; the upstroke of a spike magnifies that by some 1e4"
    tables = brian2_tables(model.simulate(20 * b2.ms), [0, 25, 50, 99], 21, {"v": 0.1}, 1e-8, reason)
    write("hodgkin_huxley", {"model": "examples/hodgkin_huxley.dvdt", "tables": tables})


def lorenz():
    model = example("lorenz")
    reason = ROUNDING + "; chaos magnifies that by e**(0.9 t), about 100 in 5 s"
    tables = brian2_tables(model.simulate(5 * b2.second), [0, 10, 28], 11, {"x": 20, "z": 40}, 1e-9, reason)
    write("lorenz", {"model": "examples/lorenz.dvdt", "tables": tables})


def two_compartment():
    """Element 0 is uncoupled; the others go through mpmath's matrix exponential."""
    model = example("two_compartment")
    mp = mpmath.mpf
    gs, gd, Cs, Cd, I, EL = mp("10e-9"), mp("5e-9"), mp("200e-12"), mp("100e-12"), mp("100e-12"), mp("-0.07")

    def state(t, k):
        gc = mp("2.5e-9") * k
        A = mpmath.matrix([[-(gs + gc) / Cs, gc / Cs], [gc / Cd, -(gd + gc) / Cd]])
        fixed = mpmath.lu_solve(A, -mpmath.matrix([0, I / Cd]))
        return mpmath.expm(A * t) * (-fixed) + fixed + mpmath.matrix([EL, EL])

    times = [k * 0.5e-3 for k in (0, 1, 2, 10, 50, 100, 399)]
    tables = [
        analytic(name, range(5), times, lambda t, k: state(t, k)[row], "matrix exponential (mpmath)", 1e-11, 0.0,
                 "the scheme is exact: roundings of one propagator, 400 times")
        for row, name in enumerate(["vs", "vd"])
    ]
    tables += brian2_tables(model.simulate(100 * b2.ms, method="rk4"), [1, 4], 5, {"vs": 0.07, "vd": 0.07}, 1e-5,
                            "Brian2 with rk4, whose own error at dt = 0.5 ms is below 1e-5 of the voltage")
    write("two_compartment", {"model": "examples/two_compartment.dvdt", "tables": tables})


def predator_prey():
    model = example("predator_prey")
    tables = brian2_tables(model.simulate(20 * b2.second), [0, 1, 3], 9, {"x": 50, "y": 30, "H": 1}, 1e-10)
    rates = lambda t, u: [(0.48 - 0.025 * u[1]) * u[0], (0.028 * u[0] - 0.93) * u[1]]
    times = [0.0, 5.0, 10.0, 20.0, 50.0, 99.0]
    for row, name in enumerate("xy"):
        solutions = [solve_ivp(rates, (0, 100), [30 + 5 * k, 4], "DOP853", times, rtol=1e-13, atol=1e-13).y for k in (0, 3)]
        tables.append(
            table(name, [0, 3], times, np.array([s[row] for s in solutions]).T, "scipy DOP853, rtol 1e-13", 0.0, 1e-5,
                  "the error of rk4 at dt = 10 ms, measured as below 1e-6, with a factor for the tolerance of DOP853")
        )
    write("predator_prey", {"model": "examples/predator_prey.dvdt", "tables": tables})


def driven_oscillator():
    """x'' + g x' + k x = F sin(w t) from rest, m = 1: a particular and a free oscillation."""
    model = example("driven_oscillator")
    tables = brian2_tables(model.simulate(4 * b2.second), [0, 5, 10, 19], 9, {"x": 0.1}, 1e-10)
    mp = mpmath.mpf
    g, k0 = mp("0.5"), mp(100)

    def position(t, w):
        free = mpmath.sqrt(k0 - g**2 / 4)
        divisor = (k0 - w**2) ** 2 + (g * w) ** 2
        c, s = -g * w / divisor, (k0 - w**2) / divisor
        a = -c
        b = (g / 2 * a - w * s) / free
        return mpmath.exp(-g * t / 2) * (a * mpmath.cos(free * t) + b * mpmath.sin(free * t)) + c * mpmath.cos(w * t) + s * mpmath.sin(w * t)

    times = [0.0, 0.1, 1.0, 2.0, 3.998]
    tables.append(
        analytic("x", [0, 5, 10, 19], times, position, "analytic (mpmath)", 0.0, 1e-8,
                 "the error of rk4 at dt = 2 ms; a force sampled at the wrong time would be 1e-5 off")
    )
    write("driven_oscillator", {"model": "examples/driven_oscillator.dvdt", "tables": tables})


# --- vectors: small models in the text of the table -------------------------------------------


def vector(name, text, source, *, pick=None, relative=1e-12, absolute=1e-15, methods=(None,), reason=ROUNDING):
    """One table for each method and record; `pick` chooses samples by number."""
    text = text.strip() + "\n"
    entries = []
    for method in methods:
        variant = text.replace("METHOD", method) if method else text
        model = ModelFile(variant)
        tables = []
        for variable, monitor in model.simulate().items():
            times = np.asarray(monitor.t / b2.second)
            values = np.asarray(getattr(monitor, variable), dtype=float).reshape(-1, len(times))
            chosen = list(range(len(times))) if pick is None else pick
            tables.append(
                table(variable, range(len(values)), times[chosen], values[:, chosen].T, "Brian2, numpy target", relative, absolute, reason)
            )
        entries.append({"text": variant, "samples": len(times), "tables": tables})
    return {"name": name, "source": source, "models": entries}


def vectors():
    all_methods = ("euler", "rk2", "rk4", "exponential_euler", "exact")
    content = [
        vector("relaxation", """
clock dt = 0.1*ms
group g[1] {
    dv/dt = (1.5 - v)/(10*ms) : 1
    method METHOD
}
record g.v
run 40*ms
""", "brian2.md 11, vector 1 without its threshold", pick=[0, 1, 50, 100, 399], methods=all_methods),
        vector("time sampling", """
clock dt = 0.1*ms
group g[1] {
    dv/dt = (sin(t/ms) - v)/(1*ms) : 1
    method METHOD
    init v = 0.25
}
record g.v
run 1.1*ms
""", "brian2.md 11, vector 2; its number is the last sample", methods=all_methods[:4]),
        vector("linear pair", """
clock dt = 0.1*ms
group g[1] {
    dv/dt = (g - v)/(10*ms) : 1
    dg/dt = -g/(5*ms) : 1
    method exact
    init v = 0.2
    init g = 1
}
record g.v
record g.g
run 1.1*ms
""".replace("group g[", "group cells[").replace("record g.", "record cells."), "brian2.md 11, vector 4; its numbers are the last sample"),
        vector("integers", """
clock dt = 0.1*ms
group g[3] {
    ii : integer
    jj : integer
    h : 1
    quotient = ii/jj : 1
    remainder = ii % jj : integer
    whole = ii // jj : integer
    half = floor(h)/2 : 1
    up = ceil(h) : 1
    cut = int(h) : integer
    part = h % 1.0 : 1
    init ii = -7*int(i == 0) + 7*int(i == 1) + 8*int(i == 2)
    init jj = 3
    init h = -2.5*int(i == 0) + 2.5*int(i == 1) + 0.3*int(i == 2)
}
record g.quotient
record g.remainder
record g.whole
record g.half
record g.up
record g.cut
record g.part
run 0.1*ms
""", "brian2.md 11, vector 12"),
        vector("clocks that meet rarely", """
clock dt = 0.1*ms
group g[1] {
    dv/dt = 1/ms : 1
    method euler
}
record g.v every 0.25*ms
run 1*ms
""", "brian2.md 11, vector 16"),
        vector("runs shorter than a tick", """
clock dt = 0.1*ms
group g[1] {
    dv/dt = 1/ms : 1
    method euler
}
record g.v
run 1*ms
run 0.05*ms
run 0.05*ms
""", "brian2.md 11, vector 17: eleven samples, the last at 1 ms"),
    ]
    write("vectors", {"vectors": content})


# --- functions -------------------------------------------------------------------------------


def exprel(x):
    return mpmath.mpf(1) if x == 0 else mpmath.expm1(x) / x


def sign(x):
    return (x > 0) - (x < 0)


ANY = [0.0, 0.1, -0.1, 0.5, 1.0, -1.0, 1.5, -2.5, 3.0, 7.25, -10.0, 20.0, 1e-8, -1e-8, 1e-300]
UNIT = [0.0, 0.1, -0.1, 0.5, -0.5, 0.9999, -0.9999, 1.0, -1.0, 1e-8]
POSITIVE = [1e-300, 1e-8, 0.1, 0.5, 0.999999, 1.0, 1.000001, 2.0, 10.0, 123456.789, 1e300]
ABOVE_MINUS_ONE = [-0.999, -0.5, -1e-10, 0.0, 1e-300, 1e-10, 0.5, 3.0, 1e10]
FUNCTIONS = {
    "sin": (mpmath.sin, ANY + [1e5, 1e15, 1e22]),
    "cos": (mpmath.cos, ANY + [1e5, 1e15, 1e22]),
    "tan": (mpmath.tan, ANY + [1e5, 1.5707963267948966]),
    "sinh": (mpmath.sinh, ANY + [700.0]),
    "cosh": (mpmath.cosh, ANY + [700.0]),
    "tanh": (mpmath.tanh, ANY),
    "arcsin": (mpmath.asin, UNIT),
    "arccos": (mpmath.acos, UNIT),
    "arctan": (mpmath.atan, ANY + [1e10, -1e300]),
    "exp": (mpmath.exp, ANY + [709.0, -745.0, -700.0]),
    "log": (mpmath.log, POSITIVE),
    "log10": (mpmath.log10, POSITIVE),
    "expm1": (mpmath.expm1, ANY + [700.0, -50.0]),
    "log1p": (mpmath.log1p, ABOVE_MINUS_ONE),
    "exprel": (exprel, ANY + [700.0, -700.0, 1e-17]),
    "sqrt": (mpmath.sqrt, [0.0] + POSITIVE),
    "floor": (mpmath.floor, ANY + [1e10 + 0.5, -0.5]),
    "ceil": (mpmath.ceil, ANY + [1e10 + 0.5, 0.5]),
    "abs": (abs, ANY),
    "sign": (sign, ANY),
    "int": (lambda x: mpmath.floor(x) if x >= 0 else mpmath.ceil(x), [0.0, 0.9, -0.9, 2.5, -2.5, 3.0, 1e6 + 0.5]),
}


def functions():
    """Every value is the float nearest to the exact one of the float arguments.

    Texts, not numbers: a JSON reader may be off by the last bit.
    """
    # Not mpmath's own conversion: float() of an mpf rounds correctly, denormals included.
    row = lambda arguments, value: {"arguments": [repr(float(x)) for x in arguments], "value": repr(float(value))}
    entries = [
        {"function": name, "rows": [row([x], function(mpmath.mpf(x))) for x in arguments]}
        for name, (function, arguments) in FUNCTIONS.items()
    ]
    clips = [(-1.0, 0.0, 1.0), (0.5, 0.0, 1.0), (2.0, 0.0, 1.0), (0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (3.0, -2.5, 2.75)]
    entries.append({"function": "clip", "rows": [row(c, min(max(c[0], c[1]), c[2])) for c in clips]})
    steps = [(0.0, 1e-4, 0), (3e-4, 1e-4, 3), (0.06e-3, 1e-4, 0), (0.15e-3, 1e-4, 1), (2e-3, 1e-4, 20), (0.0999e-3, 1e-4, 0),
             (0.09999e-3, 1e-4, 1), (1.0, 1e-5, 100000)]
    for t, dt, expected in steps:
        assert int((mpmath.mpf(t) + mpmath.mpf(1e-3) * dt) / mpmath.mpf(dt)) == expected
    entries.append({"function": "timestep", "rows": [row([t, dt], k) for t, dt, k in steps]})
    powers = [(2.0, 0.5), (2.0, -1.5), (-2.0, 3.0), (0.5, 100.0), (10.0, -300.0), (1.0000001, 1e7), (0.0, 0.0), (3.0, 1.0)]
    entries.append({"function": "**", "rows": [row(p, mpmath.power(*map(mpmath.mpf, p))) for p in powers]})
    write("functions", {"produced_by": "mpmath, 50 digits, rounded once", "functions": entries})


if __name__ == "__main__":
    for make in [functions, vectors, decay, fitzhugh_nagumo, hodgkin_huxley, lorenz, two_compartment, predator_prey, driven_oscillator]:
        make()
