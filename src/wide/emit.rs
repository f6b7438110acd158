//! Two loops: over ticks and over turns, each way round.
//!
//! ```text
//! for tick in first..last {              prologue
//!     prologue                           for each turn {
//!     for each turn {                        load the state
//!         body                               for tick in first..last { body }
//!     }                                      store the state
//! }                                      }
//! ```
//!
//! The right form, ticks fused, is for short bodies that nothing disturbs. What little of the prologue depends on the
//! tick is computed in the body; a column that is only stored is stored at every tick. Code of one event stands apart and leaves the state in the same registers; if it is
//! listed, then with the number of the tick, as [`Routine::lists_ticks`] says.
//!
//! [`Routine::lists_ticks`]: crate::kernel::abi::Routine::lists_ticks

use super::allocate::{Class, Entity, Home, Registers};
use super::assembler::{
    Address, Assembler, ELEMENT, FIRST, FUSED_TICK, LAST, LAST_TICK, Label, MEMORY, Operand, POOL, TICK, WORDS,
};
use super::uses::{Moment, Uses};
use super::vectors::{SCRATCH, Vectors};
use crate::codegen::{self, KEPT_UNIFORMS, Pool, SHORT_BODY, Sinking, is_free};
use crate::kernel::abi::{ColumnId, Layout, PADDING, ROOM};
use crate::kernel::{Inst, Kernel, Type, Value};
use iced_x86::{Code, Instruction, MemoryOperand, Register};
use rustc_hash::FxHashMap;

/// The most vectors that one turn of a loop takes.
const MOST_COPIES: usize = 8;

/// Elements of the shortest turns, unless one vector has more.
const SHORTEST: usize = 8;

/// Elements of the longest vector.
const MOST_LANES: usize = 16;

/// Elements of a vector: as many as there are numbers of 64 bits in one, or of 32 bits where the body has such.
fn lanes(kernel: &Kernel, vectors: Vectors) -> usize {
    if kernel.is_narrow() { 2 * vectors.words() } else { vectors.words() }
}

/// Vectors of the shortest turns; any layout has room for them.
fn fewest_copies(lanes: usize) -> usize {
    const { assert!(PADDING.is_multiple_of(SHORTEST) && PADDING.is_multiple_of(MOST_LANES)) };
    (SHORTEST / lanes).max(1)
}

/// What was made.
pub(super) struct Emitted {
    pub(super) instructions: Vec<Instruction>,
    pub(super) pool: Pool,
}

/// How a column of the state is kept during fused ticks.
#[derive(Clone, Copy)]
pub(super) struct Carried {
    column: ColumnId,
    load: Value,
    /// What it mostly becomes.
    pub(super) mostly: Value,
    /// What it becomes where the event happens.
    pub(super) otherwise: Value,
}

/// How a kernel becomes code.
struct Shape {
    sinking: Sinking,
    needed: Vec<bool>,
    carried: Vec<Carried>,
    ticking: Vec<Value>,
    lanes: usize,
    copies: usize,
    order: Vec<Value>,
    uses: Uses,
}

impl Shape {
    fn new(kernel: &Kernel, layout: &Layout, vectors: Vectors, interleave: Option<usize>) -> Self {
        let (sinking, needed) = (Sinking::new(kernel), codegen::negations(kernel));
        let carried = carried(kernel, layout, &sinking).unwrap_or_default();
        let fused = !carried.is_empty();
        let ticking = ticking(kernel).filter(|_| fused).unwrap_or_default();
        let at_end: Vec<Value> = carried.iter().flat_map(|column| [column.mostly, column.otherwise]).collect();
        let lanes = lanes(kernel, vectors);
        let operations = codegen::operations(kernel, &sinking);
        let ordered = |copies| {
            let mut order = codegen::order(kernel, &sinking, copies);
            if fused {
                // What the event needs is kept for the end of the tick.
                order.sort_by_key(|&value| matches!(kernel.inst(value), Inst::Seldom(_) | Inst::Fire(..)));
            }
            let uses = Uses::new(kernel, &sinking, &needed, (&ticking, &order), &at_end);
            (order, uses)
        };
        let mut copies = copies(kernel, lanes, operations, registers_of(kernel, &carried), interleave);
        let (mut order, mut uses) = ordered(copies);
        // The state of fused ticks waits for what is spilled.
        if fused && interleave.is_none() {
            let most = pressure(kernel, vectors, &order, &uses);
            let room = vectors.registers().len().saturating_sub(codegen::used_uniforms(kernel).len());
            if copies > 1 && copies * most > room {
                while copies > 1 && copies * most > room {
                    copies /= 2;
                }
                (order, uses) = ordered(copies);
            }
        }
        Shape { sinking, needed, carried, ticking, lanes, copies, order, uses }
    }
}

/// The most vector registers that each vector of a turn takes at once: what has been computed or carried and is still
/// needed.
fn pressure(kernel: &Kernel, vectors: Vectors, order: &[Value], uses: &Uses) -> usize {
    let registers = |value: Value| match kernel.type_of(value) {
        Some(Type::Bool) if vectors.has_masks() => 0,
        Some(Type::F64 | Type::I64) if kernel.is_narrow() => 2,
        _ => 1,
    };
    let stored = |column: ColumnId| kernel.insts.iter().any(|inst| matches!(*inst, Inst::Store(id, _) if id == column));
    let begins = |value: Value| match kernel.inst(value) {
        // What is only loaded is read where it lies.
        Inst::Load(column) => stored(column).then_some(uses.body),
        inst => (!inst.is_constant()).then(|| uses.of(value)),
    };
    let lives: Vec<(Moment, Moment, usize)> = kernel
        .values()
        .skip(kernel.prologue)
        .filter_map(|value| Some((begins(value)?, uses.last(value)?, registers(value))))
        .collect();
    let at = |moment: Moment| {
        let live = lives.iter().filter(|(begin, end, _)| (*begin..*end).contains(&moment));
        live.map(|(.., registers)| registers).sum()
    };
    order.iter().map(|&value| at(uses.of(value))).max().unwrap_or(0)
}

pub(super) struct Emitter<'a> {
    pub(super) kernel: &'a Kernel,
    pub(super) layout: &'a Layout,
    pub(super) vectors: Vectors,
    pub(super) out: Assembler,
    pub(super) pool: Pool,
    pub(super) registers: Registers,
    pub(super) uses: Uses,
    pub(super) now: Moment,
    pub(super) needed: Vec<bool>,
    pub(super) sinking: Sinking,
    /// Elements of a vector. Where it is twice as many as there are words in one, numbers of 64 bits take two
    /// registers, and truth values are masks of 32 bits with AVX2.
    pub(super) lanes: usize,
    /// Vectors of this turn.
    pub(super) copies: usize,
    /// Whether the instruction in hand is emitted for more parts of its value.
    pub(super) more_parts: bool,
    carried: Vec<Carried>,
    /// Values of the prologue that fused ticks compute anew for each of them.
    ticking: Vec<Value>,
    /// What the body loads of each column.
    loads: FxHashMap<ColumnId, Value>,
}

impl<'a> Emitter<'a> {
    pub(super) fn emit(kernel: &'a Kernel, layout: &'a Layout, vectors: Vectors, interleave: Option<usize>) -> Emitted {
        let shape = Shape::new(kernel, layout, vectors, interleave);
        let Shape { sinking, needed, carried, ticking, lanes, copies, order, uses } = shape;
        let fused = !carried.is_empty();
        let mut emitter = Emitter {
            kernel,
            layout,
            vectors,
            out: Assembler::new(vectors),
            pool: Pool::default(),
            registers: Registers::new(vectors, kernel.insts.len(), copies * lanes / vectors.words()),
            uses,
            now: 0,
            needed,
            sinking,
            lanes,
            copies,
            more_parts: false,
            ticking,
            carried,
            loads: codegen::loads(kernel),
        };
        emitter.constants();
        emitter.out.word(Instruction::with2(Code::Add_r64_rm64, FIRST, MEMORY));
        emitter.out.word(Instruction::with2(Code::Add_r64_rm64, LAST, MEMORY));
        if fused {
            emitter.fused(&order)
        } else {
            emitter.tick_by_tick(&order)
        }
        emitter.out.leave();
        let Emitter { out, pool, .. } = emitter;
        Emitted { instructions: out.finish(), pool }
    }

    /// Constants are read from the pool wherever they are needed.
    fn constants(&mut self) {
        for value in self.kernel.values() {
            let Some(bits) = self.kernel.inst(value).constant() else { continue };
            let word = match self.kernel.type_of(value) {
                Some(Type::Bool) => bits.wrapping_neg(),
                Some(Type::F32 | Type::I32) => twice(bits),
                Some(Type::F64 | Type::I64) | None => bits,
            };
            let address = self.line(word);
            let home = match self.class(self.entity(value, 0)) {
                Class::Mask => Home::Bits(address),
                Class::Vector | Class::Index if self.vectors == Vectors::Bits512 => Home::Broadcast(address),
                Class::Vector | Class::Index => Home::Vector(address),
            };
            self.registers.set_home(self.entity(value, 0), Some(home));
        }
    }

    /// A constant, the same in each lane.
    pub(super) fn constant(&mut self, word: u64) -> Operand {
        let address = self.line(word);
        match self.vectors {
            Vectors::Bits256 => Operand::Memory(address),
            Vectors::Bits512 => Operand::Broadcast(address),
        }
    }

    /// The same of 32 bits.
    pub(super) fn constant_32(&mut self, bits: u32) -> Operand {
        self.constant(twice(u64::from(bits)))
    }

    /// The place of bytes that are one.
    pub(super) fn ones_of_bytes(&mut self) -> Address {
        self.line(0x0101_0101_0101_0101)
    }

    /// The place of 256 bits that repeat a word.
    fn line(&mut self, word: u64) -> Address {
        Address::new(POOL, self.pool.line([word; 4]))
    }

    /// Whether vectors have twice as many elements as there are words in one.
    pub(super) fn is_narrow(&self) -> bool {
        self.lanes > self.vectors.words()
    }

    /// Whether a value of the body takes two registers in each vector of a turn.
    pub(super) fn is_double(&self, value: Value) -> bool {
        self.is_narrow() && matches!(self.kernel.type_of(value), Some(Type::F64 | Type::I64))
    }

    /// Registers that a value of the body takes in a turn.
    pub(super) fn parts(&self, value: Value) -> usize {
        if self.is_double(value) { 2 * self.copies } else { self.copies }
    }

    /// Whether ticks are fused.
    pub(super) fn is_fused(&self) -> bool {
        !self.carried.is_empty()
    }

    fn tick_by_tick(&mut self, order: &[Value]) {
        let tick = self.out.label();
        self.out.bind(tick);
        self.prologue();
        if !order.is_empty() {
            self.turns(|emitter| emitter.body(order));
        }
        self.out.word(Instruction::with1(Code::Inc_rm64, TICK));
        self.out.word(Instruction::with2(Code::Cmp_r64_rm64, TICK, LAST_TICK));
        self.out.branch(Code::Jb_rel32_64, tick);
    }

    fn fused(&mut self, order: &[Value]) {
        self.prologue();
        self.turns(|emitter| {
            let carried = emitter.carried.clone();
            let mut homes = vec![];
            for column in &carried {
                for copy in 0..emitter.parts(column.load) {
                    let entity = emitter.entity(column.load, copy);
                    let register = emitter.register(entity);
                    emitter.registers.set_home(entity, None);
                    homes.push((register, emitter.column(column.column, copy)));
                }
            }
            emitter.registers.unlock();
            let tick = emitter.out.label();
            emitter.out.word(Instruction::with2(Code::Mov_r64_rm64, FUSED_TICK, TICK));
            emitter.out.bind(tick);
            emitter.begin_tick();
            emitter.body(order);
            let acts = |event: &&Value| {
                matches!(emitter.kernel.inst(**event), Inst::Fire(..))
                    || emitter.sinking.of(**event).is_some_and(|sunk| !sunk.stores.is_empty())
            };
            let seldom = order.last().filter(acts);
            let after = seldom.map(|&event| emitter.seldom(event, &homes));
            emitter.now = emitter.uses.end;
            emitter.carry(&homes, |column| column.mostly);
            if let Some(after) = after {
                emitter.out.bind(after);
            }
            emitter.out.word(Instruction::with1(Code::Inc_rm64, FUSED_TICK));
            emitter.out.word(Instruction::with2(Code::Cmp_r64_rm64, FUSED_TICK, LAST_TICK));
            emitter.out.branch(Code::Jb_rel32_64, tick);
            for (register, address) in homes {
                let operands = [Operand::Memory(address), Operand::Vector(register)];
                emitter.out.put(Code::VEX_Vmovapd_ymmm256_ymm, &operands);
            }
        });
    }

    /// Computes what is the same for all elements but differs from tick to tick.
    fn begin_tick(&mut self) {
        for value in self.ticking.clone() {
            self.now = self.uses.of(value);
            let entity = self.entity(value, 0);
            self.registers.forget(entity);
            self.instruction(value, 0);
        }
    }

    /// Whether a column is kept in registers during fused ticks.
    pub(super) fn is_carried(&self, column: ColumnId) -> bool {
        self.carried.iter().any(|carried| carried.column == column)
    }

    /// Moves the state to where the next tick expects it.
    pub(super) fn carry(&mut self, homes: &[(u8, Address)], value: impl Fn(&Carried) -> Value) {
        let columns = self.carried.iter();
        let parts =
            |column: &Carried| (0..self.parts(column.load)).map(|part| (value(column), part)).collect::<Vec<_>>();
        let values: Vec<Entity> = columns.flat_map(parts).map(|(value, part)| self.entity(value, part)).collect();
        self.moves(values.into_iter().zip(homes.iter().map(|&(to, _)| to)).collect());
    }

    /// Each value to its register, all at once.
    fn moves(&mut self, moves: Vec<(Entity, u8)>) {
        // What is in memory comes last: nothing can overwrite it.
        let mut pending: Vec<(u8, u8)> = vec![];
        let mut fetched = vec![];
        for (entity, to) in moves {
            match self.registers.of(entity) {
                Some(from) if from == to => {}
                Some(from) => pending.push((from, to)),
                None => fetched.push((entity, to)),
            }
        }
        let mov = |emitter: &mut Self, to: u8, from: u8| {
            let operands = [to, from].map(Operand::Vector);
            emitter.out.put(Code::VEX_Vmovapd_ymm_ymmm256, &operands);
        };
        let mut saved: Vec<(Address, u8)> = vec![];
        while !pending.is_empty() {
            let ready = pending.iter().position(|&(_, to)| pending.iter().all(|&(from, _)| from != to));
            let (from, to) = pending.swap_remove(ready.unwrap_or(0));
            if ready.is_some() {
                mov(self, to, from);
            } else {
                let address = Address::new(Register::RSP, self.slot());
                self.out.put(Code::VEX_Vmovapd_ymmm256_ymm, &[Operand::Memory(address), Operand::Vector(from)]);
                saved.push((address, to));
            }
        }
        for (address, to) in saved {
            self.out.put(Code::VEX_Vmovapd_ymm_ymmm256, &[Operand::Vector(to), Operand::Memory(address)]);
        }
        for (entity, to) in fetched {
            let home = self.registers.home(entity);
            self.fetch(to, entity, home);
        }
    }

    /// Computes the prologue with the same number in each lane; what the body uses is kept.
    fn prologue(&mut self) {
        let copies = std::mem::replace(&mut self.copies, 1);
        for value in self.kernel.values().take(self.kernel.prologue) {
            if !self.ticking.contains(&value) {
                self.now = self.uses.of(value);
                self.instruction(value, 0);
            }
        }
        self.copies = copies;
        self.now = self.uses.body;
        let of_prologue = self.kernel.values().take(self.kernel.prologue);
        let kept = |value: &Value| {
            !self.kernel.inst(*value).is_constant()
                && !self.ticking.contains(value)
                && self.uses.next(*value, self.now).is_some()
        };
        let used: Vec<Value> = of_prologue.filter(kept).collect();
        let vectors = used.iter().filter(|&&value| self.class(self.entity(value, 0)) == Class::Vector);
        let keep = vectors.count() <= KEPT_UNIFORMS * self.vectors.registers().len() / 16;
        for value in used {
            let entity = self.entity(value, 0);
            let register = self.register(entity);
            if keep && self.class(entity) == Class::Vector {
                self.registers.pin(register);
            } else {
                self.save(register, entity);
            }
            self.registers.unlock();
        }
        self.registers.clear();
    }

    /// A loop of turns of all copies, where ticks are fused one of half as many and so on, then one of as many as
    /// there is room for.
    fn turns(&mut self, mut body: impl FnMut(&mut Self)) {
        let after = self.out.label();
        self.out.word(Instruction::with2(Code::Mov_r64_rm64, WORDS, FIRST));
        let (copies, fewest) = (self.copies, fewest_copies(self.lanes));
        while self.copies > fewest {
            let rest = self.out.label();
            self.turn_loop(self.copies, rest, &mut body);
            self.out.bind(rest);
            // A turn of fused ticks is long, however few elements it has.
            self.copies = if self.is_fused() { self.copies / 2 } else { fewest };
        }
        self.copies = copies.min(fewest);
        self.out.word(Instruction::with2(Code::Cmp_r64_rm64, WORDS, LAST));
        self.out.branch(Code::Jae_rel32_64, after);
        let again = self.out.label();
        self.out.bind(again);
        self.turn(&mut body);
        self.out.word(Instruction::with2(Code::Add_rm64_imm32, WORDS, self.step(self.copies)));
        self.out.word(Instruction::with2(Code::Cmp_r64_rm64, WORDS, LAST));
        self.out.branch(Code::Jb_rel32_64, again);
        self.out.bind(after);
        self.copies = copies;
    }

    /// Whole turns while there are enough elements.
    fn turn_loop(&mut self, copies: usize, rest: Label, body: &mut impl FnMut(&mut Self)) {
        let again = self.out.label();
        let next = MemoryOperand::with_base_displ(WORDS, i64::from(self.step(copies)));
        self.out.bind(again);
        self.out.word(Instruction::with2(Code::Lea_r64_m, Register::RAX, next));
        self.out.word(Instruction::with2(Code::Cmp_r64_rm64, Register::RAX, LAST));
        self.out.branch(Code::Ja_rel32_64, rest);
        self.turn(body);
        self.out.word(Instruction::with2(Code::Add_rm64_imm32, WORDS, self.step(copies)));
        self.out.branch(Code::Jmp_rel32_64, again);
    }

    fn turn(&mut self, body: &mut impl FnMut(&mut Self)) {
        self.now = self.uses.body;
        if self.needs_element() {
            self.out.word(Instruction::with2(Code::Mov_r64_rm64, ELEMENT, WORDS));
            self.out.word(Instruction::with2(Code::Sub_r64_rm64, ELEMENT, MEMORY));
            self.out.word(Instruction::with2(Code::Shr_rm64_imm8, ELEMENT, 3));
        }
        for value in self.kernel.values().skip(self.kernel.prologue) {
            for copy in 0..self.parts(value) {
                let entity = self.entity(value, copy);
                match self.kernel.inst(value) {
                    inst if inst.is_constant() => {}
                    Inst::Load(id) => {
                        let address = self.column(id, copy);
                        let is_bool = self.kernel.type_of(value) == Some(Type::Bool);
                        let home = if is_bool { Home::Bytes(address) } else { Home::Vector(address) };
                        self.registers.forget(entity);
                        self.registers.set_home(entity, Some(home));
                    }
                    _ => self.registers.forget(entity),
                }
            }
        }
        body(self);
        self.registers.unlock();
        self.registers.clear();
    }

    /// Bytes of columns of words that a turn takes.
    fn step(&self, copies: usize) -> i32 {
        i32::try_from(copies * self.lanes * 8).unwrap_or(i32::MAX)
    }

    fn needs_element(&self) -> bool {
        let small = |id: ColumnId| self.layout.storage().column_slot(id).ty.bytes() < 8;
        self.kernel.insts.iter().any(|inst| match *inst {
            Inst::Index | Inst::Fire(..) => true,
            Inst::Load(id) | Inst::Store(id, _) => small(id),
            _ => false,
        })
    }

    /// Where a part's vector of a column lies.
    pub(super) fn column(&self, id: ColumnId, part: usize) -> Address {
        let offset = self.layout.column_offset(id);
        let at = |bytes: usize| i32::try_from(bytes).unwrap_or_else(|_| panic!("bug: a layout of more than 2 GiB"));
        match self.layout.storage().column_slot(id).ty {
            Type::Bool => Address::new(MEMORY, at(offset + part * self.lanes)).indexed(ELEMENT, 1),
            Type::F32 | Type::I32 => Address::new(MEMORY, at(offset + part * self.vectors.bytes())).indexed(ELEMENT, 4),
            Type::F64 | Type::I64 => Address::new(WORDS, at(offset + part * self.vectors.bytes())),
        }
    }

    fn body(&mut self, order: &[Value]) {
        for &value in order {
            self.now = self.uses.of(value);
            let inst = self.kernel.inst(value);
            match inst {
                Inst::Seldom(_) | Inst::Fire(..) if self.is_fused() => {}
                Inst::Store(id, _) if self.is_carried(id) => {}
                Inst::Store(id, a) => self.store(id, a),
                Inst::Emit(..) => {}
                Inst::Fire(_, mask) | Inst::Seldom(mask) => self.event(value, inst, mask),
                _ if is_free(inst, self.needed[value.index()]) => {}
                _ => self.all_parts(value),
            }
        }
        self.now = self.uses.end;
    }

    /// Computes all parts of a value.
    pub(super) fn all_parts(&mut self, value: Value) {
        let parts = self.parts(value);
        for part in 0..parts {
            self.more_parts = part + 1 < parts;
            self.instruction(value, part);
        }
    }

    /// Stores after every load of the same column: what is still needed of it is in registers before.
    pub(super) fn store(&mut self, id: ColumnId, a: Value) {
        self.rescue(id);
        let parts = self.parts(a);
        for copy in 0..parts {
            self.more_parts = copy + 1 < parts;
            let entity = self.entity(a, copy);
            let register = self.register(entity);
            let address = self.column(id, copy);
            if self.kernel.type_of(a) == Some(Type::Bool) {
                self.store_bools(register, address);
            } else {
                self.out.put(Code::VEX_Vmovapd_ymmm256_ymm, &[Operand::Memory(address), Operand::Vector(register)]);
            }
            self.release(&[entity]);
            self.registers.unlock();
        }
    }

    /// A byte for each lane: bit number i of the mask goes to place 8i by its multiple of 2^7i, or as `pdep` says.
    fn store_bools(&mut self, register: u8, address: Address) {
        if self.vectors.has_masks() {
            let ones = [Operand::Lowest(SCRATCH), Operand::Memory(self.ones_of_bytes())];
            self.out.put_masked(Code::EVEX_Vmovdqu8_xmm_k1z_xmmm128, register, true, &ones);
            let store =
                if self.is_narrow() { Code::EVEX_Vmovdqu8_xmmm128_k1z_xmm } else { Code::EVEX_Vmovq_xmmm64_xmm };
            self.out.put(store, &[Operand::Memory(address), Operand::Lowest(SCRATCH)]);
            return;
        }
        if self.is_narrow() {
            self.out.put(Code::VEX_Vmovmskps_r32_ymm, &[Operand::Word(Register::EAX), Operand::Vector(register)]);
            self.out.word(Instruction::with2(Code::Mov_r64_imm64, Register::R13, 0x0101_0101_0101_0101_u64));
            self.out.word(Instruction::with3(Code::VEX_Pdep_r64_r64_rm64, Register::RAX, Register::RAX, Register::R13));
            self.out.put(Code::Mov_rm64_r64, &[Operand::Memory(address), Operand::Word(Register::RAX)]);
            return;
        }
        self.out.put(Code::VEX_Vmovmskpd_r32_ymm, &[Operand::Word(Register::EAX), Operand::Vector(register)]);
        self.out.word(Instruction::with3(Code::Imul_r32_rm32_imm32, Register::EAX, Register::EAX, 0x0020_4081));
        self.out.word(Instruction::with2(Code::And_rm32_imm32, Register::EAX, 0x0101_0101));
        self.out.put(Code::Mov_rm32_r32, &[Operand::Memory(address), Operand::Word(Register::EAX)]);
    }

    /// Fetches what is still needed of a column that will be overwritten.
    pub(super) fn rescue(&mut self, id: ColumnId) {
        let Some(&load) = self.loads.get(&id) else { return };
        if self.uses.next(load, self.now).is_none() {
            return;
        }
        for part in 0..self.parts(load) {
            let entity = self.entity(load, part);
            let own = |home| match home {
                Some(Home::Vector(address)) => address.base == WORDS || address.index.is_some(),
                Some(Home::Bytes(_)) => true,
                Some(Home::Broadcast(_) | Home::Bits(_)) | None => false,
            };
            if own(self.registers.home(entity)) {
                self.register(entity);
                self.registers.set_home(entity, None);
                self.registers.unlock();
            }
        }
    }
}

/// The most vectors of a turn: an event's bits fit into the room of a layout, or if ticks are fused into a register,
/// and a fused state into registers.
fn most_copies(kernel: &Kernel, lanes: usize, carried: usize) -> usize {
    let events = kernel.insts.iter().any(|inst| matches!(inst, Inst::Fire(..)));
    match (events, carried) {
        (false, _) => MOST_COPIES / carried.max(1),
        (true, 0) => fewest_copies(lanes),
        (true, _) => (MOST_COPIES / carried).min(ROOM / lanes),
    }
}

/// Vectors of a turn, of a kernel with so many operations and registers of carried columns.
fn copies(kernel: &Kernel, lanes: usize, operations: usize, carried: usize, interleave: Option<usize>) -> usize {
    let most = most_copies(kernel, lanes, carried).max(1);
    codegen::copies(operations, interleave.or((carried > 0).then_some(most)), most)
}

/// Elements of a turn.
pub(super) fn turn(kernel: &Kernel, layout: &Layout, vectors: Vectors, interleave: Option<usize>) -> usize {
    let Shape { lanes, copies, .. } = Shape::new(kernel, layout, vectors, interleave);
    lanes * copies
}

/// Registers that the state takes in each vector of a turn.
fn registers_of(kernel: &Kernel, carried: &[Carried]) -> usize {
    let narrow = kernel.is_narrow();
    let double = |column: &&Carried| narrow && matches!(kernel.type_of(column.load), Some(Type::F64 | Type::I64));
    carried.len() + carried.iter().filter(double).count()
}

/// A number of 32 bits in both halves of a word.
fn twice(bits: u64) -> u64 {
    bits | bits << 32
}

/// Whether the ticks of a kernel are fused.
pub(super) fn fuses(kernel: &Kernel, layout: &Layout) -> bool {
    carried(kernel, layout, &Sinking::new(kernel)).is_some_and(|carried| !carried.is_empty())
}

/// The most values that fused ticks compute for each tick of each turn.
const MOST_TICKING: usize = 8;

/// The values of a prologue that depend on the tick; `None` if they are too many.
fn ticking(kernel: &Kernel) -> Option<Vec<Value>> {
    let mut ticking: Vec<Value> = vec![];
    for value in kernel.values().take(kernel.prologue) {
        let inst = kernel.inst(value);
        if matches!(inst, Inst::Tick) || inst.operands().any(|operand| ticking.contains(&operand)) {
            if ticking.len() == MOST_TICKING {
                return None;
            }
            ticking.push(value);
        }
    }
    Some(ticking)
}

/// The state of a kernel whose ticks may be fused: each column that is stored and loaded, and what is loaded of it.
fn carried(kernel: &Kernel, layout: &Layout, sinking: &Sinking) -> Option<Vec<Carried>> {
    if codegen::operations(kernel, sinking) > SHORT_BODY || ticking(kernel).is_none() {
        return None;
    }
    let loads = codegen::loads(kernel);
    let mut carried: Vec<Carried> = vec![];
    let mut event = None;
    for value in kernel.values() {
        match kernel.inst(value) {
            Inst::SetUniform(..) => return None,
            Inst::Seldom(_) | Inst::Fire(..) if event.is_some() => return None,
            Inst::Seldom(_) | Inst::Fire(..) => event = sinking.of(value),
            Inst::Store(column, stored) => {
                let Some(&load) = loads.get(&column) else { continue };
                if layout.storage().column_slot(column).ty == Type::Bool {
                    return None;
                }
                carried.push(Carried { column, load, mostly: stored, otherwise: stored });
            }
            _ => {}
        }
    }
    for store in event.iter().flat_map(|sunk| &sunk.stores) {
        for own in carried.iter_mut().filter(|own| own.column == store.column) {
            own.mostly = store.mostly.unwrap_or(own.load);
        }
    }
    (registers_of(kernel, &carried) <= MOST_COPIES).then_some(carried)
}
