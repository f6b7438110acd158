//! Turns a kernel into a Cranelift function: two loops around one `match`.
//!
//! ```text
//! for tick in first..last {
//!     prologue, on single numbers
//!     for each turn of interleave × lanes elements {
//!         body, on vectors
//!     }
//! }
//! ```

use super::{Lanes, Options};
use crate::codegen::{self, KEPT_UNIFORMS, Pool, Sinking, is_leaf};
use crate::kernel::abi::{ColumnId, EventId, Layout};
use crate::kernel::{Inst, Kernel, Type, Unary, Value};
use cranelift::codegen::ir;
use cranelift::prelude::{
    AbiParam, Block, FunctionBuilder, FunctionBuilderContext, InstBuilder, IntCC, MemFlagsData, StackSlotData,
    StackSlotKind, types,
};
use cranelift_codegen::isa::TargetIsa;
use rustc_hash::FxHashMap;

/// The most vectors that one turn of the loop takes.
const MOST_COPIES: usize = 4;

/// A constant stays in its register while the next use is so many instructions away.
const REACH: usize = 6;

/// How many numbers Cranelift's instructions take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    One,
    Two,
}

impl Width {
    fn count(self) -> usize {
        match self {
            Width::One => 1,
            Width::Two => 2,
        }
    }
}

/// One Cranelift value per vector of a turn.
type Copies = [ir::Value; MOST_COPIES];

/// Writes `kernel` into `function` and returns the constants that it reads.
pub(super) fn translate(
    kernel: &Kernel,
    layout: &Layout,
    options: Options,
    isa: &dyn TargetIsa,
    function: &mut ir::Function,
    frontend: &mut FunctionBuilderContext,
) -> Pool {
    assert!(kernel.is_core(), "bug: {} is not a core kernel", kernel.name);
    function.signature.call_conv = isa.default_call_conv();
    function.signature.params.extend([AbiParam::new(types::I64); 6]);
    let mut builder = FunctionBuilder::new(function, frontend);
    let entry = builder.create_block();
    builder.append_block_params_for_function_params(entry);
    builder.switch_to_block(entry);
    let params: Vec<ir::Value> = builder.block_params(entry).to_vec();
    let sinking = Sinking::new(kernel);
    // Tables are read one number after the other, however many vectors there are.
    let scalar = kernel.insts.iter().any(|inst| matches!(inst, Inst::Table(..) | Inst::Lookup(..)));
    let interleave = options.interleave.or(scalar.then_some(1));
    let copies = codegen::copies(codegen::operations(kernel, &sinking), interleave, MOST_COPIES);
    let body = codegen::order(kernel, &sinking, copies);
    let mut translator = Translator {
        kernel,
        layout,
        lanes: if options.lanes == Lanes::One || kernel.is_narrow() { Width::One } else { Width::Two },
        copies,
        memory: params[0],
        pool_base: params[1],
        pool: Pool::default(),
        values: vec![None; kernel.insts.len()],
        scratch: vec![None; kernel.insts.len()],
        needs_negation: codegen::negations(kernel),
        turn: None,
        recent: FxHashMap::default(),
        kept: vec![],
        sinking,
        loads: codegen::loads(kernel),
        emitted: 0,
        builder,
    };
    translator.loops(&params, &body);
    let Translator { pool, builder, .. } = translator;
    builder.finalize(isa.frontend_config());
    pool
}

pub(super) struct Translator<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) layout: &'a Layout,
    pub(super) lanes: Width,
    copies: usize,
    memory: ir::Value,
    pub(super) pool_base: ir::Value,
    pub(super) pool: Pool,
    values: Vec<Option<Copies>>,
    /// Where the broadcast copy of a prologue's value lies, if it has one: base and offset.
    scratch: Vec<Option<(ir::Value, i32)>>,
    needs_negation: Vec<bool>,
    turn: Option<Turn>,
    /// Constants of this turn, and at which instruction they were last used.
    recent: FxHashMap<(i32, ir::Type), (ir::Value, usize)>,
    /// What is kept of events that have not happened yet: event, list, values.
    kept: Vec<(EventId, ColumnId, Copies)>,
    /// What stands apart for events.
    sinking: Sinking,
    /// What the body loads of each column.
    loads: FxHashMap<ColumnId, Value>,
    /// How many instructions of the body are emitted.
    emitted: usize,
    pub(super) builder: FunctionBuilder<'a>,
}

/// What the current turn of the loop addresses.
#[derive(Clone, Copy)]
struct Turn {
    /// Memory plus the byte offset of the turn's first element in columns of words.
    words: ir::Value,
    /// The same for columns of halves of words.
    halves: ir::Value,
    /// The same for columns of bytes.
    bytes: ir::Value,
    /// The number of the turn's first element.
    element: ir::Value,
}

/// Memory that is ours and mapped, aligned to a vector.
fn aligned() -> MemFlagsData {
    MemFlagsData::trusted()
}

/// The same without alignment: bytes, and turns of a single number.
pub(super) fn unaligned() -> MemFlagsData {
    let mut flags = MemFlagsData::new();
    flags.set_notrap();
    flags
}

impl Translator<'_> {
    fn loops(&mut self, params: &[ir::Value], body: &[Value]) {
        let &[memory, _, first_tick, last_tick, first_byte, last_byte] = params else { return };
        let [ticks, turns, after, exit] = std::array::from_fn(|_| self.builder.create_block());
        let tick = self.builder.append_block_param(ticks, types::I64);
        let words = self.builder.append_block_param(turns, types::I64);
        let first = self.builder.ins().iadd(memory, first_byte);
        let last = self.builder.ins().iadd(memory, last_byte);
        self.builder.ins().jump(ticks, &[first_tick.into()]);

        self.builder.switch_to_block(ticks);
        self.prologue(tick);
        if body.is_empty() {
            self.builder.ins().jump(after, &[]);
        } else {
            self.broadcast();
            let any = self.builder.ins().icmp(IntCC::UnsignedLessThan, first, last);
            self.builder.ins().brif(any, turns, &[first.into()], after, &[]);
            self.builder.switch_to_block(turns);
            self.body(words, body);
            let step = i64::try_from(8 * self.lanes.count() * self.copies).unwrap_or(i64::MAX);
            let next = self.builder.ins().iadd_imm_s(words, step);
            let more = self.builder.ins().icmp(IntCC::UnsignedLessThan, next, last);
            self.builder.ins().brif(more, turns, &[next.into()], after, &[]);
        }
        self.end_of_tick(after, ticks, exit, tick, last_tick);
        if body.is_empty() {
            self.builder.switch_to_block(turns);
            self.builder.ins().return_(&[]);
        }
        self.builder.seal_all_blocks();
    }

    fn end_of_tick(&mut self, after: Block, ticks: Block, exit: Block, tick: ir::Value, last_tick: ir::Value) {
        self.builder.switch_to_block(after);
        let next = self.builder.ins().iadd_imm_s(tick, 1);
        let more = self.builder.ins().icmp(IntCC::UnsignedLessThan, next, last_tick);
        self.builder.ins().brif(more, ticks, &[next.into()], exit, &[]);
        self.builder.switch_to_block(exit);
        self.builder.ins().return_(&[]);
    }

    fn prologue(&mut self, tick: ir::Value) {
        let vector = self.lanes;
        self.lanes = Width::One;
        for value in self.kernel.values().take(self.kernel.prologue) {
            let result = match self.kernel.inst(value) {
                Inst::Tick => Some(tick),
                Inst::Float(bits) => Some(self.builder.ins().f64const(f64::from_bits(bits))),
                Inst::Float32(bits) => Some(self.builder.ins().f32const(f32::from_bits(bits))),
                Inst::Integer32(integer) => Some(self.builder.ins().iconst(types::I32, i64::from(integer))),
                Inst::Integer(integer) => Some(self.builder.ins().iconst(types::I64, integer)),
                Inst::Boolean(truth) => Some(self.builder.ins().iconst(types::I8, i64::from(truth))),
                Inst::Uniform(id) => Some(self.load_uniform(value, id)),
                Inst::SetUniform(id, a) => {
                    self.set_uniform(id, a);
                    None
                }
                inst => {
                    let operands = inst.operands().map(|operand| self.values[operand.index()].map(|copies| copies[0]));
                    let operands: Vec<ir::Value> = operands.flatten().collect();
                    Some(self.compute(value, inst, &operands))
                }
            };
            self.values[value.index()] = result.map(|result| [result; MOST_COPIES]);
        }
        self.lanes = vector;
    }

    fn load_uniform(&mut self, value: Value, id: crate::kernel::abi::UniformId) -> ir::Value {
        let ty = self.kernel.type_of(value).map_or(types::I64, scalar);
        let (base, offset) = self.place(self.memory, self.layout.uniform_offset(id));
        self.builder.ins().load(ty, unaligned(), base, offset)
    }

    /// What is smaller takes a whole word, so that the host reads it like the others.
    fn set_uniform(&mut self, id: crate::kernel::abi::UniformId, a: Value) {
        let Some([mut value, ..]) = self.values[a.index()] else { return };
        match self.kernel.type_of(a) {
            Some(Type::Bool | Type::I32) => value = self.builder.ins().uextend(types::I64, value),
            Some(Type::F32) => {
                let bits = self.builder.ins().bitcast(types::I32, MemFlagsData::new(), value);
                value = self.builder.ins().uextend(types::I64, bits);
            }
            Some(Type::F64 | Type::I64) | None => {}
        }
        let (base, offset) = self.place(self.memory, self.layout.uniform_offset(id));
        self.builder.ins().store(unaligned(), value, base, offset);
    }

    /// Turns the prologue's results that the body uses into vectors.
    fn broadcast(&mut self) {
        if self.lanes == Width::One {
            return;
        }
        let used = codegen::used_uniforms(self.kernel);
        let keep = used.len() <= KEPT_UNIFORMS;
        let slot = (!keep).then(|| {
            let size = u32::try_from(used.len() * 16).unwrap_or(u32::MAX);
            let slot = self.builder.create_sized_stack_slot(StackSlotData::new(StackSlotKind::ExplicitSlot, size, 4));
            self.builder.ins().stack_addr(types::I64, slot, 0)
        });
        for (position, value) in used.into_iter().enumerate() {
            let Some([scalar, ..]) = self.values[value.index()] else { continue };
            let vector = self.splat(scalar, self.kernel.type_of(value));
            match slot {
                None => self.values[value.index()] = Some([vector; MOST_COPIES]),
                Some(base) => {
                    let offset = i32::try_from(position * 16).unwrap_or(i32::MAX);
                    self.builder.ins().store(aligned(), vector, base, offset);
                    self.scratch[value.index()] = Some((base, offset));
                }
            }
        }
    }

    fn splat(&mut self, scalar: ir::Value, ty: Option<Type>) -> ir::Value {
        match ty {
            Some(Type::F64) => self.builder.ins().splat(types::F64X2, scalar),
            Some(Type::Bool) => {
                let word = self.builder.ins().uextend(types::I64, scalar);
                let mask = self.builder.ins().ineg(word);
                self.builder.ins().splat(types::I64X2, mask)
            }
            Some(Type::I64 | Type::F32 | Type::I32) | None => self.builder.ins().splat(types::I64X2, scalar),
        }
    }

    fn body(&mut self, words: ir::Value, body: &[Value]) {
        let offset = self.builder.ins().isub(words, self.memory);
        let element = self.builder.ins().ushr_imm_u(offset, 3);
        let bytes = self.builder.ins().iadd(self.memory, element);
        let half = self.builder.ins().ishl_imm_u(element, 2);
        let halves = self.builder.ins().iadd(self.memory, half);
        self.turn = Some(Turn { words, halves, bytes, element });
        for &value in body {
            let inst = self.kernel.inst(value);
            self.emitted += 1;
            if let Inst::Store(id, a) = inst {
                self.store(id, a);
                continue;
            }
            if let Inst::Emit(event, list, _, a) = inst {
                let copies = self.operand(a);
                self.kept.push((event, list, copies));
                continue;
            }
            if let Inst::Fire(_, mask) | Inst::Seldom(mask) = inst {
                self.event(value, inst, mask);
                continue;
            }
            if codegen::is_free(inst, self.needs_negation[value.index()]) {
                continue;
            }
            self.instruction(value, inst);
        }
    }

    /// Computes one value in every copy.
    fn instruction(&mut self, value: Value, inst: Inst) {
        let operands = self.operands(inst);
        let mut copies = operands.first().copied().unwrap_or([self.memory; MOST_COPIES]);
        for copy in 0..self.copies {
            let own: Vec<ir::Value> = operands.iter().map(|operand| operand[copy]).collect();
            copies[copy] = match inst {
                Inst::Index => self.index(copy),
                _ => self.compute(value, inst, &own),
            };
        }
        self.values[value.index()] = Some(copies);
    }

    /// The operands of `inst` in each copy; `fma` gets its negated ones as a negation right before,
    /// which Cranelift folds into the instruction.
    fn operands(&mut self, inst: Inst) -> Vec<Copies> {
        let is_fma = matches!(inst, Inst::Fma(..));
        let mut list = Vec::with_capacity(3);
        for operand in inst.operands() {
            list.push(match self.kernel.inst(operand) {
                Inst::Unary(Unary::Negate, a) if is_fma && !self.kernel.is_uniform(operand) => {
                    let inner = self.operand(a);
                    self.each(inner, |translator, value| translator.builder.ins().fneg(value))
                }
                _ => self.operand(operand),
            });
        }
        list
    }

    fn each(&mut self, mut copies: Copies, f: impl Fn(&mut Self, ir::Value) -> ir::Value) -> Copies {
        for copy in 0..self.copies {
            copies[copy] = f(self, copies[copy]);
        }
        copies
    }

    fn operand(&mut self, value: Value) -> Copies {
        if let (Some(bits), Some(ty)) = (self.kernel.inst(value).constant(), self.kernel.type_of(value)) {
            return self.constant(bits, ty);
        }
        match self.kernel.inst(value) {
            Inst::Load(id) if self.values[value.index()].is_none() => {
                let copies = self.load(value, id);
                self.values[value.index()] = Some(copies);
                copies
            }
            _ if self.scratch[value.index()].is_some() => self.load_scratch(value),
            inst => self.values[value.index()].unwrap_or_else(|| panic!("bug: {inst:?} is used before it is computed")),
        }
    }

    fn load_scratch(&mut self, value: Value) -> Copies {
        let ty = if self.kernel.type_of(value) == Some(Type::F64) { types::F64X2 } else { types::I64X2 };
        let (base, offset) = self.scratch[value.index()].unwrap_or((self.memory, 0));
        [self.builder.ins().load(ty, aligned(), base, offset); MOST_COPIES]
    }

    fn constant(&mut self, bits: u64, ty: Type) -> Copies {
        let constant = match (self.lanes, ty) {
            (Width::One, Type::Bool) => self.builder.ins().iconst(types::I8, bits.cast_signed()),
            (Width::One, Type::I64) => self.builder.ins().iconst(types::I64, bits.cast_signed()),
            (Width::One, Type::I32) => self.builder.ins().iconst(types::I32, bits.cast_signed()),
            (Width::One, Type::F32) => self.pool_load(types::F32, [bits; 2]),
            (Width::One, Type::F64) => self.pool_load(types::F64, [bits; 2]),
            (Width::Two, Type::F32 | Type::I32) => panic!("bug: vectors of numbers of 32 bits"),
            (Width::Two, Type::Bool) => self.pool_load(types::I64X2, [bits.wrapping_neg(); 2]),
            (Width::Two, Type::I64) => self.pool_load(types::I64X2, [bits; 2]),
            (Width::Two, Type::F64) => self.pool_load(types::F64X2, [bits; 2]),
        };
        [constant; MOST_COPIES]
    }

    /// One load from the pool, right where it is used: registers are scarcer than loads.
    pub(super) fn pool_load(&mut self, ty: ir::Type, words: [u64; 2]) -> ir::Value {
        let offset = self.pool.line([words[0], words[1], 0, 0]);
        if let Some((value, emitted)) = self.recent.get_mut(&(offset, ty))
            && self.emitted - *emitted <= REACH
        {
            *emitted = self.emitted;
            return *value;
        }
        let value = self.builder.ins().load(ty, aligned(), self.pool_base, offset);
        if self.turn.is_some() {
            self.recent.insert((offset, ty), (value, self.emitted));
        }
        value
    }

    /// Base and displacement of a byte offset from a pointer; displacements have 32 bits.
    fn place(&mut self, pointer: ir::Value, offset: usize) -> (ir::Value, i32) {
        match i32::try_from(offset) {
            Ok(displacement) => (pointer, displacement),
            Err(_) => (self.builder.ins().iadd_imm_s(pointer, i64::try_from(offset).unwrap_or(i64::MAX)), 0),
        }
    }

    fn turn(&self) -> Turn {
        self.turn.unwrap_or_else(|| panic!("bug: a column is used outside of the loop"))
    }

    fn load(&mut self, value: Value, id: ColumnId) -> Copies {
        let mut copies = [self.memory; MOST_COPIES];
        let offset = self.layout.column_offset(id);
        for (copy, slot) in copies.iter_mut().enumerate().take(self.copies) {
            let first = copy * self.lanes.count();
            *slot = match (self.lanes, self.kernel.type_of(value)) {
                (_, Some(Type::Bool)) => self.load_bools(offset + first),
                (Width::One, Some(ty @ (Type::F32 | Type::I32))) => self.load_half(scalar(ty), offset + first * 4),
                (Width::One, Some(Type::F64)) => self.load_words(types::F64, offset + first * 8),
                (Width::One, _) => self.load_words(types::I64, offset + first * 8),
                (Width::Two, Some(Type::F64)) => self.load_words(types::F64X2, offset + first * 8),
                (Width::Two, _) => self.load_words(types::I64X2, offset + first * 8),
            };
        }
        copies
    }

    /// A number of 32 bits.
    fn load_half(&mut self, ty: ir::Type, offset: usize) -> ir::Value {
        let (base, displacement) = self.place(self.turn().halves, offset);
        self.builder.ins().load(ty, unaligned(), base, displacement)
    }

    fn load_words(&mut self, ty: ir::Type, offset: usize) -> ir::Value {
        let (base, displacement) = self.place(self.turn().words, offset);
        let flags = if self.lanes == Width::Two { aligned() } else { unaligned() };
        self.builder.ins().load(ty, flags, base, displacement)
    }

    fn load_bools(&mut self, offset: usize) -> ir::Value {
        let (base, displacement) = self.place(self.turn().bytes, offset);
        let first = self.builder.ins().load(types::I8, unaligned(), base, displacement);
        if self.lanes == Width::One {
            return first;
        }
        let second = self.builder.ins().load(types::I8, unaligned(), base, displacement + 1);
        let mut mask = |byte| {
            let word = self.builder.ins().uextend(types::I64, byte);
            self.builder.ins().ineg(word)
        };
        let (first, second) = (mask(first), mask(second));
        self.join([first, second])
    }

    pub(super) fn join(&mut self, lanes: [ir::Value; 2]) -> ir::Value {
        let vector = self.builder.ins().splat(types::I64X2, lanes[0]);
        self.builder.ins().insertlane(vector, lanes[1], 1u8)
    }

    /// Stores after every load of the same column, also of one that nothing has used yet.
    fn store(&mut self, id: ColumnId, a: Value) {
        if let Some(&load) = self.loads.get(&id) {
            self.operand(load);
        }
        let copies = self.operand(a);
        let offset = self.layout.column_offset(id);
        for (copy, &value) in copies.iter().enumerate().take(self.copies) {
            let first = copy * self.lanes.count();
            let (start, size) = match self.kernel.type_of(a) {
                Some(Type::Bool) => {
                    self.store_bools(value, offset + first);
                    continue;
                }
                Some(Type::F32 | Type::I32) => (self.turn().halves, 4),
                Some(Type::F64 | Type::I64) | None => (self.turn().words, 8),
            };
            let (base, displacement) = self.place(start, offset + first * size);
            let flags = if self.lanes == Width::Two { aligned() } else { unaligned() };
            self.builder.ins().store(flags, value, base, displacement);
        }
    }

    fn store_bools(&mut self, value: ir::Value, offset: usize) {
        let (base, displacement) = self.place(self.turn().bytes, offset);
        if self.lanes == Width::One {
            self.builder.ins().store(unaligned(), value, base, displacement);
            return;
        }
        for (lane, displacement) in [(0u8, displacement), (1, displacement + 1)] {
            let word = self.builder.ins().extractlane(value, lane);
            let byte = self.builder.ins().ireduce(types::I8, word);
            let bit = self.builder.ins().band_imm_u(byte, 1);
            self.builder.ins().store(unaligned(), bit, base, displacement);
        }
    }

    /// An event: what is mostly stored, then, if it happens to any element of the turn, a block apart that
    /// lists those to whom it does and does what is to be done for them.
    fn event(&mut self, value: Value, inst: Inst, mask: Value) {
        let sunk = self.sinking.of(value).cloned().unwrap_or_default();
        for &load in &sunk.loads {
            self.operand(load);
        }
        for store in &sunk.stores {
            if let Some(mostly) = store.mostly {
                self.store(store.column, mostly);
            }
        }
        for &need in &sunk.needs {
            // So that it is there on both ways.
            if matches!(self.kernel.inst(need), Inst::Load(_)) {
                self.operand(need);
            }
        }
        if sunk.stores.is_empty() && matches!(inst, Inst::Seldom(_)) {
            return;
        }
        let any = self.any(mask);
        let [apart, after] = std::array::from_fn(|_| self.builder.create_block());
        self.builder.set_cold_block(apart);
        self.builder.ins().brif(any, apart, &[], after, &[]);
        self.builder.switch_to_block(apart);
        let (values, recent) = (self.values.clone(), std::mem::take(&mut self.recent));
        if let Inst::Fire(event, _) = inst {
            let bits = self.bits(mask);
            self.list(event, bits);
            self.kept.retain(|(own, ..)| *own != event);
        }
        for &inner in &sunk.cone {
            let inner_inst = self.kernel.inst(inner);
            if !is_leaf(inner_inst) {
                self.instruction(inner, inner_inst);
            }
        }
        for store in &sunk.stores {
            self.store(store.column, store.select);
        }
        (self.values, self.recent) = (values, recent);
        self.builder.ins().jump(after, &[]);
        self.builder.switch_to_block(after);
    }

    /// Not 0 where the mask holds for any element of the turn.
    fn any(&mut self, mask: Value) -> ir::Value {
        let masks = self.operand(mask);
        let any = masks[1..self.copies].iter().fold(masks[0], |any, &mask| self.builder.ins().bor(any, mask));
        if self.lanes == Width::One { any } else { self.builder.ins().vhigh_bits(types::I32, any) }
    }

    /// One bit for each element of the turn.
    fn bits(&mut self, mask: Value) -> ir::Value {
        let masks = self.operand(mask);
        let mut bits = None;
        for (copy, &mask) in masks.iter().enumerate().take(self.copies) {
            let own = if self.lanes == Width::One {
                self.builder.ins().uextend(types::I32, mask)
            } else {
                self.builder.ins().vhigh_bits(types::I32, mask)
            };
            let place = i64::try_from(copy * self.lanes.count()).unwrap_or(0);
            let own = if place == 0 { own } else { self.builder.ins().ishl_imm_u(own, place) };
            bits = Some(bits.map_or(own, |bits| self.builder.ins().bor(bits, own)));
        }
        bits.unwrap_or_else(|| panic!("bug: a turn without copies"))
    }

    /// Appends to the lists of an event, without branches: each element of the turn is written to the
    /// next free place, which only those that have a bit take. Padding has none. A list has room
    /// behind the last element's place, as many as a turn may write there.
    fn list(&mut self, event: EventId, bits: ir::Value) {
        let slot = self.layout.storage().event_slot(event).clone();
        let (base, offset) = self.place(self.memory, self.layout.uniform_offset(slot.count));
        let stored = self.builder.ins().load(types::I64, unaligned(), base, offset);
        // Whatever the host has left there, nothing is written beyond the list.
        let elements = self.builder.ins().iconst(types::I64, i64::try_from(self.layout.elements()).unwrap_or(0));
        let mut count = self.builder.ins().umin(stored, elements);
        let bits = self.builder.ins().uextend(types::I64, bits);
        let lanes = self.lanes.count();
        let whole = self.layout.elements() == self.layout.padded();
        for place in 0..lanes * self.copies {
            let shift = i64::try_from(place).unwrap_or(0);
            let first = self.turn().element;
            let element = self.builder.ins().iadd_imm_u(first, shift);
            let own = self.builder.ins().ushr_imm_u(bits, shift);
            let mut own = self.builder.ins().band_imm_u(own, 1);
            if !whole {
                let size = i64::try_from(self.layout.elements()).unwrap_or(i64::MAX);
                let inside = self.builder.ins().icmp_imm_u(IntCC::UnsignedLessThan, element, size);
                let inside = self.builder.ins().uextend(types::I64, inside);
                own = self.builder.ins().band(own, inside);
            }
            let bytes = self.builder.ins().ishl_imm_u(count, 3);
            let next = self.builder.ins().iadd(self.memory, bytes);
            let (base, offset) = self.place(next, self.layout.column_offset(slot.elements));
            self.builder.ins().store(unaligned(), element, base, offset);
            for (_, list, copies) in self.kept.clone().into_iter().filter(|(own, ..)| *own == event) {
                let vector = copies[place / lanes];
                let value = if self.lanes == Width::One {
                    vector
                } else {
                    let lane = u8::try_from(place % lanes).unwrap_or(0);
                    self.builder.ins().extractlane(vector, lane)
                };
                let (base, offset) = self.place(next, self.layout.column_offset(list));
                self.builder.ins().store(unaligned(), value, base, offset);
            }
            count = self.builder.ins().iadd(count, own);
        }
        self.builder.ins().store(unaligned(), count, base, offset);
    }

    fn index(&mut self, copy: usize) -> ir::Value {
        let first = (copy * self.lanes.count()) as u64;
        let element = self.turn().element;
        if self.lanes == Width::One {
            return self.builder.ins().iadd_imm_u(element, first.cast_signed());
        }
        let offsets = self.pool_load(types::I64X2, [first, first + 1]);
        let vector = self.builder.ins().splat(types::I64X2, element);
        self.builder.ins().iadd(vector, offsets)
    }
}

/// The type of a single number.
pub(super) fn scalar(ty: Type) -> ir::Type {
    match ty {
        Type::F64 => types::F64,
        Type::F32 => types::F32,
        Type::I64 => types::I64,
        Type::I32 => types::I32,
        Type::Bool => types::I8,
    }
}
