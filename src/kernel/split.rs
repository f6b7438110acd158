//! Moves work to where it is done least often: the prelude, the prologue, the body.

use super::abi::{ColumnId, Storage, UniformId, Varies};
use super::{Builder, Inst, Kernel, Math, Unary, Value};

/// A kernel in its parts.
#[derive(Clone, Debug)]
pub struct Parts {
    /// Fills hidden columns and uniforms; runs once per change of parameters.
    pub prelude: Kernel,
    /// Runs at every tick: the prologue once, the body for each element.
    pub main: Kernel,
    /// The storage with the hidden columns and uniforms.
    pub storage: Storage,
}

/// How often a value changes, and whether it differs between elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Class {
    /// A constant counts as changing between runs.
    pub varies: Varies,
    /// Whether elements differ.
    pub per_element: bool,
}

/// The class of each value: the widest of its operands'.
pub(super) fn classes(kernel: &Kernel, storage: &Storage) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::with_capacity(kernel.insts.len());
    for inst in &kernel.insts {
        let own = own_class(*inst, storage);
        classes.push(inst.operands().fold(own, |class, operand| {
            let other = classes[operand.index()];
            Class { varies: class.varies.max(other.varies), per_element: class.per_element || other.per_element }
        }));
    }
    classes
}

fn own_class(inst: Inst, storage: &Storage) -> Class {
    match inst {
        Inst::Tick => Class { varies: Varies::Ticks, per_element: false },
        Inst::Index => Class { varies: Varies::Runs, per_element: true },
        Inst::Uniform(id) => Class { varies: storage.uniform_slot(id).varies, per_element: false },
        Inst::Load(id) => Class { varies: storage.column_slot(id).varies, per_element: true },
        Inst::Random(..) | Inst::Poisson(..) => Class { varies: Varies::Ticks, per_element: true },
        Inst::Float(_)
        | Inst::Float32(_)
        | Inst::Integer(_)
        | Inst::Integer32(_)
        | Inst::Boolean(_)
        | Inst::Unary(..)
        | Inst::Binary(..)
        | Inst::Compare(..)
        | Inst::Shift(..)
        | Inst::Fma(..)
        | Inst::Select(..)
        | Inst::Table(..)
        | Inst::Math(..)
        | Inst::Power(..)
        | Inst::Lookup(..)
        | Inst::Store(..)
        | Inst::SetUniform(..)
        | Inst::Emit(..)
        | Inst::Fire(..)
        | Inst::Seldom(_) => Class { varies: Varies::Runs, per_element: false },
    }
}

/// Splits a kernel that is all body.
///
/// With `hoist`, what changes only between runs moves to a prelude that leaves it in hidden columns
/// and uniforms, where that saves more than the load costs. What is the same for all elements moves
/// to the prologue in any case.
pub fn split(kernel: &Kernel, storage: &Storage, hoist: bool) -> Parts {
    let mut split = Split {
        kernel,
        classes: classes(kernel, storage),
        costs: costs(kernel),
        storage: storage.clone(),
        homes: vec![None; kernel.insts.len()],
        hidden: 0,
        needed: vec![false; kernel.insts.len()],
    };
    split.mark(hoist);
    let (prelude, main) = (split.prelude(), split.main());
    Parts { prelude, main, storage: split.storage }
}

/// Where a hoisted value is kept.
#[derive(Clone, Copy)]
enum Home {
    Column(ColumnId),
    Uniform(UniformId),
}

struct Split<'a> {
    kernel: &'a Kernel,
    classes: Vec<Class>,
    costs: Vec<u32>,
    storage: Storage,
    homes: Vec<Option<Home>>,
    /// How many values have a home; numbers their names.
    hidden: usize,
    needed: Vec<bool>,
}

impl Split<'_> {
    /// Walks from the effects to the operands and stops where a value is hoisted.
    fn mark(&mut self, hoist: bool) {
        for index in (0..self.kernel.insts.len()).rev() {
            let inst = self.kernel.insts[index];
            if !(self.needed[index] || inst.is_effect()) {
                continue;
            }
            self.needed[index] = true;
            if hoist && self.is_worth_hoisting(index) {
                self.give_home(index);
                continue;
            }
            for operand in inst.operands() {
                self.needed[operand.index()] = true;
            }
        }
    }

    /// A uniform is worth it as soon as anything is computed; a column, which costs memory, from two
    /// operations or one slow one on.
    fn is_worth_hoisting(&self, index: usize) -> bool {
        let class = self.classes[index];
        let least = if class.per_element { 2 } else { 1 };
        class.varies == Varies::Runs && !self.kernel.insts[index].is_effect() && self.costs[index] >= least
    }

    fn give_home(&mut self, index: usize) {
        let Some(ty) = self.kernel.types[index] else { return };
        self.hidden += 1;
        let name = format!("{}.hidden{}", self.kernel.name, self.hidden);
        self.homes[index] = Some(if self.classes[index].per_element {
            Home::Column(self.storage.column(name, ty, Varies::Runs))
        } else {
            Home::Uniform(self.storage.uniform(name, ty, Varies::Runs))
        });
    }

    fn prelude(&self) -> Kernel {
        let mut wanted: Vec<bool> = self.homes.iter().map(Option::is_some).collect();
        for index in (0..wanted.len()).rev() {
            if wanted[index] {
                for operand in self.kernel.insts[index].operands() {
                    wanted[operand.index()] = true;
                }
            }
        }
        let mut copy = Copy::new(format!("{}.prelude", self.kernel.name), self);
        for per_element in [false, true] {
            if per_element {
                copy.builder.begin_body();
            }
            for index in (0..wanted.len()).filter(|&index| wanted[index]) {
                if self.classes[index].per_element == per_element {
                    copy.inst(index, self.kernel.insts[index]);
                }
            }
            for index in 0..wanted.len() {
                match self.homes[index] {
                    Some(Home::Column(id)) if per_element => copy.builder.store(id, copy.values[index]),
                    Some(Home::Uniform(id)) if !per_element => copy.builder.set_uniform(id, copy.values[index]),
                    _ => {}
                }
            }
        }
        copy.builder.finish()
    }

    fn main(&self) -> Kernel {
        let mut copy = Copy::new(self.kernel.name.clone(), self);
        for per_element in [false, true] {
            if per_element {
                copy.builder.begin_body();
            }
            for index in (0..self.needed.len()).filter(|&index| self.needed[index]) {
                if self.is_in_body(index) != per_element {
                    continue;
                }
                match self.homes[index] {
                    Some(Home::Column(id)) => copy.inst(index, Inst::Load(id)),
                    Some(Home::Uniform(id)) => copy.inst(index, Inst::Uniform(id)),
                    None => copy.inst(index, self.kernel.insts[index]),
                }
            }
        }
        copy.builder.finish()
    }

    /// A store belongs to the body even if all elements get the same number.
    fn is_in_body(&self, index: usize) -> bool {
        match self.kernel.insts[index] {
            Inst::Store(..) | Inst::Emit(..) | Inst::Fire(..) | Inst::Seldom(_) => true,
            Inst::SetUniform(..) => false,
            _ => self.classes[index].per_element,
        }
    }
}

/// Copies instructions into a new kernel; operands must have been copied before.
struct Copy<'a> {
    builder: Builder<'a>,
    values: Vec<Value>,
}

impl<'a> Copy<'a> {
    fn new(name: String, split: &'a Split<'_>) -> Self {
        Copy { builder: Builder::unrounded(name, &split.storage), values: vec![Value(0); split.kernel.insts.len()] }
    }

    fn inst(&mut self, index: usize, inst: Inst) {
        let values = &self.values;
        self.values[index] = self.builder.push(inst.map(|operand| values[operand.index()]));
    }
}

/// What it takes to compute each value anew, roughly in additions; loads and constants are free.
fn costs(kernel: &Kernel) -> Vec<u32> {
    let mut costs: Vec<u32> = Vec::with_capacity(kernel.insts.len());
    for inst in &kernel.insts {
        let operands = inst.operands().fold(0u32, |sum, operand| sum.saturating_add(costs[operand.index()]));
        costs.push(own_cost(*inst).saturating_add(operands));
    }
    costs
}

fn own_cost(inst: Inst) -> u32 {
    match inst {
        Inst::Float(_)
        | Inst::Float32(_)
        | Inst::Integer(_)
        | Inst::Integer32(_)
        | Inst::Boolean(_)
        | Inst::Tick
        | Inst::Index
        | Inst::Uniform(_)
        | Inst::Load(_)
        | Inst::Store(..)
        | Inst::SetUniform(..)
        | Inst::Emit(..)
        | Inst::Fire(..)
        | Inst::Seldom(_)
        | Inst::Unary(Unary::Narrow, _) => 0,
        Inst::Binary(super::Binary::Divide, ..) | Inst::Unary(Unary::Sqrt, _) => 8,
        Inst::Math(Math::Exp | Math::Expm1 | Math::Exprel | Math::Bernoulli, _) => 20,
        Inst::Math(..) | Inst::Power(..) | Inst::Random(..) | Inst::Poisson(..) => 40,
        Inst::Unary(..)
        | Inst::Binary(..)
        | Inst::Compare(..)
        | Inst::Shift(..)
        | Inst::Fma(..)
        | Inst::Select(..)
        | Inst::Table(..)
        | Inst::Lookup(..) => 1,
    }
}
