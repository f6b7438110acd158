//! Chooses the order of a body's instructions: long chains first, while registers last.
//!
//! Cranelift emits instructions as they come. A list scheduler that starts the longest chain of
//! latencies first keeps the arithmetic units busy; one that holds back when too many values are
//! alive avoids spills. Any order gives the same bits.

use super::kept;
use super::sink::Sinking;
use crate::kernel::{Binary, Inst, Kernel, Unary, Value};
use std::cmp::Reverse;
use std::collections::BTreeSet;

/// Values alive above which saving registers comes before saving time. x86-64 has 16 vector
/// registers (32 with AVX-512, which has not been tuned); a few values more cost only cheap reloads.
const MOST_ALIVE: u32 = 16;

/// How many ready instructions are compared; bounds the work for very long bodies.
const WINDOW: usize = 48;

/// The instructions of the body that take part in a run, in the order to emit them. Loads and
/// constants are left out: they are emitted where they are first used.
pub fn order(kernel: &Kernel, sinking: &Sinking, copies: usize) -> Vec<Value> {
    let copies = u32::try_from(copies).unwrap_or(1).max(1);
    let mut state = State::new(kernel, sinking, copies);
    let mut order = Vec::with_capacity(kernel.insts.len() - kernel.prologue);
    while let Some(value) = state.choose() {
        state.emit(value);
        order.push(value);
    }
    assert!(state.waiting.iter().all(|&left| left == 0), "bug: instructions of {} wait for each other", kernel.name);
    order
}

/// Whether a value is fetched where it is used instead of being computed.
pub fn is_leaf(inst: Inst) -> bool {
    inst.is_constant() || matches!(inst, Inst::Load(_) | Inst::Uniform(_) | Inst::Tick)
}

struct State<'a> {
    kernel: &'a Kernel,
    /// Of all values, one after the other; those of `value` begin at `starts[value]`.
    operands: Vec<(Value, u32)>,
    starts: Vec<usize>,
    /// For what is ready or emitted, when its operands are there.
    available: Vec<u32>,
    /// The longest chain of latencies from each value to the end.
    height: Vec<u32>,
    /// Operands that are not computed yet.
    waiting: Vec<u32>,
    users: Vec<Vec<Value>>,
    /// Uses to come of each value.
    uses: Vec<u32>,
    loaded: Vec<bool>,
    ready: BTreeSet<Value>,
    alive: i32,
    most_alive: i32,
    /// The cycle at which each result is there, if an instruction starts every cycle.
    finish: Vec<u32>,
    /// The cycle of the next instruction.
    now: u32,
    /// Cycles per instruction: each is emitted once per vector.
    copies: u32,
}

impl<'a> State<'a> {
    fn new(kernel: &'a Kernel, sinking: &'a Sinking, copies: u32) -> Self {
        let count = kernel.insts.len();
        let mut state = State {
            kernel,
            operands: vec![],
            starts: vec![],
            available: vec![0; count],
            height: heights(kernel),
            waiting: vec![0; count],
            users: vec![vec![]; count],
            uses: vec![0; count],
            loaded: vec![false; count],
            ready: BTreeSet::new(),
            alive: 0,
            most_alive: i32::try_from(MOST_ALIVE / copies).unwrap_or(i32::MAX),
            finish: vec![0; count],
            now: 0,
            copies,
        };
        for value in kernel.values() {
            state.starts.push(state.operands.len());
            if kernel.is_uniform(value) || sinking.is_apart(value) {
                continue;
            }
            let apart = sinking.of(value).map_or(&[][..], |sunk| &sunk.needs);
            for operand in kernel.inst(value).operands().chain(apart.iter().copied()) {
                state.uses[operand.index()] += 1;
                if state.is_computed(operand) {
                    state.waiting[value.index()] += 1;
                    state.users[operand.index()].push(value);
                }
                let start = state.starts[value.index()];
                match state.operands[start..].iter_mut().find(|(known, _)| *known == operand) {
                    Some((_, count)) => *count += 1,
                    None => state.operands.push((operand, 1)),
                }
            }
            if state.waiting[value.index()] == 0 && state.is_computed(value) {
                state.ready.insert(value);
            }
        }
        state.starts.push(state.operands.len());
        state.keep_before_firing();
        state
    }

    /// What is kept of an event is there before it happens.
    fn keep_before_firing(&mut self) {
        for fire in self.kernel.values().skip(self.kernel.prologue) {
            let Inst::Fire(event, _) = self.kernel.inst(fire) else { continue };
            for (emit, ..) in kept(self.kernel, event) {
                self.waiting[fire.index()] += 1;
                self.users[emit.index()].push(fire);
                self.ready.remove(&fire);
            }
        }
    }

    /// The operands, and for an event what the work that stands apart for it needs: each once, and how often.
    fn operands(&self, value: Value) -> &[(Value, u32)] {
        let [start, end] = [0, 1].map(|next| self.starts[value.index() + next]);
        &self.operands[start..end]
    }

    /// Whether the body computes it (and neither the prologue nor a load).
    fn is_computed(&self, value: Value) -> bool {
        !self.kernel.is_uniform(value) && !is_leaf(self.kernel.inst(value))
    }

    /// The cycle at which all operands are there; once they are computed it does not change.
    fn available(&self, value: Value) -> u32 {
        self.operands(value).iter().map(|(operand, _)| self.finish[operand.index()]).max().unwrap_or(0)
    }

    /// The instruction that waits least, then the one with the longest way to go; when registers are
    /// short, the one that frees most comes first.
    fn choose(&self) -> Option<Value> {
        let short = self.alive >= self.most_alive;
        self.ready.iter().copied().take(WINDOW).max_by_key(|&value| {
            let saved = if short { -self.growth(value) } else { 0 };
            let wait = self.available[value.index()].saturating_sub(self.now);
            (saved, Reverse(wait), self.height[value.index()], Reverse(value))
        })
    }

    /// How many more values are alive after `value` than before.
    fn growth(&self, value: Value) -> i32 {
        let mut growth = i32::from(!self.kernel.inst(value).is_effect());
        for &(operand, here) in self.operands(value) {
            let last = self.uses[operand.index()] == here;
            if self.is_computed(operand) || self.loaded[operand.index()] {
                growth -= i32::from(last);
            } else if matches!(self.kernel.inst(operand), Inst::Load(_)) {
                growth += i32::from(!last);
            }
        }
        growth
    }

    fn emit(&mut self, value: Value) {
        self.ready.remove(&value);
        self.finish[value.index()] = self.available[value.index()].max(self.now) + latency(self.kernel.inst(value));
        self.now += self.copies;
        self.alive += self.growth(value);
        for place in self.starts[value.index()]..self.starts[value.index() + 1] {
            let (operand, here) = self.operands[place];
            self.uses[operand.index()] -= here;
            self.loaded[operand.index()] |= matches!(self.kernel.inst(operand), Inst::Load(_));
        }
        for user in std::mem::take(&mut self.users[value.index()]) {
            self.waiting[user.index()] -= 1;
            if self.waiting[user.index()] == 0 {
                self.available[user.index()] = self.available(user);
                self.ready.insert(user);
            }
        }
    }
}

/// Cycles of the longest chain of instructions of the body that need each other, from a load on, or from what
/// is computed of it where the state stays in registers.
pub fn chain(kernel: &Kernel, in_registers: bool) -> usize {
    let heights = heights(kernel);
    let body = kernel.values().skip(kernel.prologue);
    let taken = body.filter(|&value| !in_registers || !is_leaf(kernel.inst(value)));
    taken.map(|value| heights[value.index()] as usize).max().unwrap_or(0)
}

fn heights(kernel: &Kernel) -> Vec<u32> {
    let mut heights = vec![0; kernel.insts.len()];
    for value in kernel.values().rev() {
        let own = heights[value.index()] + latency(kernel.inst(value));
        heights[value.index()] = own;
        for operand in kernel.inst(value).operands() {
            let height: &mut u32 = &mut heights[operand.index()];
            *height = (*height).max(own);
        }
    }
    heights
}

/// Cycles until the result can be used, as on current x86-64 cores.
fn latency(inst: Inst) -> u32 {
    match inst {
        Inst::Binary(Binary::Divide, ..) => 13,
        Inst::Unary(Unary::Sqrt, _) => 15,
        Inst::Fma(..) | Inst::Binary(Binary::Add | Binary::Subtract | Binary::Multiply, ..) => 4,
        Inst::Unary(Unary::Floor | Unary::Ceil | Unary::Trunc | Unary::Nearest, _) => 6,
        Inst::Unary(Unary::ToFloat | Unary::ToInteger | Unary::Narrow | Unary::Widen, _)
        | Inst::Table(..)
        | Inst::Lookup(..) => 10,
        Inst::Binary(Binary::IntFloorDivide | Binary::IntRemainder, ..) => 20,
        Inst::Load(_) | Inst::Uniform(_) => 5,
        _ => 1,
    }
}
