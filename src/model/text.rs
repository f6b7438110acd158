//! Writes a model, for `emit --stage model`.

use std::fmt::Write;

use super::{
    Action, Assignment, Cause, Clock, Denormals, Group, MathLevel, Model, Observed, Precision, Record, Refractory,
    Role, Slot, Variable,
};
use crate::algebra::{Kind, Printer, Symbol};
use crate::dimension::Dimension;

impl Model {
    /// Everything that the model says, in SI base units.
    pub fn text(&self) -> String {
        let mut out = String::new();
        for Clock { name, dt } in &self.clocks {
            line(&mut out, format_args!("clock {name} = {dt}"));
        }
        let math = match self.math {
            MathLevel::Precise => "precise",
            MathLevel::Fast => "fast",
        };
        line(&mut out, format_args!("math {math}"));
        if self.denormals == Denormals::Flush {
            line(&mut out, format_args!("denormals flush"));
        }
        for constant in &self.constants.list {
            let value = Printer::new(&self.constants.pool, |_| String::new()).expr(constant.value);
            let unit = constant.dimension.unwrap_or(Dimension::DIMENSIONLESS);
            line(&mut out, format_args!("constant {} = {value} : {unit}", constant.name));
        }
        for array in &self.constants.timed {
            let unit = array.dimension.unwrap_or(Dimension::DIMENSIONLESS);
            let columns = array.columns.map_or(String::new(), |columns| format!(" by {columns} columns"));
            let (name, dt, rows) = (&array.name, array.dt, array.rows());
            line(&mut out, format_args!("timed_array {name} every {dt}: {rows} rows{columns} : {unit}"));
        }
        for group in &self.groups {
            line(&mut out, format_args!(""));
            self.group(group, &mut out);
        }
        line(&mut out, format_args!(""));
        for record in &self.records {
            self.record(record, &mut out);
        }
        self.actions(&self.script, &mut out);
        out
    }

    fn actions(&self, actions: &[Action], out: &mut String) {
        for action in actions {
            match action {
                Action::Run { seconds, .. } => line(out, format_args!("run {seconds}")),
                Action::Switch { record, on } => {
                    let record = &self.records[*record];
                    let group = &self.groups[record.group];
                    let word = if *on { "resume" } else { "pause" };
                    line(out, format_args!("{word} {}.{}", group.name, group.observed(record)));
                }
                Action::Set { group, assignment } => {
                    let group = &self.groups[*group];
                    line(out, format_args!("set {}.{}", group.name, group.assignment(assignment)));
                }
            }
        }
    }

    /// A number that tells the beginnings of scripts apart, of so many actions.
    pub fn script_fingerprint(&self, count: usize) -> u32 {
        let mut text = String::new();
        self.actions(&self.script[..count.min(self.script.len())], &mut text);
        crc32fast::hash(text.as_bytes())
    }

    /// A number that tells records of other things, elements, moments or intervals apart.
    pub fn record_fingerprint(&self, number: usize) -> u32 {
        let record = &self.records[number];
        let mut text = format!("{} ", self.clocks[record.clock].dt);
        // Neither how many samples are kept nor what the clock is called matters.
        self.record(&Record { clock: 0, last: None, ..record.clone() }, &mut text);
        crc32fast::hash(text.as_bytes())
    }

    /// A number that tells groups with other equations, methods, code or inputs apart.
    pub fn fingerprint(&self, group: usize) -> u32 {
        let mut text = format!("{:?} {:?}\n", self.math, self.denormals);
        self.group(&self.groups[group], &mut text);
        let mut hasher = crc32fast::Hasher::new();
        // Initial values decide nothing once a run has begun.
        for line in text.lines().filter(|line| !line.starts_with("    init ")) {
            hasher.update(line.as_bytes());
        }
        for array in &self.constants.timed {
            hasher.update(format!("{} {} {:?}", array.name, array.dt, array.columns).as_bytes());
            hasher.update(bytemuck::cast_slice(&array.values));
        }
        for event in &self.groups[group].events {
            if let Cause::Given(given) = &event.cause {
                hasher.update(bytemuck::cast_slice(&given.ticks));
                hasher.update(bytemuck::cast_slice(&given.elements));
                hasher.update(&given.period.unwrap_or(0).to_le_bytes());
            }
        }
        hasher.finalize()
    }

    fn group(&self, group: &Group, out: &mut String) {
        line(out, format_args!("group {}[{}] on {} {{", group.name, group.size, self.clocks[group.clock].name));
        for variable in &group.variables {
            if !matches!(variable.role, Role::Builtin(_) | Role::LastTick | Role::Temporary) {
                line(out, format_args!("    {}", group.definition(variable)));
            }
        }
        if let Some((method, _)) = group.method {
            line(out, format_args!("    method {}", method.name()));
        }
        if group.precision != Precision::default() {
            line(out, format_args!("    precision {}", group.precision.name()));
        }
        for assignment in &group.init {
            line(out, format_args!("    init {}", group.assignment(assignment)));
        }
        self.happenings(group, out);
        line(out, format_args!("}}"));
    }

    fn happenings(&self, group: &Group, out: &mut String) {
        match group.refractory {
            Some(Refractory::Time(value) | Refractory::Condition(value)) => {
                line(out, format_args!("    refractory {}", group.expression(value)));
            }
            None => {}
        }
        for event in &group.events {
            match &event.cause {
                Cause::Condition(condition) => {
                    line(out, format_args!("    event {} = {}", event.name, group.expression(*condition)));
                }
                Cause::Given(given) => {
                    line(out, format_args!("    event {}: {} given", event.name, given.ticks.len()));
                }
            }
            for assignment in &event.code {
                line(out, format_args!("        {}", group.assignment(assignment)));
            }
        }
        for regular in &group.regular {
            line(out, format_args!("    every {}", self.clocks[regular.clock].dt));
            for assignment in &regular.code {
                line(out, format_args!("        {}", group.assignment(assignment)));
            }
        }
    }

    fn record(&self, record: &Record, out: &mut String) {
        let group = &self.groups[record.group];
        let what = match &record.observed {
            Observed::Variable { elements: Some(elements), .. } => format!("{elements:?}"),
            Observed::Event { captured, .. } if !captured.is_empty() => {
                let names: Vec<&str> = captured.iter().map(|&symbol| group.variable(symbol).name.as_str()).collect();
                format!("({})", names.join(", "))
            }
            Observed::Variable { .. } | Observed::Event { .. } | Observed::Rate { .. } => String::new(),
        };
        let (clock, name) = (&self.clocks[record.clock].name, group.observed(record));
        let when = if record.slot == Slot::Start { String::new() } else { format!(" when {}", record.slot.name()) };
        let order = if record.order == 0 { String::new() } else { format!(" order {}", record.order) };
        let last = record.last.map_or(String::new(), |last| format!(" last {last}"));
        line(out, format_args!("record {}.{name}{what} on {clock}{when}{order}{last}", group.name));
    }
}

impl Group {
    fn definition(&self, variable: &Variable) -> String {
        let name = &variable.name;
        let left = match variable.role {
            Role::Builtin(_)
            | Role::Parameter
            | Role::Noise
            | Role::LastSpike
            | Role::NotRefractory
            | Role::LastTick
            | Role::Temporary => name.clone(),
            Role::State { derivative } => format!("d{name}/dt = {}", self.expression(derivative)),
            Role::Subexpression { value, .. } => format!("{name} = {}", self.expression(value)),
        };
        let unit = match variable.kind {
            Kind::Boolean => "boolean".to_owned(),
            Kind::Integer => "integer".to_owned(),
            Kind::Float => variable.dimension.to_string(),
        };
        format!("{left} : {unit}{}", flags(variable))
    }

    fn assignment(&self, assignment: &Assignment) -> String {
        format!("{} = {}", self.variable(assignment.target).name, self.expression(assignment.value))
    }

    /// One expression; what it shares follows it.
    fn expression(&self, value: crate::algebra::ExprId) -> String {
        let mut printer = Printer::new(&self.pool, |symbol: Symbol| self.variable(symbol).name.clone());
        let text = printer.expr(value);
        let shared: Vec<String> = printer.temporaries().iter().map(|(name, text)| format!("{name} = {text}")).collect();
        if shared.is_empty() { text } else { format!("{text} where {}", shared.join("; ")) }
    }
}

fn flags(variable: &Variable) -> String {
    let stored = matches!(variable.role, Role::Subexpression { constant_over_dt: true, .. });
    let flags = [
        (variable.constant, "constant"),
        (variable.shared, "shared"),
        (stored, "constant over dt"),
        (variable.unless_refractory, "unless refractory"),
    ];
    let set: Vec<&str> = flags.into_iter().filter(|flag| flag.0).map(|flag| flag.1).collect();
    if set.is_empty() { String::new() } else { format!(" ({})", set.join(", ")) }
}

fn line(out: &mut String, text: std::fmt::Arguments) {
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{text}");
}
