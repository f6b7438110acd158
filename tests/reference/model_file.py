"""Reads a model file, as far as these models go, and runs it in Brian2."""

import re

import brian2 as b2
import numpy as np

UNITS = {name: getattr(b2, name) for name in dir(b2) if isinstance(getattr(b2, name), b2.Unit)}


class Group:
    """What stands between the braces of a group."""

    def __init__(self, name, size):
        self.name, self.size = name, size
        self.equations, self.inits = [], []
        self.method = self.threshold = self.reset = self.refractory = self.poisson = self.spikes = None
        self.events, self.handlers, self.regular = {}, [], []

    def read(self, line):
        if found := re.fullmatch(r"method (\w+)", line):
            self.method = found[1]
        elif found := re.fullmatch(r"init (\w+ .?= .+)", line):
            self.inits.append(re.fullmatch(r"(\w+) = (.+)", found[1]).groups())
        elif found := re.fullmatch(r"(threshold|refractory|poisson) (.+)", line):
            setattr(self, found[1], found[2])
        elif found := re.fullmatch(r"reset (.+)", line, re.S):
            self.reset = code(found[1])
        elif found := re.fullmatch(r"event (\w+) = (.+)", line):
            self.events[found[1]] = found[2]
        elif found := re.fullmatch(r"run_on_event (\w+) (\{.+\})", line, re.S):
            self.handlers.append((found[1], code(found[2])))
        elif found := re.fullmatch(r"run_regularly(?: every ([^{]+))? (\{.+\})", line, re.S):
            self.regular.append((code(found[2]), found[1]))
        elif found := re.fullmatch(r"spikes (\[.*?\]) at (.+?)(?: period (.+))?", line):
            self.spikes = found.groups()
        else:
            self.equations.append(line)


def code(text):
    """Statements without braces, one a line."""
    lines = re.split(r"[\n;]", text.strip().removeprefix("{").removesuffix("}"))
    return "\n".join(filter(None, map(str.strip, lines)))


def logical_lines(text):
    """Lines without comments; a block of statements is one line."""
    lines, open_block = [], None
    for line in (line.split("#")[0].strip() for line in text.splitlines()):
        if open_block is not None:
            open_block += "\n" + line
            if line == "}":
                lines.append(open_block)
                open_block = None
        elif re.match(r"(reset|run_\w+)\b.*\{$", line):
            open_block = line
        elif line:
            lines.append(line)
    return lines


class Run:
    """A simulation after its end: monitors by the name of what they record."""

    def __init__(self, groups, monitors, events, rates):
        self.groups, self.monitors, self.events, self.rates = groups, monitors, events, rates


class ModelFile:
    def __init__(self, text):
        self.constants, self.arrays, self.groups, self.records, self.runs = {}, {}, {}, [], []
        inside = None
        for line in logical_lines(text):
            if found := re.fullmatch(r"group (\w+)\[(\d+)\] \{", line):
                inside = self.groups[found[1]] = Group(found[1], int(found[2]))
            elif line == "}":
                inside = None
            elif inside:
                inside.read(line)
            else:
                self.read(line)

    def value(self, text):
        return eval(text, {**UNITS, "exp": np.exp, **self.constants})

    def read(self, line):
        if found := re.fullmatch(r"clock dt = (.+)", line):
            self.dt = self.value(found[1])
        elif found := re.fullmatch(r"constant (\w+) = (.+)", line):
            self.constants[found[1]] = self.value(found[2])
        elif found := re.fullmatch(r"timed_array (\w+) every (.+?) = (.+)", line):
            self.arrays[found[1]] = b2.TimedArray(self.value(found[3]), dt=self.value(found[2]), name=f"array_{found[1]}")
        elif line.startswith("record "):
            pattern = (r"record (\w+)\.(\w+)(?:\[([\d, ]+)\])?(?:\(([\w, ]+)\))?"
                       r"(?: every (.+?))?(?: when (\w+))?(?: order (-?\d+))?(?: smooth (.+))?")
            self.records.append(re.fullmatch(pattern, line).groups())
        elif found := re.fullmatch(r"(run|set|pause|resume) (.+)", line):
            self.runs.append(found.groups())
        else:
            raise ValueError(f"not understood: {line}")

    def brian2_group(self, group, method, namespace, nudge):
        if group.poisson:
            return b2.PoissonGroup(group.size, rates=group.poisson, namespace=namespace), []
        if group.spikes:
            elements, times, period = group.spikes
            more = {"period": self.value(period)} if period else {}
            return b2.SpikeGeneratorGroup(group.size, self.value(elements), self.value(times), **more), []
        made = b2.NeuronGroup(
            group.size, "\n".join(group.equations), method=method or group.method or "euler", threshold=group.threshold,
            reset=group.reset, refractory=group.refractory or False, events=dict(group.events), namespace=namespace,
        )
        for name, value in group.inits:
            setattr(made, name, value if not nudge or name != nudge[0] else f"({value})*(1 + {nudge[1]!r})")
        for event, statements in group.handlers:
            made.run_on_event(event, statements)
        extra = [made.run_regularly(text, **({"dt": self.value(every)} if every else {})) for text, every in group.regular]
        return made, extra

    def simulate(self, duration=None, method=None, nudge=None, watch=None):
        """`nudge` changes an initial value a little; `watch` follows a variable at its threshold."""
        b2.start_scope()
        b2.defaultclock.dt = self.dt
        namespace = {**self.constants, **self.arrays}
        groups, objects, monitors, events, rates = {}, [], {}, {}, {}
        for group in self.groups.values():
            groups[group.name], extra = self.brian2_group(group, method, namespace, nudge)
            objects += [groups[group.name], *extra]
        for name, variable, elements, captured, every, when, order, smooth in self.records:
            full = f"{name}.{variable}"
            if variable == "spikes":
                captured = captured.replace(" ", "").split(",") if captured else None
                events[full] = b2.SpikeMonitor(groups[name], variables=captured)
            elif variable in self.groups[name].events:
                events[full] = b2.EventMonitor(groups[name], variable, variables=captured and captured.replace(" ", "").split(","))
            elif variable == "population_rate":
                rates[full] = b2.PopulationRateMonitor(groups[name])
            else:
                more = {"dt": self.value(every)} if every else {}
                more |= {"when": when} if when else {}
                more |= {"order": int(order)} if order else {}
                monitors[full] = b2.StateMonitor(groups[name], variable, record=True, **more)
        if watch:
            monitors["watch"] = b2.StateMonitor(groups[watch[0]], watch[1], record=watch[2], when="before_thresholds")
        net = b2.Network(*objects, *monitors.values(), *events.values(), *rates.values())
        script = [("run", None)] if duration is not None else self.runs
        for word, rest in script:
            if word == "run":
                net.run(duration if duration is not None else self.value(rest))
            elif word == "set":
                name, variable, value = re.fullmatch(r"(\w+)\.(\w+) = (.+)", rest).groups()
                setattr(groups[name], variable, value)
            else:
                {**monitors, **events, **rates}[rest].active = word == "resume"
        return Run(groups, monitors, events, rates)
