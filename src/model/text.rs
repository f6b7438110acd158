//! Writes a model, for `emit --stage model`.

use std::fmt::Write;

use super::{Action, Assignment, Clock, Denormals, Group, MathLevel, Model, Record, Role, Variable};
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
        for group in &self.groups {
            line(&mut out, format_args!(""));
            self.group(group, &mut out);
        }
        line(&mut out, format_args!(""));
        for record in &self.records {
            self.record(record, &mut out);
        }
        for action in &self.script {
            match action {
                Action::Run { seconds, .. } => line(&mut out, format_args!("run {seconds}")),
                Action::Set { group, assignment } => {
                    let group = &self.groups[*group];
                    line(&mut out, format_args!("set {}.{}", group.name, group.assignment(assignment)));
                }
            }
        }
        out
    }

    fn group(&self, group: &Group, out: &mut String) {
        line(out, format_args!("group {}[{}] on {} {{", group.name, group.size, self.clocks[group.clock].name));
        for variable in &group.variables {
            if !matches!(variable.role, Role::Builtin(_)) {
                line(out, format_args!("    {}", group.definition(variable)));
            }
        }
        if let Some((method, _)) = group.method {
            line(out, format_args!("    method {}", method.name()));
        }
        for assignment in &group.init {
            line(out, format_args!("    init {}", group.assignment(assignment)));
        }
        line(out, format_args!("}}"));
    }

    fn record(&self, record: &Record, out: &mut String) {
        let group = &self.groups[record.group];
        let elements = record.elements.as_ref().map_or(String::new(), |elements| format!("{elements:?}"));
        let variable = &group.variable(record.variable).name;
        let clock = &self.clocks[record.clock].name;
        line(out, format_args!("record {}.{variable}{elements} on {clock}", group.name));
    }
}

impl Group {
    fn definition(&self, variable: &Variable) -> String {
        let name = &variable.name;
        let left = match variable.role {
            Role::Builtin(_) | Role::Parameter => name.clone(),
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
