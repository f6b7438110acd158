//! Registers: each value is in one when it is needed, and the one that is needed latest gives way.
//!
//! A body has no branches, so that this rule (Belády's) costs the fewest reloads. What has a place in
//! memory anyway, constants and columns, is read from there again or is an operand in memory.

use super::assembler::{Address, Operand};
use super::emit::Emitter;
use super::uses::Moment;
use super::vectors::{MASKS, REGISTERS, SCRATCH, Vectors};
use crate::kernel::{Type, Value};
use iced_x86::{Code, Register};
use std::ops::Range;

/// A value is fetched into a register, and not read from memory twice, when it is needed again within so
/// many instructions.
const REACH: u32 = 6;

/// A value in one of the vectors of a turn, or half of it where numbers of 64 bits take two registers; what is the
/// same for all elements has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Entity {
    pub(super) value: Value,
    pub(super) copy: u8,
}

/// Where a value can be had again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// As a vector, that instructions may read.
    Vector(Address),
    /// As one number for all lanes, that instructions may read.
    Broadcast(Address),
    /// As one byte per lane.
    Bytes(Address),
    /// As one bit per lane.
    Bits(Address),
}

impl Home {
    /// What an instruction reads.
    pub(super) fn operand(self) -> Option<Operand> {
        match self {
            Home::Vector(address) => Some(Operand::Memory(address)),
            Home::Broadcast(address) => Some(Operand::Broadcast(address)),
            Home::Bytes(_) | Home::Bits(_) => None,
        }
    }
}

/// What a register is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Vector,
    /// One of the first sixteen vectors, which emulators too take as the indexes of a gather.
    Index,
    /// A bit for each lane.
    Mask,
}

/// Which register holds what.
#[derive(Clone)]
pub(super) struct Registers {
    vectors: Vectors,
    holder: [Option<Entity>; REGISTERS],
    /// In use by the instruction that is being emitted.
    locked: u64,
    /// Kept during the loop.
    pinned: u64,
    register: Vec<Option<u8>>,
    home: Vec<Option<Home>>,
    /// Places of the frame that are free again.
    free: Vec<i32>,
    /// Those that are free after this instruction, which may still read them.
    freed: Vec<i32>,
    /// The place of each value that has one of its own.
    slot: Vec<Option<i32>>,
    copies: usize,
}

impl Registers {
    pub(super) fn new(vectors: Vectors, values: usize, copies: usize) -> Self {
        Registers {
            vectors,
            holder: [None; REGISTERS],
            locked: 0,
            pinned: 0,
            register: vec![None; values * copies],
            home: vec![None; values * copies],
            free: vec![],
            freed: vec![],
            slot: vec![None; values * copies],
            copies,
        }
    }

    fn at(&self, entity: Entity) -> usize {
        entity.value.index() * self.copies + usize::from(entity.copy)
    }

    pub(super) fn of(&self, entity: Entity) -> Option<u8> {
        self.register[self.at(entity)]
    }

    pub(super) fn home(&self, entity: Entity) -> Option<Home> {
        self.home[self.at(entity)]
    }

    pub(super) fn set_home(&mut self, entity: Entity, home: Option<Home>) {
        let at = self.at(entity);
        self.home[at] = home;
    }

    pub(super) fn hold(&mut self, register: u8, entity: Entity) {
        let at = self.at(entity);
        self.holder[usize::from(register)] = Some(entity);
        self.register[at] = Some(register);
    }

    fn drop(&mut self, register: u8) {
        if let Some(entity) = self.holder[usize::from(register)].take() {
            let at = self.at(entity);
            self.register[at] = None;
        }
    }

    pub(super) fn lock(&mut self, register: u8) {
        self.locked |= 1 << register;
    }

    /// The instruction is complete.
    pub(super) fn unlock(&mut self) {
        self.locked = 0;
        self.free.append(&mut self.freed);
    }

    pub(super) fn pin(&mut self, register: u8) {
        self.pinned |= 1 << register;
    }

    /// Forgets what registers hold but for what is pinned.
    pub(super) fn clear(&mut self) {
        for (register, _) in self.held() {
            if self.pinned & 1 << register == 0 {
                self.drop(register);
            }
        }
    }

    /// Forgets where a value can be had again.
    pub(super) fn forget(&mut self, entity: Entity) {
        let at = self.at(entity);
        self.home[at] = None;
        self.free.extend(self.slot[at].take());
    }

    pub(super) fn held(&self) -> impl Iterator<Item = (u8, Entity)> + use<> {
        (0u8..).zip(self.holder).filter_map(|(register, entity)| Some((register, entity?)))
    }

    /// The numbers of the registers of a class.
    fn of_class(&self, class: Class) -> Range<u8> {
        match class {
            Class::Vector => self.vectors.registers(),
            Class::Index => 0..16,
            Class::Mask => MASKS..REGISTERS as u8,
        }
    }

    /// A register of a class that holds nothing.
    fn free_one(&self, class: Class) -> Option<u8> {
        let is_free = |register: &u8| self.holder[usize::from(*register)].is_none() && self.locked & 1 << register == 0;
        self.of_class(class).find(is_free)
    }
}

impl Emitter<'_> {
    /// A part of `value`: its vector for a copy, or a half of that.
    pub(super) fn entity(&self, value: Value, copy: usize) -> Entity {
        Entity { value, copy: if self.is_shared(value) { 0 } else { u8::try_from(copy).unwrap_or(0) } }
    }

    /// Whether a value is the same for all elements.
    fn is_shared(&self, value: Value) -> bool {
        self.kernel.is_uniform(value) || self.kernel.inst(value).is_constant()
    }

    /// When it is needed from `from` on.
    pub(super) fn next(&self, entity: Entity, from: Moment) -> Option<Moment> {
        self.uses.next(entity.value, from)
    }

    /// Whether nothing needs it after this instruction.
    pub(super) fn dies(&self, entity: Entity) -> bool {
        let pinned = self.registers.of(entity).is_some_and(|register| self.registers.pinned & 1 << register != 0);
        let kept = pinned || self.more_parts && self.is_shared(entity.value);
        !kept && self.next(entity, self.now + 1).is_none()
    }

    /// A vector register for this instruction.
    pub(super) fn take(&mut self) -> u8 {
        self.take_of(Class::Vector)
    }

    /// A register of masks for this instruction.
    pub(super) fn take_mask(&mut self) -> u8 {
        self.take_of(Class::Mask)
    }

    pub(super) fn take_of(&mut self, class: Class) -> u8 {
        let register = self.registers.free_one(class).unwrap_or_else(|| self.evict(class));
        self.registers.lock(register);
        register
    }

    /// What registers a value takes.
    pub(super) fn class(&self, entity: Entity) -> Class {
        let is_mask = self.vectors.has_masks() && self.type_of(entity) == Some(Type::Bool);
        if is_mask { Class::Mask } else { Class::Vector }
    }

    /// Frees the register whose value is needed latest; one that can be had again costs nothing.
    fn evict(&mut self, class: Class) -> u8 {
        let fixed = self.registers.locked | self.registers.pinned;
        let own = self.registers.of_class(class);
        let candidates =
            self.registers.held().filter(|&(register, _)| own.contains(&register) && fixed & 1 << register == 0);
        let latest = candidates.max_by_key(|&(register, entity)| {
            (self.next(entity, self.now).unwrap_or(Moment::MAX), self.registers.home(entity).is_some(), register)
        });
        let (register, entity) =
            latest.unwrap_or_else(|| panic!("bug: an instruction needs more registers than there are"));
        if self.next(entity, self.now).is_some() {
            self.save(register, entity);
        }
        self.registers.drop(register);
        register
    }

    /// Gives a value in a register a place in memory.
    pub(super) fn save(&mut self, register: u8, entity: Entity) {
        if self.registers.home(entity).is_some() {
            return;
        }
        let slot = self.slot();
        let at = self.registers.at(entity);
        self.registers.slot[at] = Some(slot);
        let address = Address::new(Register::RSP, slot);
        let (code, home) = match self.class(entity) {
            Class::Vector | Class::Index => (Code::VEX_Vmovapd_ymmm256_ymm, Home::Vector(address)),
            Class::Mask => (Code::VEX_Kmovw_m16_kr, Home::Bits(address)),
        };
        self.out.put(code, &[Operand::Memory(address), Operand::Vector(register)]);
        self.registers.set_home(entity, Some(home));
    }

    /// A place of the frame for a vector.
    pub(super) fn slot(&mut self) -> i32 {
        self.registers.free.pop().unwrap_or_else(|| self.area(1))
    }

    /// A place of the frame for so many vectors, that is never given back.
    pub(super) fn area(&mut self, vectors: i32) -> i32 {
        let slot = self.out.frame;
        self.out.frame += i32::try_from(self.vectors.bytes()).unwrap_or(0) * vectors;
        slot
    }

    /// The register of a value, which is fetched if it is elsewhere.
    pub(super) fn register(&mut self, entity: Entity) -> u8 {
        if let Some(register) = self.registers.of(entity) {
            self.registers.lock(register);
            return register;
        }
        let home = self.registers.home(entity);
        let register = self.take_of(self.class(entity));
        self.fetch(register, entity, home);
        self.registers.hold(register, entity);
        register
    }

    /// Moves a vector into a register.
    pub(super) fn load(&mut self, register: u8, from: Operand) {
        let (code, from) = match from {
            Operand::Broadcast(address) => (Code::VEX_Vpbroadcastq_ymm_xmmm64, Operand::Memory(address)),
            from => (Code::VEX_Vmovapd_ymm_ymmm256, from),
        };
        self.out.put(code, &[Operand::Vector(register), from]);
    }

    /// Moves a value from memory.
    pub(super) fn fetch(&mut self, register: u8, entity: Entity, home: Option<Home>) {
        match home {
            Some(Home::Vector(address)) => self.load(register, Operand::Memory(address)),
            Some(Home::Broadcast(address)) => self.load(register, Operand::Broadcast(address)),
            Some(Home::Bits(address)) => {
                self.out.put(Code::VEX_Kmovw_kr_km16, &[Operand::Vector(register), Operand::Memory(address)]);
            }
            Some(Home::Bytes(address)) if self.vectors.has_masks() => {
                let one = Operand::Memory(self.ones_of_bytes());
                let load =
                    if self.is_narrow() { Code::EVEX_Vmovdqu8_xmm_k1z_xmmm128 } else { Code::EVEX_Vmovq_xmm_xmmm64 };
                self.out.put(load, &[Operand::Lowest(SCRATCH), Operand::Memory(address)]);
                let operands = [Operand::Vector(register), Operand::Lowest(SCRATCH), one];
                self.out.put(Code::EVEX_Vpcmpeqb_kr_k1_xmm_xmmm128, &operands);
            }
            Some(Home::Bytes(address)) => {
                let (extend, compare, one) = if self.is_narrow() {
                    (Code::VEX_Vpmovsxbd_ymm_xmmm64, Code::VEX_Vpcmpeqd_ymm_ymm_ymmm256, self.constant_32(1))
                } else {
                    (Code::VEX_Vpmovsxbq_ymm_xmmm32, Code::VEX_Vpcmpeqq_ymm_ymm_ymmm256, self.constant(1))
                };
                self.out.put(extend, &[Operand::Vector(register), Operand::Memory(address)]);
                self.out.put(compare, &[Operand::Vector(register), Operand::Vector(register), one]);
            }
            None => panic!(
                "bug: {:?} of {} is used before it is computed",
                self.kernel.inst(entity.value),
                self.kernel.name
            ),
        }
    }

    /// The operand for an instruction that may read it from memory.
    pub(super) fn operand(&mut self, entity: Entity) -> Operand {
        if self.registers.of(entity).is_none()
            && let Some(operand) = self.registers.home(entity).and_then(Home::operand)
        {
            let soon = self.next(entity, self.now + 1).is_some_and(|next| next - self.now <= REACH);
            let room = self.registers.free_one(Class::Vector).is_some();
            if !(soon && room) {
                return operand;
            }
        }
        Operand::Vector(self.register(entity))
    }

    /// Frees the registers of operands that nothing needs any more.
    pub(super) fn release(&mut self, operands: &[Entity]) {
        for &entity in operands {
            if !self.dies(entity) {
                continue;
            }
            if let Some(register) = self.registers.of(entity) {
                self.registers.drop(register);
                self.registers.locked &= !(1 << register);
            }
            let at = self.registers.at(entity);
            if !self.kernel.is_uniform(entity.value)
                && let Some(slot) = self.registers.slot[at].take()
            {
                self.registers.home[at] = None;
                self.registers.freed.push(slot);
            }
        }
    }

    /// Frees registers whose values nothing needs from now on.
    pub(super) fn sweep(&mut self) {
        for (register, entity) in self.registers.held() {
            if self.registers.pinned & 1 << register == 0 && self.next(entity, self.now).is_none() {
                self.registers.drop(register);
            }
        }
    }

    /// A register for a result.
    pub(super) fn define(&mut self, entity: Entity) -> u8 {
        let register = self.take_of(self.class(entity));
        self.registers.hold(register, entity);
        register
    }

    /// Gives the register of an operand that dies to a result.
    pub(super) fn rename(&mut self, from: Entity, to: Entity) -> Option<u8> {
        let register = self.registers.of(from).filter(|_| self.dies(from))?;
        self.registers.drop(register);
        self.registers.hold(register, to);
        Some(register)
    }

    /// The type of what an entity is.
    pub(super) fn type_of(&self, entity: Entity) -> Option<Type> {
        self.kernel.type_of(entity.value)
    }
}
