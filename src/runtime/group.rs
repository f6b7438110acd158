//! One group of a simulation: its memory, and the host's view of it.

use super::column::Memory;
use super::{Error, Place, Plan, Program, Stage, Variable};
use crate::algebra::Kind;
use crate::kernel::Type;
use crate::kernel::abi::Routine;
use std::sync::Arc;

/// The variables of one group, read and written between runs as plain slices.
///
/// A variable with one number for all elements is a slice of length 1.
pub struct Group {
    plan: Arc<Plan>,
    index: usize,
    pub(super) memory: Memory,
    /// Whether the prelude has to run: a parameter was written since it did.
    stale: bool,
}

impl Group {
    /// The group as its program's initial values make it.
    pub(super) fn new(plan: &Arc<Plan>, index: usize, seed: u64) -> Result<Self, Error> {
        let program = &plan.programs[index];
        check(program)?;
        let mut memory = Memory::huge(&program.layout, &program.name)?;
        if let Some(id) = program.seed {
            memory.words_mut()[program.layout.uniform_offset(id) / 8] = seed;
        }
        program.run(&program.init, memory.words_mut(), 0);
        Ok(Group { plan: Arc::clone(plan), index, memory, stale: true })
    }

    /// The name in the text.
    pub fn name(&self) -> &str {
        &self.program().name
    }

    /// The number of elements.
    pub fn elements(&self) -> usize {
        self.program().layout.elements()
    }

    /// All variables that can be read here.
    pub fn variables(&self) -> &[Variable] {
        &self.program().variables
    }

    /// The variable called `name`.
    ///
    /// # Errors
    /// When there is none.
    pub fn variable(&self, name: &str) -> Result<&Variable, Error> {
        self.variables().iter().find(|variable| variable.name == name).ok_or_else(|| Error::UnknownVariable {
            group: self.name().to_owned(),
            name: name.to_owned(),
            known: self.variables().iter().map(|variable| variable.name.clone()).collect(),
        })
    }

    /// The values of a float variable, in SI base units.
    ///
    /// # Errors
    /// When there is no such variable, or it holds something else.
    pub fn floats(&self, name: &str) -> Result<&[f64], Error> {
        let place = self.readable(name, Kind::Float)?;
        self.sized(name, place, Type::F64)?;
        Ok(self.memory.floats(&self.program().layout, place))
    }

    /// The values of a variable of 32-bit floats, in SI base units.
    ///
    /// # Errors
    /// When there is no such variable, or it holds something else.
    pub fn floats32(&self, name: &str) -> Result<&[f32], Error> {
        let place = self.readable(name, Kind::Float)?;
        self.sized(name, place, Type::F32)?;
        Ok(self.memory.floats32(&self.program().layout, place))
    }

    /// How many values a variable has.
    ///
    /// # Errors
    /// When there is no such variable.
    pub fn length(&self, name: &str) -> Result<usize, Error> {
        Ok(self.variable(name)?.place.length(&self.program().layout))
    }

    /// Whether a float variable has 32 bits.
    ///
    /// # Errors
    /// When there is no such variable, or it holds something else.
    pub fn is_float32(&self, name: &str) -> Result<bool, Error> {
        Ok(self.readable(name, Kind::Float)?.ty(&self.program().layout) == Type::F32)
    }

    /// The values of an integer variable.
    ///
    /// # Errors
    /// When there is no such variable, or it holds something else.
    pub fn integers(&self, name: &str) -> Result<&[i64], Error> {
        let place = self.readable(name, Kind::Integer)?;
        Ok(self.memory.integers(&self.program().layout, place))
    }

    /// The values of a boolean variable.
    ///
    /// # Errors
    /// When there is no such variable, or it holds something else.
    pub fn booleans(&self, name: &str) -> Result<&[bool], Error> {
        let place = self.readable(name, Kind::Boolean)?;
        self.memory.booleans(&self.program().layout, place).ok_or_else(|| self.torn(name))
    }

    /// The values of a float variable, to be written, in SI base units.
    ///
    /// # Errors
    /// When there is no such variable, it holds something else, or it is computed.
    pub fn floats_mut(&mut self, name: &str) -> Result<&mut [f64], Error> {
        self.sized(name, self.readable(name, Kind::Float)?, Type::F64)?;
        let place = self.writable(name, Kind::Float)?;
        Ok(self.memory.floats_mut(&self.plan.programs[self.index].layout, place))
    }

    /// The values of a variable of 32-bit floats, to be written, in SI base units.
    ///
    /// # Errors
    /// When there is no such variable, it holds something else, or it is computed.
    pub fn floats32_mut(&mut self, name: &str) -> Result<&mut [f32], Error> {
        self.sized(name, self.readable(name, Kind::Float)?, Type::F32)?;
        let place = self.writable(name, Kind::Float)?;
        Ok(self.memory.floats32_mut(&self.plan.programs[self.index].layout, place))
    }

    /// The values of an integer variable, to be written.
    ///
    /// # Errors
    /// When there is no such variable, it holds something else, or it is computed.
    pub fn integers_mut(&mut self, name: &str) -> Result<&mut [i64], Error> {
        let place = self.writable(name, Kind::Integer)?;
        Ok(self.memory.integers_mut(&self.plan.programs[self.index].layout, place))
    }

    /// The values of a boolean variable, to be written.
    ///
    /// # Errors
    /// When there is no such variable, it holds something else, or it is computed.
    pub fn booleans_mut(&mut self, name: &str) -> Result<&mut [bool], Error> {
        let place = self.writable(name, Kind::Boolean)?;
        let torn = self.torn(name);
        self.memory.booleans_mut(&self.plan.programs[self.index].layout, place).ok_or(torn)
    }

    /// The plan, and the number of the group in it.
    pub(super) fn plan(&self) -> (&Arc<Plan>, usize) {
        (&self.plan, self.index)
    }

    pub(super) fn program(&self) -> &Program {
        &self.plan.programs[self.index]
    }

    /// The program and the memory it works on, at once.
    pub(super) fn parts(&mut self) -> (&Program, &mut [u64]) {
        (&self.plan.programs[self.index], self.memory.words_mut())
    }

    /// Runs code that may write anything.
    pub(super) fn apply(&mut self, routine: &dyn Routine, tick: u64) {
        let (program, words) = self.parts();
        routine.call(words, tick..tick + 1, 0..program.layout.elements());
        self.stale = true;
    }

    /// The same of several stages.
    pub(super) fn apply_stages(&mut self, stages: &[Stage], tick: u64) {
        let (program, words) = self.parts();
        program.run(stages, words, tick);
        self.stale = true;
    }

    /// Where its random numbers come from.
    pub(super) fn seed(&self) -> u64 {
        let program = self.program();
        program.seed.map_or(0, |id| self.memory.words()[program.layout.uniform_offset(id) / 8])
    }

    /// Lets the prelude run before anything else does.
    pub(super) fn touch(&mut self) {
        self.stale = true;
    }

    /// Runs the prelude when a parameter was written since it ran.
    pub(super) fn refresh(&mut self, tick: u64) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let (program, words) = self.parts();
        program.run(&program.prelude, words, tick);
    }

    fn readable(&self, name: &str, asked: Kind) -> Result<Place, Error> {
        let variable = self.variable(name)?;
        if variable.kind == asked {
            return Ok(variable.place);
        }
        let (holds, asked) = (noun(variable.kind), noun(asked));
        Err(Error::Kind { variable: format!("{}.{name}", self.name()), holds, asked })
    }

    /// Checks the size of a float.
    fn sized(&self, name: &str, place: Place, asked: Type) -> Result<(), Error> {
        let (holds, asked) = match (place.ty(&self.program().layout), asked) {
            (Type::F32, Type::F64) => ("32-bit floats", "64-bit floats"),
            (Type::F64, Type::F32) => ("64-bit floats", "32-bit floats"),
            _ => return Ok(()),
        };
        Err(Error::Kind { variable: format!("{}.{name}", self.name()), holds, asked })
    }

    fn writable(&mut self, name: &str, asked: Kind) -> Result<Place, Error> {
        let place = self.readable(name, asked)?;
        let variable = self.variable(name)?;
        if !variable.writable {
            return Err(Error::ReadOnly { variable: format!("{}.{name}", self.name()) });
        }
        self.stale |= !variable.state;
        Ok(place)
    }

    fn torn(&self, name: &str) -> Error {
        Error::Plan(format!("`{}.{name}` holds a truth value that is neither true nor false", self.name()))
    }
}

/// Checks that the kinds of the variables are those of their places.
fn check(program: &Program) -> Result<(), Error> {
    for variable in &program.variables {
        let stored = match variable.place.ty(&program.layout) {
            Type::F64 | Type::F32 => Kind::Float,
            Type::I64 => Kind::Integer,
            Type::I32 => return Err(Error::Plan(format!("`{}.{}` has 32 bits", program.name, variable.name))),
            Type::Bool => Kind::Boolean,
        };
        if stored != variable.kind {
            let name = format!("{}.{}", program.name, variable.name);
            let (stored, kind) = (noun(stored), noun(variable.kind));
            return Err(Error::Plan(format!("`{name}` is {kind} and its place holds {stored}")));
        }
    }
    Ok(())
}

fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "booleans",
        Kind::Integer => "integers",
        Kind::Float => "floats",
    }
}
