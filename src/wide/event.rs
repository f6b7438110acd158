//! What happens to elements: its test, what stands apart for it, and its lists.

use super::allocate::{Entity, Registers};
use super::assembler::{Address, ELEMENT, FUSED_TICK, Label, MEMORY, Operand, TICK};
use super::emit::Emitter;
use crate::codegen::{Sunk, is_free, is_leaf, kept};
use crate::kernel::abi::{ColumnId, EventId};
use crate::kernel::{Inst, Value};
use iced_x86::{Code, Instruction, MemoryOperand, Register};

/// One bit for each element of a turn.
const BITS: Register = Register::EAX;
/// How many elements are listed.
const COUNT: Register = Register::RBX;
/// The place of an element within a turn.
const PLACE: Register = Register::R12;
const PLACE_32: Register = Register::R12D;
const SPARE: Register = Register::R13;
/// Ticks since the first of several, in the upper half.
const HOW_LATE: Register = Register::R15;

impl Emitter<'_> {
    /// What a tick does differently for those to whom the event happens: everything that is still to be done
    /// of the tick, up to the label that it returns.
    pub(super) fn seldom(&mut self, event: Value, homes: &[(u8, Address)]) -> Label {
        let inst = self.kernel.inst(event);
        let (Inst::Seldom(mask) | Inst::Fire(_, mask)) = inst else { panic!("bug: no event") };
        let sunk = self.sinking.of(event).cloned().unwrap_or_default();
        self.now = self.uses.of(event);
        self.store_mostly(&sunk);
        self.apart(mask, |emitter, _| {
            emitter.happens(event, &sunk);
            emitter.now = emitter.uses.end;
            emitter.carry(homes, |column| column.otherwise);
        })
    }

    /// Emits `work` behind everything, where it is jumped to if the mask holds for any element of the turn; it
    /// is given what registers hold before, which they are taken to hold again at the label that is returned.
    fn apart(&mut self, mask: Value, work: impl FnOnce(&mut Self, &Registers)) -> Label {
        let [apart, after] = [self.out.label(), self.out.label()];
        self.any(mask);
        self.out.branch(Code::Jne_rel32_64, apart);
        let before = self.registers.clone();
        self.out.apart();
        self.out.bind(apart);
        work(self, &before);
        self.out.branch(Code::Jmp_rel32_64, after);
        self.out.together();
        self.registers = before;
        after
    }

    /// Computes what stands apart for an event.
    fn cone(&mut self, event: Value) {
        let cone = self.sinking.of(event).map_or(vec![], |sunk| sunk.cone.clone());
        for inner in cone {
            self.now = self.uses.of(inner);
            let inst = self.kernel.inst(inner);
            if !is_leaf(inst) && !is_free(inst, self.needed[inner.index()]) {
                self.all_parts(inner);
            }
            self.now += 1;
        }
    }

    /// Stores what is stored where an event does not happen, but for what is carried.
    fn store_mostly(&mut self, sunk: &Sunk) {
        for store in &sunk.stores {
            if let Some(mostly) = store.mostly {
                if !self.is_carried(store.column) {
                    self.store(store.column, mostly);
                }
                self.now += 1;
            }
        }
    }

    /// What stands apart for an event: its list, and what is computed and stored for it, but for what is carried.
    fn happens(&mut self, event: Value, sunk: &Sunk) {
        if let Inst::Fire(id, mask) = self.kernel.inst(event) {
            self.list(id, mask);
        }
        self.now += 1;
        self.cone(event);
        for store in &sunk.stores {
            if !self.is_carried(store.column) {
                self.store(store.column, store.select);
            }
            self.now += 1;
        }
    }

    /// An event: what is mostly stored, then, if it happens to any element of the turn, what stands apart:
    /// the list of those to whom it does, and what is to be done for them.
    pub(super) fn event(&mut self, value: Value, inst: Inst, mask: Value) {
        let sunk = self.sinking.of(value).cloned().unwrap_or_default();
        for store in &sunk.stores {
            self.rescue(store.column);
        }
        self.store_mostly(&sunk);
        if sunk.stores.is_empty() && matches!(inst, Inst::Seldom(_)) {
            return;
        }
        let after = self.apart(mask, |emitter, before| {
            emitter.happens(value, &sunk);
            for (register, entity) in before.held() {
                if emitter.registers.of(entity) != Some(register) && emitter.next(entity, emitter.now).is_some() {
                    let home = emitter.registers.home(entity);
                    emitter.fetch(register, entity, home);
                }
            }
        });
        self.out.bind(after);
        self.sweep();
    }

    /// Sets the flags: not equal where the mask holds for any element of the turn.
    fn any(&mut self, mask: Value) {
        let entities: Vec<Entity> = (0..self.copies).map(|copy| self.entity(mask, copy)).collect();
        let has_masks = self.vectors.has_masks();
        let (or, take): (_, fn(&mut Self) -> u8) = match has_masks {
            true => (Code::VEX_Korw_kr_kr_kr, Self::take_mask),
            false => (Code::VEX_Vorpd_ymm_ymm_ymmm256, Self::take),
        };
        let mut any = self.register(entities[0]);
        for &entity in &entities[1..] {
            let own = self.register(entity);
            let to = if self.registers.of(entities[0]) == Some(any) { take(self) } else { any };
            self.out.put(or, &[to, any, own].map(Operand::Vector));
            // Registers are few: the masks that have been looked at need none any more.
            self.registers.unlock();
            self.registers.lock(to);
            any = to;
        }
        if has_masks {
            let test = if self.is_narrow() { Code::VEX_Kortestw_kr_kr } else { Code::VEX_Kortestb_kr_kr };
            self.out.put(test, &[any; 2].map(Operand::Vector));
        } else {
            self.out.put(self.signs(), &[Operand::Word(Register::EAX), Operand::Vector(any)]);
            self.out.word(Instruction::with2(Code::Test_rm32_r32, Register::EAX, Register::EAX));
        }
        self.registers.unlock();
    }

    /// Appends those for whom the mask holds to the lists of an event. Padding is never among them.
    /// Whatever the host has left as their number, nothing is written beyond the list.
    fn list(&mut self, event: EventId, mask: Value) {
        self.bits(mask);
        let slot = self.layout.storage().event_slot(event).clone();
        self.out.word(Instruction::with2(Code::Mov_r64_imm64, PLACE, self.layout.elements() as u64));
        let number = MemoryOperand::with_base_displ(MEMORY, self.layout.uniform_offset(slot.count) as i64);
        self.out.word(Instruction::with2(Code::Mov_r64_rm64, COUNT, number));
        self.out.word(Instruction::with2(Code::Cmp_r64_rm64, COUNT, PLACE));
        self.out.word(Instruction::with2(Code::Cmova_r64_rm64, COUNT, PLACE));
        if self.layout.elements() != self.layout.padded() {
            self.clip();
        }
        let kept: Vec<(ColumnId, Value)> = kept(self.kernel, event).map(|(_, list, a)| (list, a)).collect();
        let areas: Vec<(ColumnId, i32)> = kept.into_iter().map(|(list, a)| (list, self.spread(a))).collect();
        let [done, again] = [self.out.label(), self.out.label()];
        self.out.word(Instruction::with2(Code::Test_rm32_r32, BITS, BITS));
        self.out.branch(Code::Je_rel32_64, done);
        if self.is_fused() {
            self.out.word(Instruction::with2(Code::Mov_r64_rm64, HOW_LATE, FUSED_TICK));
            self.out.word(Instruction::with2(Code::Sub_r64_rm64, HOW_LATE, TICK));
            self.out.word(Instruction::with2(Code::Shl_rm64_imm8, HOW_LATE, 32));
        }
        self.out.bind(again);
        self.out.word(Instruction::with2(Code::Tzcnt_r32_rm32, PLACE_32, BITS));
        let element = MemoryOperand::with_base_index(ELEMENT, PLACE);
        self.out.word(Instruction::with2(Code::Lea_r64_m, SPARE, element));
        if self.is_fused() {
            self.out.word(Instruction::with2(Code::Or_r64_rm64, SPARE, HOW_LATE));
        }
        self.out.word(Instruction::with2(Code::Mov_rm64_r64, self.entry(slot.elements), SPARE));
        for (list, area) in areas {
            let from = MemoryOperand::with_base_index_scale_displ_size(Register::RSP, PLACE, 8, i64::from(area), 8);
            self.out.word(Instruction::with2(Code::Mov_r64_rm64, SPARE, from));
            self.out.word(Instruction::with2(Code::Mov_rm64_r64, self.entry(list), SPARE));
        }
        self.out.word(Instruction::with1(Code::Inc_rm64, COUNT));
        self.out.word(Instruction::with2(Code::VEX_Blsr_r32_rm32, BITS, BITS));
        self.out.branch(Code::Jne_rel32_64, again);
        self.out.bind(done);
        self.out.word(Instruction::with2(Code::Mov_rm64_r64, number, COUNT));
    }

    /// The instruction that makes bits of a mask.
    fn signs(&self) -> Code {
        match (self.vectors.has_masks(), self.is_narrow()) {
            (false, false) => Code::VEX_Vmovmskpd_r32_ymm,
            (false, true) => Code::VEX_Vmovmskps_r32_ymm,
            (true, false) => Code::VEX_Kmovb_r32_kr,
            (true, true) => Code::VEX_Kmovw_r32_kr,
        }
    }

    /// One bit for each element of the turn for which the mask holds.
    fn bits(&mut self, mask: Value) {
        for copy in 0..self.copies {
            let entity = self.entity(mask, copy);
            let register = self.register(entity);
            let to = if copy == 0 { BITS } else { PLACE_32 };
            self.out.put(self.signs(), &[Operand::Word(to), Operand::Vector(register)]);
            if copy > 0 {
                let shift = i32::try_from(copy * self.lanes).unwrap_or(0);
                self.out.word(Instruction::with2(Code::Shl_rm32_imm8, PLACE_32, shift));
                self.out.word(Instruction::with2(Code::Or_r32_rm32, BITS, PLACE_32));
            }
            self.registers.unlock();
        }
    }

    /// Clears the bits of padding; the number of elements stands in [`PLACE`].
    fn clip(&mut self) {
        self.out.word(Instruction::with2(Code::Sub_r64_rm64, PLACE, ELEMENT));
        // None or up to 32: `bzhi` looks at eight bits of the number.
        for (bound, beyond) in [(32, Code::Cmovg_r64_rm64), (0, Code::Cmovl_r64_rm64)] {
            self.out.word(Instruction::with2(Code::Mov_r32_imm32, Register::R13D, bound));
            self.out.word(Instruction::with2(Code::Cmp_r64_rm64, PLACE, SPARE));
            self.out.word(Instruction::with2(beyond, PLACE, SPARE));
        }
        self.out.word(Instruction::with3(Code::VEX_Bzhi_r32_rm32_r32, BITS, BITS, PLACE_32));
    }

    /// Writes all parts of a value side by side into the frame.
    fn spread(&mut self, a: Value) -> i32 {
        let area = self.area(i32::try_from(self.parts(a)).unwrap_or(1));
        for copy in 0..self.parts(a) {
            let entity = self.entity(a, copy);
            let register = self.register(entity);
            let address = Address::new(Register::RSP, area + i32::try_from(copy * self.vectors.bytes()).unwrap_or(0));
            self.out.put(Code::VEX_Vmovapd_ymmm256_ymm, &[Operand::Memory(address), Operand::Vector(register)]);
            self.registers.unlock();
        }
        area
    }

    /// The next free place of a list.
    fn entry(&self, list: ColumnId) -> MemoryOperand {
        let offset = self.layout.column_offset(list) as i64;
        MemoryOperand::with_base_index_scale_displ_size(MEMORY, Register::RBX, 8, offset, 8)
    }
}
