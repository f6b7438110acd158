//! What a text means, and what is said about texts that mean nothing.

use dvdt::algebra::{Expr, ExprId};
use dvdt::diagnostic::{Report, Severity};
use dvdt::model::{Action, Fraction, Model, Seconds, assignment, check, quantity};
use dvdt::runtime::Time;
use dvdt::source::Sources;
use dvdt::syntax;

/// Parses and checks a file; the parser must have nothing to say.
fn checked(text: &str) -> (Option<Model>, Report, Sources) {
    let mut sources = Sources::new();
    let source = sources.add("test", text);
    let mut report = Report::new();
    let file = syntax::model_file(&sources, source, &mut report);
    assert!(report.diagnostics.is_empty(), "the parser refuses {text:?}: {:?}", report.diagnostics);
    let model = check(&file, None, &mut report);
    assert_eq!(model.is_none(), report.has_errors(), "{text}");
    (model, report, sources)
}

fn model(text: &str) -> Model {
    let (model, report, _) = checked(text);
    model.unwrap_or_else(|| panic!("{text}\n{:#?}", report.diagnostics))
}

/// Everything said, as `code @ place`, with a mark for what is no error.
fn said(text: &str) -> Vec<String> {
    let (_, report, sources) = checked(text);
    let line = |diagnostic: &dvdt::diagnostic::Diagnostic| {
        let mark = match diagnostic.severity {
            Severity::Error => "",
            Severity::Warning => "warning ",
            Severity::Note => "note ",
        };
        format!("{mark}{} @ {}", diagnostic.code.0, sources.text(diagnostic.labels[0].span))
    };
    report.diagnostics.iter().map(line).collect()
}

/// A group whose equations are given; the rest of the file is in order.
fn group(equations: &str) -> String {
    format!("clock dt = 0.1*ms\nrun 1*ms\ngroup g[3] {{\n{equations}\n}}\n")
}

/// The names that the rows below use.
const NAMES: &str =
    "v : volt\nw : volt\nu : 1\ntau : second\nI : amp\nn : integer\nb : boolean\nk : 1 (shared)\ninit tau = 1*ms\n";

#[test]
fn definitions_are_checked() {
    let rows: &[(&str, &[&str])] = &[
        // names
        ("dx/dt = -x/tau : 1", &[]),
        ("dx/dt = -x*g/tau : 1", &["unknown-name @ g"]),
        ("x = q + q*2 + r : 1", &["unknown-name @ q", "unknown-name @ r"]),
        ("x = S*v : amp", &["unknown-name @ S"]),
        ("x = not b and not (not v > w) : boolean", &[]),
        ("x = not v : boolean", &["logic-of-numbers @ v"]),
        ("x = not u : boolean", &["logic-of-numbers @ u"]),
        ("mm : 1", &["reserved-name @ mm"]),
        ("gray : 1", &["reserved-name @ gray"]),
        ("exp : 1", &["reserved-name @ exp"]),
        ("N : 1", &["reserved-name @ N"]),
        ("x_post : 1", &["reserved-name @ x_post"]),
        ("_x : 1", &["reserved-name @ _x"]),
        ("v : 1", &["duplicate-name @ v"]),
        ("x = y : 1\ny = z : 1\nz = x : 1", &["circular-definition @ x"]),
        ("x = x : 1", &["circular-definition @ x"]),
        ("dx/dt = xi*tau**-0.5*ms : 1", &["definition-dimension @ xi*tau**-0.5*ms"]),
        ("x = exp : 1", &["function-without-call @ exp"]),
        ("x = v(2) : 1", &["not-a-function @ v"]),
        ("x = min(u, 2) : 1", &["not-a-function @ min"]),
        ("x = clip(u, 0) : 1", &["argument-count @ clip(u, 0)"]),
        // units after the colon
        ("x : siemens/metre**2", &[]),
        ("x : meter**0.5", &[]),
        ("x : volt/volt", &[]),
        ("x : 1/second", &[]),
        ("x : mM", &[]),
        ("x : mV", &["declared-unit @ mV"]),
        ("x : molar", &["declared-unit @ molar"]),
        ("x : metre2", &["declared-unit @ metre2"]),
        ("x : 2*volt", &["declared-unit @ 2*volt"]),
        ("x : 1.0", &["declared-unit @ 1.0"]),
        ("x : float", &["declared-unit @ float"]),
        ("x : bool", &["declared-unit @ bool"]),
        ("x : celsius", &["declared-unit @ celsius"]),
        ("dx/dt = 1/tau : integer", &["differential-kind @ integer"]),
        // flags
        ("dx/dt = -x/tau : 1 (unless refractory)", &["warning flag-without-effect @ unless refractory"]),
        ("x : 1 (constant, shared)", &[]),
        ("x = u*2 : 1 (constant over dt)", &[]),
        ("dx/dt = -x/tau : 1 (shared)", &["misplaced-flag @ shared"]),
        ("x : 1 (constant over dt)", &["misplaced-flag @ constant over dt"]),
        ("x : 1 (linked)", &["not-yet-supported @ linked"]),
        ("x = u : 1 (summed)", &["not-yet-supported @ summed"]),
        ("x : 1 (constnat)", &["unknown-flag @ constnat"]),
        ("x = 2*k : 1 (shared)", &[]),
        ("x = 2*u : 1 (shared)", &["shared-from-elements @ u"]),
        ("x = i*1.0 : 1 (shared)", &["shared-from-elements @ i"]),
        ("x = rand() : 1", &["random-subexpression @ rand()"]),
        ("x = rand() - rand() : 1 (constant over dt)", &[]),
        // dimensions
        ("dx/dt = -x : 1", &["definition-dimension @ -x"]),
        ("x = v + I : volt", &["dimension-mismatch @ v"]),
        ("x = v + w : volt", &[]),
        ("x = v % w : volt", &[]),
        ("x = v % tau : volt", &["dimension-mismatch @ v"]),
        ("x = v > 0 : boolean", &["dimension-mismatch @ v"]),
        ("x = v > 0*mV : boolean", &[]),
        ("dx/dt = 0 : volt", &["definition-dimension @ 0"]),
        ("x = clip(v, 0, w) : volt", &["dimension-mismatch @ v"]),
        ("x = clip(v, 0*mV, w) : volt", &[]),
        ("x = v**2 : volt**2", &[]),
        ("x = (v**(1/3))**3 : volt", &[]),
        ("x = (v**0.1)*(v**0.2) + v**0.3 : volt**0.3", &[]),
        ("x = v**-0.5 : volt**-0.5", &[]),
        ("x = v**u : volt", &["exponent-varies @ u"]),
        ("x = u**u : 1", &[]),
        ("x = u**v : 1", &["exponent-dimension @ v"]),
        (
            "x = v**2000000000*v**2000000000 : 1",
            &["exponent-too-large @ v**2000000000", "exponent-too-large @ v**2000000000"],
        ),
        ("x = v//w : 1", &["floor-division @ v"]),
        ("x = u//2 : 1", &[]),
        ("x = exp(v) : 1", &["argument-dimension @ v"]),
        ("x = exp(v/mV) : 1", &[]),
        ("x = sqrt(v*v) : volt", &[]),
        ("x = sqrt(q) + abs(q) + exp(q) : volt", &["unknown-name @ q"]),
        ("x = clip(v, u, I) : volt", &["dimension-mismatch @ v", "dimension-mismatch @ v"]),
        ("x = sign(v) : 1", &[]),
        ("x = abs(v) + floor(v) + ceil(v) : volt", &[]),
        ("x = timestep(t, dt) : integer", &[]),
        ("x = timestep(u, dt) : integer", &["argument-dimension @ u"]),
        ("x = v + q : volt", &["unknown-name @ q"]),
        ("x = (v + I)*2 + tau : volt", &["dimension-mismatch @ v"]),
        // kinds
        ("x = (v > w)*2 : 1", &["comparison-in-arithmetic @ v > w"]),
        ("x = int(v > w)*2 : 1", &[]),
        ("x = b*2 + n : 1", &[]),
        ("x = exp(v > w) : 1", &["comparison-in-arithmetic @ v > w"]),
        ("x = b and v > w : boolean", &[]),
        ("x = u and b : boolean", &["logic-of-numbers @ u"]),
        ("x = not b : boolean", &[]),
        ("x = v > w : 1", &["definition-kind @ v > w"]),
        ("x = u : integer", &["definition-kind @ u"]),
        ("x = u : boolean", &["definition-kind @ u"]),
        ("x = n : 1", &[]),
        ("x = (v > w) == (u > 1) : boolean", &[]),
        // units that stand alone
        ("x = v + mV : volt", &["warning bare-unit @ mV"]),
        ("x = t/ms + 2*v/mV : 1", &[]),
        ("dx/dt = -u*gray/tau : 1", &["definition-dimension @ -u*gray/tau"]),
        // parameters that were never set
        ("rate : hertz\nx = u/rate : second", &["warning parameter-never-set @ rate"]),
        ("c : 1\nx = 2/(u*c**2) + 1/c : 1", &["warning parameter-never-set @ u", "warning parameter-never-set @ c"]),
    ];
    for (equations, expected) in rows {
        assert_eq!(said(&group(&format!("{NAMES}{equations}"))), *expected, "{equations}");
    }
}

#[test]
fn assignments_are_checked() {
    let rows: &[(&str, &[&str])] = &[
        ("init v = 1*mV", &[]),
        ("init v = v + rand()*10*mV", &[]),
        ("init v = 0", &["assignment-dimension @ 0"]),
        ("init v += 1*mV", &[]),
        ("init v += 1", &["dimension-mismatch @ v"]),
        ("init v *= 2", &[]),
        ("init v *= 2*mV", &["assignment-dimension @ 2*mV"]),
        ("init n = 2.7", &[]),
        ("init b = u", &[]),
        ("init i = 3", &["read-only @ i"]),
        ("init dt = 3*ms", &["read-only @ dt"]),
        ("x = u : 1\ninit x = 3", &["read-only @ x"]),
        ("init q = 3", &["unknown-name @ q"]),
        ("init mV = 3", &["unknown-name @ mV"]),
        ("init k = u", &["shared-from-elements @ u"]),
        ("init k = rand()", &["shared-from-elements @ rand()"]),
        ("c : 1 (constant)\ninit c = i/N", &[]),
    ];
    for (lines, expected) in rows {
        assert_eq!(said(&group(&format!("{NAMES}{lines}"))), *expected, "{lines}");
    }
}

#[test]
fn files_are_checked() {
    let rows: &[(&str, &[&str])] = &[
        ("clock dt = 1*ms\nrun 1*second", &[]),
        ("run 1*second", &[]),
        ("group g[2] { v : 1 }\nrun 1*second", &["note default-dt @ g"]),
        ("clock dt = 1*ms", &["note no-run @ clock dt = 1*ms"]),
        ("clock dt = 1\nrun 0*second", &["not-a-time @ 1"]),
        ("clock dt = -1*ms\nrun 0*second", &["bad-duration @ -1*ms"]),
        ("clock dt = inf*ms\nrun 0*second", &["bad-duration @ inf*ms"]),
        ("run -1*ms", &["bad-duration @ -1*ms"]),
        ("run 5", &["not-a-time @ 5"]),
        ("run inf*second", &["bad-duration @ inf*second"]),
        ("run exp(1)*second", &["not-a-number @ exp(1)*second"]),
        ("clock dt = 1*ms\nclock dt = 2*ms\nrun 1*ms", &["duplicate-name @ clock dt = 2*ms"]),
        ("constant a = b\nconstant b = a\nrun 1*ms", &["circular-definition @ a"]),
        ("constant a = 1\nconstant a = 2\nrun 1*ms", &["duplicate-name @ a"]),
        ("constant mV = 1\nrun 1*ms", &["reserved-name @ mV"]),
        ("constant a = rand()\nrun 1*ms", &["random-constant @ rand"]),
        (
            "constant a = 1\ngroup g[1] { a : 1\nclock c\n}\nclock c dt = 1*ms\nrun 1*ms",
            &["warning shadowed-constant @ a"],
        ),
        ("constant T = 2*ms\nrun T*2", &[]),
        ("math precise\ndenormals flush\nrun 1*ms", &[]),
        ("math quick\nrun 1*ms", &["unknown-name @ quick"]),
        (
            "clock dt = 0.1*ms\nclock c dt = 0.1003*ms\nclock d dt = 1*ms\ngroup g[1] { v : 1 }\nrun 1*ms",
            &["warning clocks-rarely-meet @ clock d dt = 1*ms"],
        ),
    ];
    for (text, expected) in rows {
        assert_eq!(said(text), *expected, "{text}");
    }
}

#[test]
fn groups_and_records_are_checked() {
    let rows: &[(&str, &[&str])] = &[
        ("group g[0] { v : 1 }", &["warning empty-group @ 0"]),
        ("group g[-1] { v : 1 }", &["group-size @ -1"]),
        ("group g[2**32] { v : 1 }", &["group-size @ 2**32"]),
        ("group g[1.5] { v : 1 }", &["not-whole @ 1.5"]),
        ("group g[2*ms] { v : 1 }", &["not-whole @ 2*ms"]),
        ("group g[n*2] { v : 1 }\nconstant n = 3", &[]),
        ("group g[1] { v : 1 }\ngroup g[1] { v : 1 }", &["duplicate-name @ g"]),
        ("group g[1] { method Euler }", &[]),
        ("group g[1] { method linear }", &[]),
        ("group g[1] { method euler\nmethod rk4 }", &["duplicate-setting @ rk4"]),
        ("group g[1] { method eular }", &["unknown-name @ eular"]),
        ("group g[1] { method milsten }", &["unknown-name @ milsten"]),
        ("group g[1] { method gsl_rk2 }", &["not-yet-supported @ gsl_rk2"]),
        ("group g[1] {\nclock slow\n}", &["unknown-name @ slow"]),
        ("group g[3] { v : 1 }\nrecord g.v[0, 2, 1:3, :2]", &[]),
        ("group g[3] { v : 1 }\nrecord g.v[3]", &["element-out-of-range @ 3"]),
        ("group g[3] { v : 1 }\nrecord g.v[1:4]", &["element-out-of-range @ 4"]),
        ("group g[3] { v : 1 }\nrecord g.v[2:1]", &["warning empty-record @ record g.v[2:1]"]),
        ("group g[3] { v : 1 }\nrecord g.w", &["unknown-name @ w"]),
        ("group g[3] { v : 1 }\nrecord h.v", &["unknown-name @ h"]),
        ("group g[3] { v : 1 }\nrecord g.dt", &["not-recordable @ dt"]),
        ("group g[3] { v : 1 }\nrecord g.t", &[]),
        ("group g[3] { v : 1 }\nrecord g.v\nrecord g.v", &["warning duplicate-record @ record g.v"]),
        ("group g[3] { v : 1 }\nset g.v = 2*mV", &["assignment-dimension @ 2*mV"]),
        ("group g[3] { v : mV }\nset g.v = 2*mV", &["declared-unit @ mV"]),
    ];
    for (text, expected) in rows {
        assert_eq!(said(&format!("clock dt = 1*ms\n{text}\nrun 1*ms")), *expected, "{text}");
    }
}

/// The whole message where two dimensions disagree, and where a name is taken for a unit.
#[test]
fn messages_name_both_dimensions_and_say_what_to_write() {
    let message = |equations: &str| {
        let (_, report, sources) = checked(&group(&format!("{NAMES}{equations}")));
        let diagnostic = &report.diagnostics[0];
        let labels = diagnostic.labels.iter().map(|label| format!("{} <- {}", sources.text(label.span), label.text));
        let lines: Vec<String> = [diagnostic.message.clone()].into_iter().chain(labels).collect();
        [lines, diagnostic.notes.clone(), diagnostic.help.clone()].concat().join("\n")
    };
    assert_eq!(
        message("x = v > 10 : boolean"),
        "volt and a pure number cannot be compared\nv <- this is in volt\n10 <- this is a pure number\n\
         a number needs its unit: `10*mV`, or `10*volt`"
    );
    assert_eq!(
        message("dx/dt = -x/tua : 1"),
        "no variable `tua` is defined in group `g`\ntua <- nothing has this name\ndid you mean `tau`?"
    );
    assert_eq!(
        message("dx/dt = -x*S/tau : 1"),
        "no variable `S` is defined in group `g`\nS <- nothing has this name\n\
         `S` is no unit of the language, so that variables can have the name\n\
         if the unit is meant, write `siemens`, else define `S`"
    );
    assert_eq!(
        message("dx/dt = -x*siemens/tau : 1"),
        "the derivative of `x` must be in 1/second, but this is in siemens/second\n\
         -x*siemens/tau <- this is in siemens/second\n1 <- so dx/dt is in 1/second\n\
         siemens <- `siemens` is a unit here\n\
         `siemens` here is the unit siemens; no variable of that name is defined"
    );
}

#[test]
fn a_model_is_in_si_base_units() {
    let text = "constant E_L = -60*mV\nclock dt = 0.1*ms\nclock slow dt = 1*ms\n\
        group cells[2*5] {\n\
        dv/dt = (E_L - v)/tau + rand()*mV/ms : volt\n\
        rate = v/tau/mV : hertz\n\
        tau : second (constant)\n\
        n : integer\n\
        b : boolean\n\
        method exponential_euler\n\
        init v = 100*cm**2*volt/meter**2\n\
        init v += 1*mV\n\
        init tau = 10*ms\n\
        init n = 2.5*i\n\
        init b = n\n\
        }\n\
        record cells.v[0, 3:5] every 1*ms\nrecord cells.rate every 0.5*ms\n\
        run 10*ms\nset cells.tau = 20*ms\nrun 10*ms\n";
    let expected = "clock dt = 0.1*ms\nclock slow = 1*ms\nclock every 0.5*ms = 0.5*ms\nmath fast\n\
        constant E_L = -0.06 : volt\n\n\
        group cells[10] on dt {\n    \
        dv/dt = (-0.06 - v)/tau + rand()*0.001/0.001 : volt\n    \
        rate = v/tau/0.001 : 1/second\n    \
        tau : second (constant)\n    n : integer\n    b : boolean\n    \
        method exponential_euler\n    \
        init v = 0.01\n    init v = v + 0.001\n    init tau = 0.01\n    init n = int(2.5*i)\n    init b = n != 0\n\
        }\n\n\
        record cells.v[0, 3, 4] on slow\nrecord cells.rate on every 0.5*ms\n\
        run 0.01\nset cells.tau = 0.02\nrun 0.01\n";
    assert_eq!(model(text).text(), expected);
}

/// The file of `DESIGN.md` section 5, to the letter.
#[test]
fn the_first_example_needs_no_words() {
    let text = "# A membrane that leaks.\nclock dt = 0.1*ms\n\ngroup cells[100] {\n    \
        dv/dt = (0*mV - v)/tau : volt\n    tau : second\n    method euler\n    \
        init v = 1*mV\n    init tau = 100*ms\n}\n\nrecord cells.v\nrun 100*second\n";
    assert_eq!(said(text), Vec::<String>::new());
    assert!(model(text).text().contains("dv/dt = (0.0 - v)/tau : volt"), "{}", model(text).text());
}

#[test]
fn later_assignments_see_the_constants_and_draw_anew() {
    let mut model = model("constant c = 3\nclock dt = 1*ms\ngroup g[2] { x : 1\ninit x = rand() }\nrun 1*ms");
    let mut sources = Sources::new();
    let source = sources.add("set", "x = c*rand()");
    let mut report = Report::new();
    let statement = syntax::statements(&sources, source, &mut report).remove(0);
    let assignment = assignment(&mut model.groups[0], &model.constants, &statement, &mut report).unwrap();
    let pool = &model.groups[0].pool;
    let draws =
        |root| pool.reachable(&[root]).into_iter().filter(|&id| matches!(pool.get(id), Expr::Call(..))).collect();
    let (first, second): (Vec<ExprId>, Vec<ExprId>) = (draws(model.groups[0].init[0].value), draws(assignment.value));
    assert_eq!((first.len(), second.len()), (1, 1));
    assert_ne!(first, second, "a draw of its own");
    model.script = vec![Action::Set { group: 0, assignment }];
    assert!(model.text().ends_with("set g.x = 3*rand()\n"), "{}", model.text());
}

#[test]
fn quantities_are_evaluated() {
    let value = |text: &str| {
        let mut sources = Sources::new();
        let source = sources.add("value", text);
        let mut report = Report::new();
        let expr = syntax::expression(&sources, source, &mut report).unwrap();
        quantity(&expr, &mut report).map(|(number, dimension)| (number, dimension.to_string()))
    };
    let rows = [
        ("100*ms", Some((0.1, "second"))),
        ("-60*mV", Some((-0.06, "volt"))),
        ("2**10", Some((1024.0, "1"))),
        ("1/(3*ms)**2", Some((1.0 / 9e-6, "1/second**2"))),
        ("0.3*siemens/cm**2", Some((0.3 / 1e-4, "siemens/meter**2"))),
        ("sqrt(2)*volt", Some((std::f64::consts::SQRT_2, "volt"))),
        ("int(7/2)", Some((3.0, "1"))),
        ("exp(1)", None),
        ("v", None),
    ];
    for (text, expected) in rows {
        assert_eq!(value(text), expected.map(|(number, unit)| (number, unit.to_owned())), "{text}");
    }
}

#[test]
fn clocks_are_exact() {
    let rows = [
        ("0.1*ms", (1, 10_000)),
        ("100*us", (1, 10_000)),
        ("1*ms/3", (1, 3_000)),
        ("0.3*ms - 0.1*ms", (1, 5_000)),
        ("1/(8*kHz)", (1, 8_000)),
        ("(1/10)**4*second", (1, 10_000)),
        ("25e-6*second", (1, 40_000)),
        ("sqrt(0.01)*ms", (1, 10_000)),
        ("2*second", (2, 1)),
    ];
    for (text, (numerator, denominator)) in rows {
        let model = model(&format!("clock dt = {text}\nrun 1*second"));
        assert_eq!(model.clocks[0].dt, Seconds { numerator, denominator }, "{text}");
    }
}

/// `reference/brian2.md` 4.1: nearest within 1e-4 of a tick, else up.
#[test]
fn durations_become_ticks() {
    let dt = Seconds { numerator: 1, denominator: 10_000 };
    let rows = [(0.3e-3, 3), (0.30001e-3, 3), (0.301e-3, 4), (0.05e-3, 1), (0.0, 0), (100.0, 1_000_000)];
    let ticks = |seconds| Time::from_seconds(seconds).and_then(|time| time.ticks(dt));
    for (seconds, expected) in rows {
        assert_eq!(ticks(seconds), Some(expected), "{seconds}");
    }
    assert_eq!(ticks(-1.0), None, "a negative duration is refused");
    assert_eq!(Seconds::from_f64(0.1 + 0.2), Some(Seconds { numerator: 3, denominator: 10 }));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300, 1e-300] {
        assert_eq!(Seconds::from_f64(bad), None, "{bad}");
    }
}

#[test]
fn times_are_written_as_the_language_reads_them() {
    let rows = [
        ((1, 10_000), "0.1*ms"),
        ((1, 1), "1*second"),
        ((1, 40_000), "25*us"),
        ((1, 3), "1/3*second"),
        ((5, 2), "2.5*second"),
    ];
    for ((numerator, denominator), text) in rows {
        assert_eq!(Seconds { numerator, denominator }.to_string(), text);
    }
}

#[test]
fn fractions_are_checked() {
    let half = Fraction::new(1, 2).unwrap();
    assert_eq!(Fraction::shortest(0.1).and_then(|tenth| tenth.times(Fraction::whole(5))), Some(half));
    assert_eq!(half.power(Fraction::whole(-3)), Some(Fraction::whole(8)));
    assert_eq!(half.negate().and_then(Fraction::floor), Some(Fraction::whole(-1)));
    assert_eq!(half.negate().and_then(Fraction::truncate), Some(Fraction::whole(0)));
    assert_eq!(Fraction::whole(-7).remainder(Fraction::whole(3)), Some(Fraction::whole(2)));
    assert_eq!(Fraction::whole(1).over(Fraction::whole(0)), None);
    assert_eq!(Fraction::power_of_ten(-22).and_then(Fraction::to_float), Some(1e-22));
    assert_eq!(Fraction::power_of_ten(39), None);
    assert_eq!(Fraction::whole(i64::MAX).power(Fraction::whole(3)), None);
    for odd in [f64::NAN, f64::INFINITY, 1e-300] {
        assert_eq!(Fraction::shortest(odd), None);
    }
}

/// Depth and size of a stranger's text cost time in proportion, and no stack.
#[test]
fn deep_expressions_do_not_recurse() {
    let deep = format!("{}u{}", "sin(".repeat(20_000), ")".repeat(20_000));
    let chain: String = (0..5_000).map(|k| format!("s{k} = s{} + 1 : 1\n", k + 1)).collect();
    let text = group(&format!("u : 1\nx = {deep} : 1\n{chain}s5000 = u : 1"));
    assert_eq!(said(&text), Vec::<String>::new());
}

/// What follows from a mistake is not said again, and mistakes come in the order of the text.
#[test]
fn a_mistake_is_said_once_and_at_its_place() {
    for (text, expected) in [
        (
            "group g[1] {\nu = zorg : 1\nv : volt\ninit v = zorg\n}\nset g.v = zorg\nrun 1*ms",
            &["unknown-name @ zorg"][..],
        ),
        ("group g[1] {\nv : 1\ninit zorg = 1\n}\nset g.zorg = 1\nrun 1*ms", &["unknown-name @ zorg"]),
        ("group g[1] {\nx = y*volt : volt\ny = x : 1\n}\nrun 1*ms", &["circular-definition @ x"]),
        ("group g[1] {\ndv/dt = -v/tau : volt\ntau : ms\nmethod euler\n}\nrun 1*ms", &["declared-unit @ ms"]),
        ("group g[1] {\npoisson -1*Hz\n}\nrun 1*ms", &["not-a-rate @ -1*Hz"]),
        ("group g[1] {\npoisson 1*kHz\n}\nrun 1*ms", &[]),
        (
            "group g[1] {\na = b1 : 1\nb : ms\nmethod eulr\n}\nrun 1\nconstant c = c1",
            &["unknown-name @ b1", "declared-unit @ ms", "unknown-name @ eulr", "not-a-time @ 1", "unknown-name @ c1"],
        ),
    ] {
        assert_eq!(said(&format!("clock dt = 0.1*ms\n{text}")), expected, "{text}");
    }
}
