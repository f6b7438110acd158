"""The models of the yardstick in Brian2: `python beside_brian2.py MODEL TARGET FOLDER`.

Prints the seconds of the simulation alone, as Brian2 itself takes them, and those from the first line of
the model to the end of the run, with all code generation and compilation.
"""

import sys
import time

begun = time.perf_counter()

import brian2 as b  # noqa: E402
from brian2 import Hz, amp, mV, ms, nA, nS, pF, second, uS, us  # noqa: E402,F401


def hodgkin_huxley():
    b.defaultclock.dt = 0.01 * ms
    equations = """
    dv/dt = (gl*(El-v) - g_na*(m*m*m)*h*(v-ENa) - g_kd*(n*n*n*n)*(v-EK) + I)/Cm : volt
    dm/dt = alpha_m*(1-m) - beta_m*m : 1
    dn/dt = alpha_n*(1-n) - beta_n*n : 1
    dh/dt = alpha_h*(1-h) - beta_h*h : 1
    alpha_m = 0.32*(mV**-1)*4*mV/exprel((13*mV-v+VT)/(4*mV))/ms : Hz
    beta_m = 0.28*(mV**-1)*5*mV/exprel((v-VT-40*mV)/(5*mV))/ms : Hz
    alpha_h = 0.128*exp((17*mV-v+VT)/(18*mV))/ms : Hz
    beta_h = 4./(1+exp((40*mV-v+VT)/(5*mV)))/ms : Hz
    alpha_n = 0.032*(mV**-1)*5*mV/exprel((15*mV-v+VT)/(5*mV))/ms : Hz
    beta_n = .5*exp((10*mV-v+VT)/(40*mV))/ms : Hz
    I : amp
    """
    names = dict(Cm=200 * pF, gl=10 * nS, El=-60 * mV, EK=-90 * mV, ENa=50 * mV)
    names.update(g_na=20 * uS, g_kd=6 * uS, VT=-63 * mV)
    cells = b.NeuronGroup(10_000, equations, method="exponential_euler", namespace=names)
    cells.v = -60 * mV
    cells.I = "0.7*nA*i/N"
    return b.Network(cells), 10 * ms


def decay():
    b.defaultclock.dt = 0.1 * ms
    cells = b.NeuronGroup(100, "dv/dt = (0*mV - v)/tau : volt\ntau : second", method="euler")
    cells.v = 1 * mV
    cells.tau = 100 * ms
    return b.Network(cells), 10 * second


def izhikevich():
    b.defaultclock.dt = 0.5 * ms
    equations = """
    dv/dt = (0.04*v*v + 5*v + 140 - u + I)/ms : 1
    du/dt = a*(b*v - u)/ms : 1
    a : 1
    b : 1
    c : 1
    d : 1
    I : 1
    """
    cells = b.NeuronGroup(10_000, equations, threshold="v > 30", reset="v = c; u += d", method="euler")
    cells.a, cells.b, cells.c = 0.02, 0.2, "-65 + 15*(i/N)**2"
    cells.d, cells.I = "8 - 6*(i/N)**2", "5 + 5*i/N"
    cells.v, cells.u = -65, 0.2 * -65
    return b.Network(cells, b.SpikeMonitor(cells)), 0.5 * second


def leaky():
    b.defaultclock.dt = 0.1 * ms
    equations = """
    dv/dt = -v/tau + sigma*(2/tau)**0.5*xi : 1 (unless refractory)
    tau : second (shared)
    sigma : 1 (shared)
    """
    cells = b.NeuronGroup(
        10_000, equations, threshold="v > 1", reset="v = 0", refractory=5 * ms, method="euler"
    )
    cells.tau, cells.sigma = 10 * ms, 0.5
    return b.Network(cells, b.SpikeMonitor(cells)), 100 * ms


MODELS = {"decay": decay, "hodgkin_huxley": hodgkin_huxley, "izhikevich": izhikevich, "leaky": leaky}


def main():
    model, target, folder = sys.argv[1:4]
    if target == "cpp_standalone":
        b.set_device("cpp_standalone", directory=folder, build_on_run=True)
        network, duration = MODELS[model]()
        network.run(duration)
        alone = b.device._last_run_time
    else:
        b.prefs.codegen.target = target
        network, duration = MODELS[model]()
        # Code is generated and compiled before the first tick.
        network.run(0 * ms)
        network.run(b.defaultclock.dt)
        start = time.perf_counter()
        network.run(duration)
        alone = time.perf_counter() - start
    print(f"{alone} {time.perf_counter() - begun}")


main()
