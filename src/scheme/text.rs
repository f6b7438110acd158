//! The step as text, for `dvdt emit --stage step`.

use crate::algebra::{ExprId, Printer, Symbol};
use crate::model::Group;

use super::{Propagator, Step};

impl Step {
    /// The step of `group` as text: what is computed first, the propagators, and the new values,
    /// of which all are computed from the old ones.
    pub fn text(&self, group: &Group) -> String {
        let mut text = format!("step of {} by {}: {}\n", group.name, self.method.name(), self.reason);
        if !self.before.is_empty() {
            let lines: String = self.before.iter().map(|&one| self.assignments(group, &[one])).collect();
            section(&mut text, "before", &lines);
        }
        for propagator in &self.propagators {
            let when = if propagator.every_tick { "every tick" } else { "when parameters change" };
            section(&mut text, &format!("propagator, {when}"), &self.propagator_lines(group, propagator));
        }
        if !self.updates.is_empty() {
            section(&mut text, "update", &self.assignments(group, &self.updates));
        }
        text
    }

    fn assignments(&self, group: &Group, list: &[(Symbol, ExprId)]) -> String {
        Printer::new(&self.pool, |symbol| self.name(group, symbol)).assignments(list)
    }

    /// The entries of A that are not zero, and where those of P and Q go.
    fn propagator_lines(&self, group: &Group, propagator: &Propagator) -> String {
        let mut printer = Printer::new(&self.pool, |symbol| self.name(group, symbol));
        let mut entries = String::new();
        for (at, &entry) in propagator.matrix.iter().enumerate() {
            if !self.pool.is_zero(entry) {
                entries.push_str(&format!("A{} = {}\n", place(at, propagator.size), printer.expr(entry)));
            }
        }
        let temporaries = printer.temporaries().iter().map(|(name, value)| format!("{name} = {value}\n"));
        let mut lines: String = temporaries.collect();
        lines.push_str(&entries);
        for (result, slots) in [("P", &propagator.exponential), ("Q", &propagator.integral)] {
            for (at, slot) in slots.iter().enumerate() {
                if let &Some(symbol) = slot {
                    let name = self.name(group, symbol);
                    lines.push_str(&format!("{name} = {result}{}\n", place(at, propagator.size)));
                }
            }
        }
        lines
    }

    /// The name of a variable of the group or of a hidden number.
    fn name(&self, group: &Group, symbol: Symbol) -> String {
        let hidden = |index: usize| self.hidden.get(index).map(|hidden| hidden.name.clone());
        match group.variables.get(symbol.index()) {
            Some(variable) => variable.name.clone(),
            None => hidden(symbol.index() - group.variables.len()).unwrap_or_else(|| format!("?{}", symbol.0)),
        }
    }
}

/// Row and column of an entry, from 0.
fn place(at: usize, size: usize) -> String {
    format!("[{}, {}]", at / size, at % size)
}

fn section(text: &mut String, title: &str, lines: &str) {
    text.push_str(&format!("\n{title}\n"));
    for line in lines.lines() {
        text.push_str(&format!("    {line}\n"));
    }
}
