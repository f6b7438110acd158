"""Cases of make_more_events.py: small models, each for one rule that is easily got wrong.

SLOT and METHOD stand for several.
"""


def model(group, after, dt="0.1*ms", before="", name="g[2]"):
    return f"clock dt = {dt}\n{before}group {name} {{\n{group.strip(chr(10))}\n}}\n{after.strip()}\n"


CASES = [
    ("the tick of a spike", model("""
    dv/dt = 1/ms : 1
    method euler
    threshold v > 0.25
    reset v = 0""", """
record g.spikes(v)
record g.v
record g.population_rate
run 0.5*ms""", name="g[1]")),
    ("runs shorter than a tick", model("""
    dv/dt = 1/ms : 1
    method euler
    threshold v > 0.25
    reset v = 0""", """
record g.spikes
record g.v
run 1*ms
run 0.05*ms
run 0.05*ms
run 0.32*ms""")),
    ("several runs with pauses and writes", model("""
    dv/dt = (1.5 + 0.05*i - v)/(10*ms) : 1 (unless refractory)
    a : 1
    method euler
    threshold v > 1
    reset v = a
    refractory 3*ms""", """
record g.spikes
record g.v
run 12*ms
pause g.v
run 11*ms
resume g.v
pause g.spikes
set g.a = 0.1*i
run 11*ms
resume g.spikes
run 22*ms""", name="g[3]")),
    ("a write between runs leaves out who is refractory", model("""
    dv/dt = (1.5 + i - v)/(10*ms) : 1 (unless refractory)
    method euler
    threshold v > 1
    reset v = 0
    refractory 5*ms""", """
record g.v
run 6*ms
set g.v = 0.75
run 3*ms""")),
    ("a write by an event reaches who is refractory", model("""
    dv/dt = (1.5 + 0.3*i - v)/(10*ms) : 1 (unless refractory)
    dw/dt = 1/ms : 1
    method euler
    threshold v > 1
    reset v = 0
    refractory 5*ms
    event beat = w > 1.95
    run_on_event beat { v += 0.125; w = 0 }""", """
record g.spikes
record g.beat(v)
record g.v
run 30*ms""")),
    ("code at an interval that meets few ticks", model("""
    dv/dt = (1.5 + 0.3*i - v)/(10*ms) : 1 (unless refractory)
    n : 1
    method euler
    threshold v > 1
    reset v = 0
    refractory 2*ms
    run_regularly every 0.25*ms { v += 0.003; n += 1 }""", """
record g.spikes
record g.v
record g.n
run 20*ms""")),
    ("constant over dt comes before regular code, recordings after", model("""
    dv/dt = (1 - v)/(10*ms) : 1
    twice = 2*v : 1 (constant over dt)
    n : 1
    method euler
    run_regularly { n = twice; v += 0.01 }""", """
record g.v
record g.n
run 2*ms""")),
    ("a condition and unless refractory", model("""
    dv/dt = (1.5 + 0.3*i - v)/(5*ms) : 1 (unless refractory)
    dw/dt = -w/(4*ms) : 1
    method euler
    threshold v > 1
    reset v = 0; w += 1
    refractory w > 0.3""", """
record g.spikes
record g.v
record g.w
run 40*ms""", name="g[3]")),
    ("a condition without a reset", model("""
    dv/dt = w/(2*ms) : 1
    dw/dt = -v/(2*ms) : 1
    method rk4
    threshold v > 0.513
    refractory v > 0.513
    init v = 1
    init w = 0.3*i""", """
record g.spikes(v, w)
record g.v
run 60*ms""")),
    ("no refractoriness, a spike each tick", model("""
    dv/dt = w/(2*ms) : 1
    dw/dt = -v/(2*ms) : 1
    n : integer
    method rk4
    threshold v > 0.713
    reset n += 1
    init v = 1
    init w = 0.3*i""", """
record g.spikes
record g.n
run 20*ms""")),
    ("a period that its own reset writes", model("""
    dv/dt = (1.5 - v)/(5*ms) : 1 (unless refractory)
    rest : second
    method euler
    threshold v > 1
    reset {
        v = 0.5*i
        rest += 0.7*ms
    }
    refractory rest
    init rest = 1*ms""", """
record g.spikes
record g.v
run 60*ms""")),
    ("a period that shrinks while it lasts", model("""
    dv/dt = (1.5 - v)/(5*ms) : 1 (unless refractory)
    drest/dt = -rest/(6*ms) : second
    method euler
    threshold v > 1
    reset v = 0.5*i; rest += 8.03*ms
    refractory rest""", """
record g.spikes
record g.v
run 60*ms""")),
    ("names of refractoriness in a threshold and a reset", model("""
    dv/dt = (1.5 - v)/(5*ms) : 1
    seen : second
    free : 1
    method euler
    threshold v > 1 + 0.3*exp(-(t - lastspike)/(10*ms))
    reset {
        v = 0.1*i
        seen = lastspike
        free = int(not_refractory)
    }
    refractory 1.52*ms
    init free = 7""", """
record g.spikes(v)
record g.seen
record g.free
run 60*ms""")),
    ("who is refractory, slot by slot", model("""
    dv/dt = 1/ms : 1 (unless refractory)
    free = int(not_refractory) : 1
    method euler
    threshold v > 0.25
    reset v = 0
    refractory 0.3*ms""", """
record g.free when SLOT
record g.spikes
run 2*ms""")),
    ("values in each slot", model("""
    dv/dt = (3 - v)/(2*ms) : 1
    n : 1
    method euler
    threshold v > 1
    reset v = 0; n += 1
    event high = v > 0.9
    run_on_event high { n += 100 }
    run_regularly every 0.5*ms { n += 10000 }""", """
record g.n when SLOT
record g.v every 0.1*ms when SLOT
run 4*ms""", name="g[1]")),
    ("an event beside a spike of the same element", model("""
    dv/dt = (1.5 + i - v)/(10*ms) : 1
    n : 1
    m : 1
    method euler
    threshold v > 1
    reset v = 0; n = 1
    event above = v > 1
    event below = v > 0.95
    run_on_event above { m += v + n }
    run_on_event below { n *= 3 }
    refractory 4.03*ms""", """
record g.spikes(n, v)
record g.above(n, v)
record g.below(n, v)
record g.n
record g.m
run 30*ms""")),
    ("temporaries and every operator in a reset", model("""
    dv/dt = (1.5 + 0.2*i - v)/(4*ms) : 1
    double = 2*v : 1
    a : 1
    b : 1
    k : integer
    on : boolean
    method euler
    threshold v > 1
    reset {
        old = double
        v -= 0.75
        a += old - double
        b = a + 0.5
        b *= 1.5
        b /= 7
        b %= 0.25
        k = int(10.3*a)
        on = k % 2 == 0
        v += 0.01*int(on)
    }""", """
record g.spikes
record g.v
record g.a
record g.b
record g.k
record g.on
run 20*ms""", name="g[3]")),
    ("a period beside a second equation", model("""
    dv/dt = (2.5 - v - 0.3*w)/(6*ms) : 1 (unless refractory)
    dw/dt = (v - w)/(9*ms) : 1
    method METHOD
    threshold v > 1
    reset v = -0.2*i; w += 0.3
    refractory 1.5*ms""", """
record g.spikes(v, w)
record g.v
record g.w
run 40*ms""", dt="0.2*ms")),
    ("rows that end between ticks, columns, and the last row", model("""
    a = one(t) : volt
    b = odd(t) : 1
    c = fine(t) : 1
    d = many(t, 2 - i) : amp
    f = odd(t - 0.5*ms) + 10*odd(2*t) : 1""", """
record g.a
record g.b
record g.c
record g.d
record g.f
run 2.5*ms""", before="""timed_array one every 0.3*ms = [1, 2, 4, 8]*mV
timed_array odd every 0.37*ms = [1, 2, 3, 4, 5]
timed_array fine every 0.04*ms = [1, 2, 3, 4, 5, 6, 7, 8, 9]
timed_array many every 0.25*ms = [[1, 10, 100], [2, 20, 200], [3, 30, 300]]*nA
""", name="g[3]")),
    ("given spikes over several runs", model("""
    spikes [3, 0, 2, 2, 1, 0] at [0.5, 0, 0.5, 1.7, 1.1, 2.3]*ms
}
group p[3] {
    spikes [0, 2, 1, 0] at [0, 0.2, 0.7, 0.8]*ms period 0.9*ms""", """
record g.spikes
record p.spikes
record p.population_rate
run 0.5*ms
run 1.25*ms
run 1*ms""", name="g[4]")),
    ("a slower group", model("""
    dv/dt = (1.5 + 0.3*i - v)/(10*ms) : 1 (unless refractory)
    method exact
    threshold v > 1
    reset v = 0
    refractory 2*ms
    run_regularly every 1.5*ms { v += 0.02 }""", """
record g.spikes
record g.v every 0.1*ms
run 30*ms""", dt="0.3*ms")),
]
