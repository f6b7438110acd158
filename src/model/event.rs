//! Checks what happens to elements: thresholds, resets, refractoriness, events, regular code.

use super::array;
use super::check;
use super::code::{Occasion, code};
use super::declare::Doubts;
use super::file::seconds;
use super::resolve::{Scope, reserved};
use super::{Cause, Clock, Constants, Event, GivenSpikes, Refractory, Regular, Role, Seconds, Variable, mistake};
use crate::algebra::{Binary, ExprId, Function, Kind, Pool};
use crate::diagnostic::Report;
use crate::dimension::Dimension;
use crate::model::Builtin;
use crate::source::Span;
use crate::syntax::ast::{self, Clause, Code, Expr};
use std::path::Path;
use std::sync::Arc;

/// The event that a threshold makes.
pub const SPIKE: &str = "spike";

/// What the lines of a group say besides its equations.
pub(super) struct Happenings {
    pub(super) refractory: Option<Refractory>,
    pub(super) events: Vec<Event>,
    pub(super) regular: Vec<Regular>,
}

/// What the checks of one group share.
pub(super) struct Checker<'a> {
    pub(super) text: &'a ast::Group,
    pub(super) size: usize,
    pub(super) dt: Seconds,
    pub(super) clock: usize,
    pub(super) constants: &'a Constants,
    pub(super) doubts: &'a Doubts,
    pub(super) folder: Option<&'a Path>,
    pub(super) variables: Vec<Variable>,
    pub(super) pool: Pool,
}

impl Checker<'_> {
    /// Checks all of it; `clocks` may grow.
    pub(super) fn check(&mut self, clocks: &mut Vec<Clock>, report: &mut Report) -> Happenings {
        let text = self.text;
        for (what, spans) in [
            ("threshold", text.thresholds.iter().map(|clause| clause.span).collect::<Vec<_>>()),
            ("refractory period", text.refractory.iter().map(|clause| clause.span).collect()),
            ("rate of Poisson spikes", text.poisson.iter().map(|clause| clause.span).collect()),
            ("reset", text.resets.iter().map(|code| code.span).collect()),
            ("list of spikes", text.spikes.iter().map(|spikes| spikes.span).collect()),
        ] {
            if let [first, second, ..] = spans.as_slice() {
                report.push(mistake::duplicate_line(what, *first, *second));
            }
        }
        let mut events: Vec<Event> = self.spike(report).into_iter().collect();
        self.custom(&mut events, report);
        self.handlers(&mut events, report);
        let refractory = text.refractory.first().and_then(|clause| self.refractory(clause, report));
        self.companions(events.first().is_some_and(|event| event.name == SPIKE), report);
        let regular = text.regular.iter().filter_map(|regular| self.regular(regular, clocks, report)).collect();
        Happenings { refractory, events, regular }
    }

    /// What makes spikes: a threshold, a rate, or a list. At most one of them.
    fn spike(&mut self, report: &mut Report) -> Option<Event> {
        let text = self.text;
        let sources = [
            text.thresholds.first().map(|clause| clause.span),
            text.poisson.first().map(|clause| clause.span),
            text.spikes.first().map(|spikes| spikes.span),
        ];
        let mut sources = sources.into_iter().flatten();
        let first = sources.next()?;
        if let Some(second) = sources.next() {
            report.push(mistake::two_causes(first, second));
        }
        let cause = if let Some(clause) = text.thresholds.first() {
            self.condition("threshold", &clause.value, report).map(Cause::Condition)
        } else if let Some(clause) = text.poisson.first() {
            self.poisson(clause, report).map(Cause::Condition)
        } else {
            text.spikes.first().and_then(|spikes| self.given(spikes, report)).map(|given| Cause::Given(Arc::new(given)))
        };
        let code = text.resets.first().map_or(vec![], |reset| self.code(reset, Occasion::Event, report));
        let cause = cause.unwrap_or_else(|| self.unknown());
        Some(Event { name: SPIKE.to_owned(), cause, code, span: first })
    }

    /// In place of a cause with a mistake in it, so that the event is known to what follows.
    fn unknown(&mut self) -> Cause {
        Cause::Condition(self.pool.boolean(false))
    }

    /// What has no effect without spikes, and spikes without effect.
    fn companions(&self, spikes: bool, report: &mut Report) {
        let text = self.text;
        if !spikes {
            for reset in &text.resets {
                report.push(mistake::without_threshold("a reset", reset.span));
            }
            for clause in &text.refractory {
                report.push(mistake::without_threshold("a refractory period", clause.span));
            }
        }
        if !text.spikes.is_empty() {
            let spans = text.resets.iter().map(|code| code.span).chain(text.refractory.iter().map(|own| own.span));
            for span in spans {
                let message = "given spikes happen as they are given: they take no reset and no refractory period";
                report.push(mistake::spikes(message, span, "not for given spikes"));
            }
        }
        if let Some(threshold) = text.thresholds.first()
            && text.resets.is_empty()
            && text.refractory.is_empty()
        {
            report.push(mistake::threshold_alone(threshold.span));
        }
    }

    /// An expression in the scope of the group.
    fn value(&mut self, expr: &Expr, report: &mut Report) -> check::Value {
        let mut scope = Scope::of_group(&self.text.name.name, &self.variables, self.constants, &self.pool);
        scope.doubt(self.doubts);
        check::expression(expr, &mut scope, &mut self.pool, report)
    }

    /// Something that is true or false.
    fn condition(&mut self, what: &str, expr: &Expr, report: &mut Report) -> Option<ExprId> {
        let value = self.value(expr, report);
        let dimension = value.dimension?;
        if self.pool.kind(value.id) == Kind::Boolean {
            return Some(value.id);
        }
        report.push(mistake::not_a_condition(what, dimension, expr.span()));
        None
    }

    /// `rand() < rates*dt`
    fn poisson(&mut self, clause: &Clause, report: &mut Report) -> Option<ExprId> {
        let value = self.value(&clause.value, report);
        let found = value.dimension?;
        if found != Dimension::FREQUENCY {
            report.push(mistake::not_a_rate(found, clause.value.span()));
            return None;
        }
        let dt = self.dt.to_f64();
        match self.pool.constant(value.id) {
            Some(rate) if rate < 0.0 || rate.is_nan() => {
                report.push(mistake::negative_rate(rate, clause.value.span()));
                return None;
            }
            Some(rate) if rate * dt > 1.0 => {
                report.push(mistake::rate_beyond_ticks(rate, self.dt, clause.value.span()));
            }
            Some(_) | None => {}
        }
        let place = self.variables.iter().position(|variable| variable.name == "rates")?;
        let id = super::assign::convert(&mut self.pool, value.id, Kind::Float);
        if let Role::Subexpression { value, .. } = &mut self.variables[place].role {
            *value = id;
        }
        let stream = Scope::of_group("", &self.variables, self.constants, &self.pool).next_stream();
        let stream = self.pool.integer(stream);
        let uniform = self.pool.call(Function::Rand, &[stream]);
        let dt = self.pool.symbol(Builtin::Dt.symbol(), Kind::Float);
        let rates = self.pool.symbol(crate::algebra::Symbol(u32::try_from(place).unwrap_or(u32::MAX)), Kind::Float);
        let chance = self.pool.multiply(rates, dt);
        Some(self.pool.binary(Binary::Less, uniform, chance))
    }

    fn code(&mut self, text: &Code, occasion: Occasion, report: &mut Report) -> Vec<super::Assignment> {
        let (known, name) = ((self.constants, self.doubts), &self.text.name.name);
        code(text, occasion, name, &mut self.variables, known, &mut self.pool, report)
    }

    fn custom(&mut self, events: &mut Vec<Event>, report: &mut Report) {
        let text = self.text;
        let mut known: Vec<(&str, Span)> = vec![];
        for event in &text.events {
            let name = event.name.name.as_str();
            if matches!(name, SPIKE | "spikes" | "population_rate") {
                report.push(mistake::event_name(&event.name));
            } else if let Some(reason) = reserved(name) {
                report.push(mistake::reserved_name(&event.name, &reason));
            } else if let Some(&(_, earlier)) = known.iter().find(|(known, _)| *known == name) {
                report.push(mistake::duplicate("event", &event.name, earlier));
            } else if let Some(variable) = self.variables.iter().find(|variable| variable.name == name) {
                report.push(mistake::duplicate("name", &event.name, variable.span));
            }
            known.push((name, event.name.span));
            let cause = self.condition("event", &event.condition, report).map(Cause::Condition);
            let (name, cause) = (event.name.name.clone(), cause.unwrap_or_else(|| self.unknown()));
            events.push(Event { name, cause, code: vec![], span: event.name.span });
        }
    }

    fn handlers(&mut self, events: &mut [Event], report: &mut Report) {
        let text = self.text;
        let mut handled: Vec<(&str, Span)> = vec![];
        for handler in &text.handlers {
            let name = handler.event.name.as_str();
            let code = self.code(&handler.code, Occasion::Event, report);
            if name == SPIKE {
                report.push(mistake::handler_of_spike(&handler.event));
                continue;
            }
            if let Some(&(_, earlier)) = handled.iter().find(|(known, _)| *known == name) {
                report.push(mistake::duplicate_line("piece of code for each event", earlier, handler.event.span));
            }
            handled.push((name, handler.event.span));
            match events.iter_mut().find(|event| event.name == name) {
                Some(event) => event.code = code,
                None => {
                    let known: Vec<&str> = text.events.iter().map(|event| event.name.name.as_str()).collect();
                    report.push(mistake::unknown("event", &handler.event, &known));
                }
            }
        }
    }

    /// A time or a condition.
    fn refractory(&mut self, clause: &Clause, report: &mut Report) -> Option<Refractory> {
        let value = self.value(&clause.value, report);
        let dimension = value.dimension?;
        let span = clause.value.span();
        if self.pool.kind(value.id) == Kind::Boolean {
            return Some(Refractory::Condition(value.id));
        }
        if dimension != Dimension::TIME {
            report.push(mistake::refractory_dimension(dimension, self.pool.constant(value.id), span));
            return None;
        }
        if let Some(seconds) = self.pool.constant(value.id).filter(|seconds| *seconds < 0.0 || seconds.is_nan()) {
            report.push(mistake::negative_refractory(seconds, span));
            return None;
        }
        Some(Refractory::Time(super::assign::convert(&mut self.pool, value.id, Kind::Float)))
    }

    fn regular(&mut self, text: &ast::Regular, clocks: &mut Vec<Clock>, report: &mut Report) -> Option<Regular> {
        let clock = match &text.every {
            None => Some(self.clock),
            Some(every) => {
                let dt = seconds(every, "the interval of regular code", self.constants, report);
                dt.map(|dt| super::script::clock_of(dt, clocks))
            }
        };
        let code = self.code(&text.code, Occasion::Regular, report);
        Some(Regular { clock: clock?, code, span: text.code.span })
    }

    /// Spikes that a text or a file gives.
    fn given(&mut self, text: &ast::GivenSpikes, report: &mut Report) -> Option<GivenSpikes> {
        let elements = array::numbers(&text.elements, self.constants, self.folder, report);
        let times = array::numbers(&text.times, self.constants, self.folder, report);
        let period = text.period.as_ref().map(|period| seconds(period, "a period", self.constants, report));
        let (elements, times) = (elements?, times?);
        if times.dimension? != Dimension::TIME {
            report.push(mistake::spikes("the times of spikes are in second", text.times.span, "these are not"));
            return None;
        }
        if elements.values.len() != times.values.len() {
            let (one, two) = (elements.values.len(), times.values.len());
            let message = format!("each spike has an element and a time, but {one} elements and {two} times are given");
            report.push(mistake::spikes(&message, text.span, "here"));
            return None;
        }
        let elements = self.elements(text, &elements, report)?;
        let ticks = self.ticks(text, &times, report)?;
        let mut spikes: Vec<(u64, u32)> = ticks.into_iter().zip(elements).collect();
        spikes.sort_unstable();
        if let Some(twice) = spikes.windows(2).find(|pair| pair[0] == pair[1]) {
            let (tick, element) = twice[0];
            report.push(mistake::spike_twice(element, tick, self.dt, text.span));
            return None;
        }
        let period = match period {
            None => None,
            Some(period) => Some(self.period(text, period?, spikes.last().map_or(0, |spike| spike.0), report)?),
        };
        let (ticks, elements) = spikes.into_iter().unzip();
        Some(GivenSpikes { ticks, elements, period })
    }

    fn elements(&self, text: &ast::GivenSpikes, list: &array::Numbers, report: &mut Report) -> Option<Vec<u32>> {
        let mut found = Vec::with_capacity(list.values.len());
        for &value in &list.values {
            #[allow(clippy::cast_precision_loss, reason = "sizes are below 2^53")]
            let fits = value.fract() == 0.0 && value >= 0.0 && value < self.size as f64;
            if !fits || list.dimension != Some(Dimension::DIMENSIONLESS) {
                let message = format!("the elements of spikes are whole numbers from 0 on, below {}", self.size);
                report.push(mistake::spikes(&message, text.elements.span, &format!("{value} is not")));
                return None;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
            found.push(value as u32);
        }
        Some(found)
    }

    /// A spike belongs to the tick that it lies in, with a slack of a thousandth of a tick, as in
    /// Brian2.
    fn ticks(&self, text: &ast::GivenSpikes, list: &array::Numbers, report: &mut Report) -> Option<Vec<u64>> {
        let dt = self.dt.to_f64();
        let mut found = Vec::with_capacity(list.values.len());
        for &time in &list.values {
            let tick = (time + 1e-3 * dt) / dt;
            if !(time >= 0.0 && tick < 9e15) {
                let message = "the times of spikes are finite and not negative";
                report.push(mistake::spikes(message, text.times.span, &format!("{time} second is not")));
                return None;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked above")]
            found.push(tick as u64);
        }
        Some(found)
    }

    fn period(&self, text: &ast::GivenSpikes, period: Seconds, last: u64, report: &mut Report) -> Option<u64> {
        let span = text.period.as_ref().map_or(text.span, Expr::span);
        let ticks =
            period.ratio(self.dt).and_then(super::Fraction::to_whole).and_then(|ticks| u64::try_from(ticks).ok());
        match ticks {
            None => report.push(mistake::spikes(
                &format!("a period is a whole number of ticks of {}", self.dt),
                span,
                "this is not",
            )),
            Some(ticks) if ticks <= last => {
                report.push(mistake::spikes("a period ends after the last spike", span, "it ends before"));
            }
            Some(ticks) => return Some(ticks),
        }
        None
    }
}
